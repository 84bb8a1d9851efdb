/** Scripted faults of IMAP, and its dialogue for the transcript. */
import { Cursor, type ImapEvent, type ImapExtension, type ImapSession, parseMailboxName } from '@posthouse/imap'
import type { MemoryStore, UidSet } from '@posthouse/store-api'
import { fromUtf8, utf8 } from '@posthouse/wire'
import { imapTranscript } from '../dialogue/imap.js'
import type { SessionBook } from '../sessions.js'
import type { Dialect } from './dialect.js'
import { userOfResponse } from './login-name.js'
import type { FaultAction, FaultSituation, ScriptBook } from './script.js'

type CommandEvent = Extract<ImapEvent, { type: 'command' | 'literal-start' }>

const TYPES: ReadonlySet<FaultAction['type']> = new Set([
  ...(['line', 'delay', 'stall', 'raw', 'drop', 'drop-mid-literal', 'throttle', 'run'] as const),
  ...(['fail-handshake', 'uid-validity', 'expunge-meanwhile'] as const),
])
const WITHOUT: ReadonlySet<FaultAction['type']> = new Set(['without'] as const)
const LIMITS = { depth: 10, items: 1_000 }

/** UID commands are the steps of their plain forms; AUTHENTICATE is a login. */
function stepOf(name: string): string {
  const plain = name.startsWith('UID ') ? name.slice(4) : name
  return plain === 'AUTHENTICATE' ? 'login' : plain === 'EXAMINE' ? 'select' : plain.toLowerCase()
}

/** Commands whose first argument is a mailbox. */
const OF_MAILBOX = new Set(['select', 'create', 'delete', 'rename', 'subscribe', 'unsubscribe', 'status', 'append'])

/** A space, the end of the line, or of the octets. */
const BEHIND_ARGUMENT: ReadonlySet<number | undefined> = new Set([32, 13, undefined])

/** The first argument as it is meant: `"My Box"`, a literal and modified UTF-7 decoded. */
function firstArgument({ name, bytes, at }: CommandEvent, asUtf8: boolean): string {
  const [word] = utf8(bytes, at).trim().split(' ')
  try {
    const cursor = new Cursor(bytes, at, LIMITS)
    cursor.space()
    const text = cursor.astring()
    // `1:*` is a string up to its `*`.
    if (!BEHIND_ARGUMENT.has(bytes[cursor.at])) return word
    return OF_MAILBOX.has(stepOf(name)) ? (parseMailboxName(text, asUtf8)?.join('/') ?? word) : utf8(text)
  } catch {
    // A set of numbers, a list, or nothing.
    return word
  }
}

/** Who logs in; `''` when the command does not say it. */
function userOf(event: CommandEvent): string {
  if (event.name === 'LOGIN') return firstArgument(event, false)
  const [mechanism, response] = utf8(event.bytes, event.at).trim().split(' ')
  return userOfResponse(mechanism, response)
}

/** The faults of one IMAP server. */
export interface ImapFaults {
  readonly dialect: Dialect
  /** Plug it into the server: it shows the faults what a session has open. */
  readonly extension: ImapExtension
}

export function imapFaults(store: MemoryStore, sessions: SessionBook): ImapFaults {
  const open = new Map<string, ImapSession>()

  /** Gives the mailbox that is about to be selected another UIDVALIDITY. */
  function renumber({ bytes, at }: CommandEvent, session: ImapSession): void {
    const cursor = new Cursor(bytes, at, LIMITS)
    cursor.space()
    const path = parseMailboxName(cursor.astring('Mailbox name'), session.utf8)
    if (path && session.identity) store.renumber(session.identity.account, path)
  }

  async function expunge({ account, selected }: ImapSession, which: 'first' | 'last' | 'all'): Promise<void> {
    if (!selected || selected.count === 0) return
    const uid = selected.uidAt(which === 'last' ? selected.count : 1)
    const uids: UidSet = which === 'all' ? [[1, selected.lastUid]] : [[uid, uid]]
    await account.commit?.([{ op: 'expunge', in: selected.id, uids, onlyDeleted: false }])
  }

  const dialect: Dialect = {
    protocol: 'imap',
    types: TYPES,
    greets: true,
    dialogue: ({ id }) => ({
      step(event) {
        if (event.type !== 'command' && event.type !== 'literal-start') return null
        const { name, bytes, at } = event as CommandEvent
        const step = stepOf(name)
        const argument = step === 'login' ? userOf(event as CommandEvent) : utf8(bytes, at).trim()
        if (step === 'login') return { name: step, argument }
        const first = firstArgument(event as CommandEvent, open.get(id)?.utf8 ?? false)
        return { name: step, argument, names: [first, argument] }
      },
      answer(event, action, engine) {
        if (action.type !== 'line') return false
        const tagged = event !== null && !action.close
        const bytes = fromUtf8(`${tagged ? (event as CommandEvent).tag : '*'} ${action.line}\r\n`)
        engine.send({ type: tagged ? 'completion' : 'untagged', bytes })
        return !tagged
      },
      messageOctets(event) {
        const { type, bytes } = event as Extract<ImapEvent, { type: 'message-bytes' }>
        return type === 'message-bytes' ? bytes.length : null
      },
      readyForTls: (event) => `${(event as CommandEvent).tag} OK Begin TLS`,
      // BYE comes to a client that idles, and not in place of the permission to idle.
      answersFirst: ({ name }, action) => name === 'idle' && action.type === 'line' && action.close,
      perform(action, event) {
        const session = open.get(id)
        if (action.type === 'uid-validity' && session) return renumber(event as CommandEvent, session)
        if (action.type === 'expunge-meanwhile' && session) return expunge(session, action.which)
      },
      closed: () => void open.delete(id),
      ...imapTranscript((dir, line) => sessions.said(id, dir, line)),
    }),
  }
  return {
    dialect,
    extension: { name: 'test-faults', guard: (_command, session) => void open.set(session.link.id, session) },
  }
}

/** The words of CAPABILITY, without those that scripts take away. */
export function withoutCapabilities(
  words: readonly string[],
  book: ScriptBook,
  situation: FaultSituation,
): readonly string[] {
  if (book.empty) return words
  const hidden = new Set<string>()
  for (const action of book.due({ protocol: 'imap', step: 'capability', situation }, WITHOUT)) {
    if (action.type === 'without') for (const word of action.keywords) hidden.add(word.toUpperCase())
  }
  return hidden.size === 0 ? words : words.filter((word) => !hidden.has(word.toUpperCase()))
}
