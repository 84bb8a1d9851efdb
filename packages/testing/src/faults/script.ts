/** Scripted faults: what shall go wrong, where, how often. A script is data; `smtp.ts` and `wire.ts` perform it. */
import type { Reply } from '@posthouse/smtp'
import { TestMailError } from '../errors.js'

/** Where a fault happens. SMTP steps are those of its dialogue; `message` is the reply to a whole message. */
export type SmtpStep =
  | 'greeting'
  | 'ehlo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'message'
  | 'rset'
  | 'quit'
export type ImapStep = 'login' | 'select' | 'fetch' | 'store' | 'append' | 'search' | 'idle' | 'copy' | 'list' | 'noop'
export type Pop3Step = 'login' | 'stat' | 'list' | 'uidl' | 'retr' | 'top' | 'dele' | 'quit'

/** What a predicate sees. */
export interface FaultSituation {
  /** The address of RCPT, the sender of MAIL, the name of EHLO, the mechanism of AUTH; the arguments in IMAP and POP3. */
  readonly argument: string
  /** The client's address. */
  readonly remote: string
}

/** What happens. */
export type FaultAction =
  | { readonly type: 'reply'; readonly reply: Reply }
  /** A finished line of IMAP or POP3; IMAP puts the tag before it. */
  | { readonly type: 'line'; readonly line: string; readonly close: boolean }
  | { readonly type: 'delay'; readonly ms: number }
  /** Never answers. */
  | { readonly type: 'stall' }
  /** Octets in place of the reply, each piece in a packet of its own. */
  | { readonly type: 'raw'; readonly pieces: readonly string[] }
  /** Cuts the connection: at once, or behind so many more octets of the client or the server. */
  | { readonly type: 'drop'; readonly after: number; readonly of: 'client' | 'server' }
  | { readonly type: 'drop-after-accept' }
  | { readonly type: 'throttle'; readonly octetsPerSecond: number }
  | { readonly type: 'without'; readonly keywords: readonly string[] }
  | { readonly type: 'fail-handshake' }
  /** Something else that the test does at this moment. */
  | { readonly type: 'run'; readonly run: () => void | Promise<void> }

/** One scripted fault. Give it to `mail.script`. */
export interface Script {
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  /** `any`: each step. */
  readonly step: string
  readonly action: FaultAction
  /** How often it happens at most. */
  readonly times: number
  /** Probability of each time, and the seed that makes it the same in each run. */
  readonly chance: number
  readonly seed: number
  readonly when: ((situation: FaultSituation) => boolean) | null
  /** For errors: `on.rcpt.times(2).reply(451)`. */
  readonly name: string
}

/** Scripts in force. */
export interface ScriptBook {
  add(scripts: readonly Script[]): { remove(): void }
  /** The fault that is due at a step, counted as used; actions of other types are left alone. */
  take(
    protocol: Script['protocol'],
    step: string,
    situation: FaultSituation,
    types: readonly FaultAction['type'][],
  ): FaultAction | null
  /** Scripts that never happened. */
  unused(): readonly string[]
  readonly empty: boolean
}

export function createScriptBook(): ScriptBook {
  interface Entry {
    readonly script: Script
    left: number
    used: boolean
    readonly random: () => number
  }
  const entries = new Set<Entry>()
  const forgotten: string[] = []
  return {
    add(scripts) {
      const added = scripts.map((script) => ({
        script,
        left: script.times,
        used: false,
        random: createRandom(script.seed),
      }))
      for (const entry of added) entries.add(entry)
      return {
        remove() {
          for (const entry of added) {
            if (entries.delete(entry) && !entry.used) forgotten.push(entry.script.name)
          }
        },
      }
    },
    take(protocol, step, situation, types) {
      for (const entry of entries) {
        const { script } = entry
        if (script.protocol !== protocol || (script.step !== step && script.step !== 'any')) continue
        if (entry.left <= 0 || !types.includes(script.action.type)) continue
        if (script.when && !script.when(situation)) continue
        if (script.chance < 1 && entry.random() >= script.chance) continue
        entry.left--
        entry.used = true
        return script.action
      }
      return null
    },
    unused: () => [...forgotten, ...[...entries].filter(({ used }) => !used).map(({ script }) => script.name)],
    get empty() {
      return entries.size === 0
    },
  }
}

/** Mulberry32: the same numbers for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Fails when scripts were never used. */
export function checkUsed(book: ScriptBook): void {
  const unused = book.unused()
  if (unused.length > 0) throw new TestMailError('script', `scripted faults that never happened: ${unused.join(', ')}`)
}
