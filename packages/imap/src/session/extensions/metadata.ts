/** METADATA (RFC 5464): annotations of mailboxes and of the account; LIST-METADATA (RFC 9590): told with LIST. */
import {
  type Account,
  type MailboxInfo,
  type MetaEntry,
  type MetaOp,
  type Op,
  StoreError,
  writerOf,
} from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import type { Cursor } from '../../syntax/cursor.js'
import { no, ok, type Status } from '../../syntax/status.js'
import type { Command, ImapExtension } from '../extension.js'
import { forbidden, has, parseMailbox, permitted } from '../mailboxes.js'
import { lookAtMetadata, tellOfMetadata } from '../notify/metadata-watch.js'
import type { ImapSession } from '../session.js'
import { type Told, writeMetadata } from './metadata-response.js'
import { isSpecialUse, SPECIAL_USE_ENTRY, specialUseOf, specialUseOps } from './special-use-entry.js'

/** Octets of one value. */
const MAX_VALUE = 65_536
/** Octets of an entry's name. */
const MAX_NAME = 1_000
/** Entries that one command may name. */
const MAX_ENTRIES = 100

/** Where an annotation hangs; `null` is the account (the empty mailbox name). */
type Target = readonly string[] | null

const PRIVATE = '/private/'
const SHARED = '/shared/'

function parseTarget(cursor: Cursor, session: ImapSession): Target {
  const start = cursor.at
  if (cursor.astring('Mailbox name').length === 0) return null
  cursor.at = start
  return parseMailbox(cursor, session)
}

/** An entry's name, in lower case: names do not depend on case (RFC 5464 §3.1). `top`: also what all are below. */
function parseEntry(cursor: Cursor, top = false): string {
  const name = latin1(cursor.astring('Entry name')).toLowerCase()
  if (top && (name === '/private' || name === '/shared')) return name
  if (name.length > MAX_NAME) cursor.fail('Entry name is too long')
  if (!name.startsWith(PRIVATE) && !name.startsWith(SHARED)) cursor.fail('Entries begin with /private/ or /shared/')
  if (name.includes('//') || name.endsWith('/')) cursor.fail('An entry name has no empty parts')
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code < 32 || code > 126 || code === 37 || code === 42)
      cursor.fail('Entry name has a character that none may have')
  }
  return name
}

/** One entry or a list of them; with DEPTH also `/private` and `/shared`, which have no values of their own. */
function parseEntries(cursor: Cursor, top = false): readonly string[] {
  const entries: string[] = []
  if (!cursor.atList()) return [parseEntry(cursor, top)]
  cursor.list(() => entries.push(parseEntry(cursor, top)))
  if (entries.length === 0) cursor.fail('Entry name expected')
  if (entries.length > MAX_ENTRIES) cursor.fail('Too many entries')
  return entries
}

interface GetOptions {
  /** Octets of the largest value to tell. */
  maxSize: number
  /** How far below an entry: 0, 1 or everything. */
  depth: number
}

interface GetArgs {
  readonly target: Target
  readonly options: GetOptions
  readonly entries: readonly string[]
}

function parseOptions(cursor: Cursor, options: GetOptions): void {
  cursor.list(() => {
    const name = cursor.word('Option')
    cursor.space()
    if (name === 'MAXSIZE') {
      options.maxSize = cursor.number('MAXSIZE')
    } else if (name === 'DEPTH') {
      const depth = cursor.word('DEPTH')
      if (depth !== '0' && depth !== '1' && depth !== 'INFINITY') cursor.fail('DEPTH is 0, 1 or infinity')
      options.depth = depth === 'INFINITY' ? Number.POSITIVE_INFINITY : Number(depth)
    } else {
      cursor.fail(`GETMETADATA has no option ${name}`)
    }
  })
}

/** True when the list at the cursor holds options: entries begin with a slash, quoted or not. */
function atOptions(cursor: Cursor): boolean {
  if (!cursor.atList()) return false
  const letter = (cursor.bytes[cursor.at + 1] ?? 0) | 32
  return letter >= 97 && letter <= 122
}

function parseGet(cursor: Cursor, session: ImapSession): GetArgs {
  const options: GetOptions = { maxSize: Number.POSITIVE_INFINITY, depth: 0 }
  cursor.space()
  // RFC 5464 has the options before the name in its grammar, behind it in its examples; clients do either.
  const first = atOptions(cursor)
  if (first) {
    parseOptions(cursor, options)
    cursor.space()
  }
  const target = parseTarget(cursor, session)
  cursor.space()
  if (!first && atOptions(cursor)) {
    parseOptions(cursor, options)
    cursor.space()
  }
  return { target, options, entries: parseEntries(cursor, options.depth > 0) }
}

/** RFC 5464 §3.3: with access lists one needs `l` and one of these. */
const RIGHTS = ['r', 's', 'w', 'i', 'p']

/** The mailbox of a target; `null` for the account. @throws Refusal */
async function mailboxOf(session: ImapSession, target: Target): Promise<MailboxInfo | null> {
  if (target === null) return null
  const mailbox = await permitted(session, target, 'l')
  if (!annotatable(mailbox)) throw forbidden(mailbox)
  return mailbox
}

function annotatable(mailbox: MailboxInfo): boolean {
  return has(mailbox, 'l') && RIGHTS.some((right) => has(mailbox, right))
}

/** Is `key` the entry, or so far below it? */
function isWithin(key: string, entry: string, depth: number): boolean {
  if (key === entry) return true
  if (depth === 0 || !key.startsWith(`${entry}/`)) return false
  return depth > 1 || !key.includes('/', entry.length + 1)
}

async function collect(
  session: ImapSession,
  mailbox: MailboxInfo | null,
  entries: readonly string[],
  depth: number,
): Promise<Told> {
  const told: Told = new Map()
  const read = async (prefix: string): Promise<readonly MetaEntry[]> =>
    (await session.account.meta?.(mailbox?.id ?? null, prefix)) ?? []
  for (const entry of entries) {
    if (depth === 0) told.set(entry, told.get(entry) ?? null)
    const isPrivate = `${entry}/`.startsWith(PRIVATE)
    for (const { key, value, private: own } of await read(entry)) {
      if ((own ?? false) === isPrivate && isWithin(key, entry, depth)) told.set(key, value)
    }
    if (mailbox && isSpecialUse(session, SPECIAL_USE_ENTRY) && isWithin(SPECIAL_USE_ENTRY, entry, depth)) {
      const use = specialUseOf(mailbox)
      if (use !== null || depth === 0) told.set(SPECIAL_USE_ENTRY, use)
    }
  }
  return told
}

const getMetadata: Command<GetArgs> = {
  name: 'GETMETADATA',
  states: ['authenticated', 'selected'],
  parse: parseGet,
  async run(session, { target, options, entries }): Promise<Status> {
    const mailbox = await mailboxOf(session, target)
    const told = await collect(session, mailbox, entries, options.depth)
    let longest = 0
    for (const [key, value] of told) {
      if (value === null || value.length <= options.maxSize) continue
      longest = Math.max(longest, value.length)
      told.delete(key)
    }
    writeMetadata(session, mailbox, told)
    return ok('GETMETADATA completed', longest > 0 ? `METADATA LONGENTRIES ${longest}` : null)
  },
}

interface SetArgs {
  readonly target: Target
  readonly values: ReadonlyMap<string, Uint8Array | null>
}

function parseSet(cursor: Cursor, session: ImapSession): SetArgs {
  cursor.space()
  const target = parseTarget(cursor, session)
  cursor.space()
  const values = new Map<string, Uint8Array | null>()
  cursor.list(() => {
    const entry = parseEntry(cursor)
    cursor.space()
    values.set(entry, cursor.nstring('Value'))
  })
  if (values.size === 0) cursor.fail('Entry expected')
  if (values.size > MAX_ENTRIES) cursor.fail('Too many entries')
  return { target, values }
}

const setMetadata: Command<SetArgs> = {
  name: 'SETMETADATA',
  states: ['authenticated', 'selected'],
  parse: parseSet,
  async run(session, { target, values }): Promise<Status> {
    const mailbox = await mailboxOf(session, target)
    const ops: Op[] = []
    for (const [key, value] of values) {
      if (mailbox && isSpecialUse(session, key)) {
        ops.push(...(await specialUseOps(session, mailbox, value)))
        continue
      }
      if (value && value.length > MAX_VALUE) return no('The value is too large', `METADATA MAXSIZE ${MAX_VALUE}`)
      // `value` is a view of the command's octets, which the store may keep for longer than they live.
      const op: MetaOp = { op: 'meta', key, value: value?.slice() ?? null, private: key.startsWith(PRIVATE) }
      ops.push(mailbox ? { ...op, mailbox: mailbox.id } : op)
    }
    try {
      await writerOf(session.account).commit(ops)
    } catch (error) {
      if (error instanceof StoreError && error.code === 'limit') return no('Too many annotations', 'METADATA TOOMANY')
      throw error
    }
    return ok('SETMETADATA completed')
  },
}

const isAnnotated = (account: Account): boolean => account.meta !== undefined && account.commit !== undefined

/** METADATA (RFC 5464). */
export const metadata: ImapExtension = {
  name: 'METADATA',
  capabilities: ['METADATA'],
  available: isAnnotated,
  commands: [getMetadata, setMetadata] as readonly Command[],
  enables: [{ word: 'METADATA', apply: (session) => tellOfMetadata(session, true) }],
  selectLines(session) {
    lookAtMetadata(session)
    return []
  },
}

/** A command that takes annotations of the server only. */
function serverOnly<Args extends { readonly target: Target }>(command: Command<Args>): Command {
  const only: Command<Args> = {
    ...command,
    run(session, args) {
      if (args.target !== null) return no('Only the server has annotations here', 'CANNOT')
      return command.run(session, args)
    },
  }
  return only as Command
}

/** METADATA-SERVER (RFC 5464 §1): annotations of the account, none of mailboxes. Instead of `metadata`, not beside it. */
export const metadataServer: ImapExtension = {
  name: 'METADATA-SERVER',
  capabilities: ['METADATA-SERVER'],
  available: isAnnotated,
  commands: [serverOnly(getMetadata), serverOnly(setMetadata)],
  enables: [{ word: 'METADATA-SERVER', apply: (session) => tellOfMetadata(session, false) }],
}

/** RFC 9590 */
export const listMetadata: ImapExtension = {
  name: 'LIST-METADATA',
  capabilities: ['LIST-METADATA'],
  requires: ['LIST-EXTENDED', 'METADATA'],
  listReturns: [
    {
      name: 'METADATA',
      parse(cursor) {
        cursor.space()
        return parseEntries(cursor)
      },
      async after(_out, { mailbox }, entries, session) {
        if (!mailbox || !annotatable(mailbox)) return
        writeMetadata(session, mailbox, await collect(session, mailbox, entries as readonly string[], 0))
      },
    },
  ],
}
