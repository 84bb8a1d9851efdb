/** Scripted faults: what shall go wrong, where, how often. A script is data; `smtp.ts` and `wire.ts` perform it. */
import type { Reply } from '@posthouse/smtp'
import { addressKey } from '../address.js'
import { TestMailError } from '../errors.js'

/** The steps of an SMTP dialogue; `message` is the reply to a whole message. */
export const SMTP_STEPS = [
  ...(['greeting', 'ehlo', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'message'] as const),
  ...(['rset', 'noop', 'vrfy', 'expn', 'help', 'quit'] as const),
] as const
/** IMAP commands; UID commands are their plain forms, EXAMINE is `select`, AUTHENTICATE is `login`. */
export const IMAP_STEPS = [
  ...(['greeting', 'capability', 'noop', 'logout', 'starttls', 'login', 'enable', 'id', 'select', 'create'] as const),
  ...(['delete', 'rename', 'subscribe', 'unsubscribe', 'list', 'lsub', 'namespace', 'status', 'append'] as const),
  ...(['idle', 'close', 'unselect', 'expunge', 'search', 'sort', 'thread', 'fetch', 'store', 'copy', 'move'] as const),
] as const
/** POP3 commands; PASS, AUTH and APOP are `login`. */
export const POP3_STEPS = [
  ...(['greeting', 'capa', 'stls', 'user', 'login', 'stat', 'list', 'uidl', 'retr', 'top', 'dele', 'rset'] as const),
  ...(['noop', 'quit'] as const),
] as const

/** Steps at which a client says nothing that `for` could compare. */
const WITHOUT_ARGUMENT: Readonly<Record<Script['protocol'], ReadonlySet<string>>> = {
  smtp: new Set<SmtpStep>(['greeting', 'starttls', 'rset', 'quit']),
  imap: new Set<ImapStep>([
    ...(['greeting', 'capability', 'noop', 'logout', 'starttls', 'namespace', 'idle', 'close', 'unselect'] as const),
  ]),
  pop3: new Set<Pop3Step>(['greeting', 'capa', 'stls', 'stat', 'rset', 'noop', 'quit']),
}

/** True when `for` can say something at a step. */
export function hasArgument(protocol: Script['protocol'], step: string): boolean {
  return !WITHOUT_ARGUMENT[protocol].has(step)
}

/** Where a fault of SMTP happens. */
export type SmtpStep = (typeof SMTP_STEPS)[number]
/** Where a fault of IMAP happens. */
export type ImapStep = (typeof IMAP_STEPS)[number]
/** Where a fault of POP3 happens. */
export type Pop3Step = (typeof POP3_STEPS)[number]

/** What a condition sees. */
export interface FaultSituation {
  /**
   * The address of RCPT, the sender of MAIL, the name of EHLO, the mechanism of AUTH, the recipients at DATA and the
   * message (`, ` between them); in IMAP and POP3 the user of a login, and the arguments of other commands.
   */
  readonly argument: string
  /** The client's address. */
  readonly remote: string
  /** Connections that are open now, this one included. */
  readonly open: number
}

/** What happens. */
export type FaultAction =
  | { readonly type: 'reply'; readonly reply: Reply }
  /** A finished line of IMAP or POP3; IMAP puts the tag before it. */
  | { readonly type: 'line'; readonly line: string; readonly close: boolean }
  | { readonly type: 'delay'; readonly ms: number }
  /** Never answers. */
  | { readonly type: 'stall' }
  /** Octets in place of what the server says, each piece in a packet of its own. */
  | { readonly type: 'raw'; readonly pieces: readonly string[] }
  /** Cuts the connection: at once, or behind so many more octets of the client or the server. */
  | { readonly type: 'drop'; readonly after: number; readonly of: 'client' | 'server' }
  | { readonly type: 'drop-after-accept' }
  | { readonly type: 'drop-mid-literal' }
  | { readonly type: 'throttle'; readonly octetsPerSecond: number }
  | { readonly type: 'without'; readonly keywords: readonly string[] }
  | { readonly type: 'fail-handshake' }
  | { readonly type: 'uid-validity' }
  | { readonly type: 'expunge-meanwhile'; readonly which: 'first' | 'last' | 'all' }
  /** Something else that the test does at this moment. */
  | { readonly type: 'run'; readonly run: () => void | Promise<void> }

/** Behind these nothing else happens at the step: they say what the server says. */
const DECIDES: ReadonlySet<FaultAction['type']> = new Set([
  ...(['reply', 'line', 'stall', 'raw', 'drop-after-accept', 'fail-handshake'] as const),
])

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
  /** What the argument of the step must be; `null`: anything. */
  readonly argument: string | RegExp | null
  readonly when: ((situation: FaultSituation) => boolean) | null
  /** For errors: `on.rcpt.times(2).reply(451)`. */
  readonly name: string
}

/** Where a dialogue is. */
export interface AtStep {
  readonly protocol: Script['protocol']
  readonly step: string
  readonly situation: FaultSituation
  /** What `for` compares, one of them is enough: recipients, an argument decoded and as it was sent. Default: `argument`. */
  readonly names?: readonly string[]
}

/** Scripts in force. */
export interface ScriptBook {
  add(scripts: readonly Script[]): { remove(): void }
  /**
   * The faults that are due at a step, in the order in which they were added, counted as used: delays and the like, up
   * to the first that decides what is said. Actions of other types are left alone.
   */
  due(at: AtStep, types: ReadonlySet<FaultAction['type']>): readonly FaultAction[]
  /** Scripts that never happened. */
  unused(): readonly string[]
  readonly empty: boolean
}

interface Entry {
  readonly script: Script
  left: number
  used: boolean
  readonly random: () => number
}

const NOTHING: readonly FaultAction[] = []

/** @param surprised Is told when a condition throws: the fault does not happen then. */
export function createScriptBook(surprised: (where: string, error: unknown) => void): ScriptBook {
  const entries = new Set<Entry>()
  const forgotten: string[] = []

  function happens({ script, left, random }: Entry, at: AtStep, types: ReadonlySet<FaultAction['type']>): boolean {
    if (script.protocol !== at.protocol || (script.step !== at.step && script.step !== 'any')) return false
    if (left <= 0 || !types.has(script.action.type)) return false
    const { argument } = script
    if (argument !== null && !(at.names ?? [at.situation.argument]).some((name) => fits(argument, name))) return false
    try {
      if (script.when && !script.when(at.situation)) return false
    } catch (error) {
      surprised(`the condition of ${script.name}`, error)
      return false
    }
    return script.chance >= 1 || random() < script.chance
  }

  return {
    add(scripts) {
      for (const script of scripts) if (!script?.action) throw noAction()
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
    due(at, types) {
      let found: FaultAction[] | null = null
      for (const entry of entries) {
        if (!happens(entry, at, types)) continue
        const { action } = entry.script
        entry.left--
        entry.used = true
        found ??= []
        found.push(action)
        if (DECIDES.has(action.type) || (action.type === 'drop' && action.after === 0)) break
      }
      return found ?? NOTHING
    },
    unused: () => [...forgotten, ...[...entries].filter(({ used }) => !used).map(({ script }) => script.name)],
    get empty() {
      return entries.size === 0
    },
  }
}

function noAction(): TestMailError {
  return new TestMailError(
    'options',
    'a fault says what happens: on.rcpt.once() is none yet, on.rcpt.once().reply(451) is',
  )
}

function fits(wanted: string | RegExp, argument: string): boolean {
  if (typeof wanted === 'string') return addressKey(wanted) === addressKey(argument)
  wanted.lastIndex = 0
  return wanted.test(argument)
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

/** @throws TestMailError `script` when scripts were never used, or something of the test threw. */
export function checkScripts(book: ScriptBook, surprises: readonly string[]): void {
  const unused = book.unused()
  const lines = [...surprises]
  if (unused.length > 0) lines.unshift(`scripted faults that never happened: ${unused.join(', ')}`)
  if (lines.length > 0) throw new TestMailError('script', lines.join('\n'))
}
