/** CREATE, DELETE, RENAME, SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.4 to §6.3.8). Authenticated state. */
import {
  allUids,
  type CommitResult,
  isBelow,
  isInbox,
  type MailboxId,
  mailboxPathKey,
  type Op,
  writerOf,
} from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import type { Cursor } from '../../syntax/cursor.js'
import { DELIMITER, parseMailboxName } from '../../syntax/mailbox-name.js'
import { no, ok, Refusal, type Status, storeRefusal } from '../../syntax/status.js'
import type { Command } from '../extension.js'
import {
  existing,
  find,
  isRespelled,
  mailboxes,
  missing,
  normalForm,
  parseMailbox,
  permitted,
  tellOldName,
  tellSpelling,
} from '../mailboxes.js'
import { isForeign } from '../namespaces.js'
import { objectId } from '../object-id.js'
import type { ImapSession } from '../session.js'
import { mailboxKey } from '../view/recent.js'

const STATES = ['authenticated', 'selected'] as const

/** Changes the list of mailboxes, and tells the extensions that it was this session. */
async function change(session: ImapSession, ops: readonly Op[]): Promise<CommitResult> {
  const done = await writerOf(session.account).commit(ops)
  for (const extension of session.parts.extensions) extension.mailboxesChanged?.(session, ops, done)
  return done
}

/** A name for a new mailbox. @throws Refusal for names that LIST could not tell apart. */
function newPath(path: readonly string[]): readonly string[] {
  if (path.length === 0 || path.some((segment) => segment === '' || segment.includes('*') || segment.includes('%'))) {
    throw new Refusal(no('This name is not possible for a mailbox', 'CANNOT'))
  }
  return path
}

/**
 * In the namespaces of others a mailbox can be made only below what one of them shares (the right is the store's to
 * check). What is not shared and what does not exist are refused alike.
 */
async function permittedPlace(session: ImapSession, path: readonly string[]): Promise<void> {
  if (!isForeign(session.server.namespaces, path)) return
  const owner = mailboxPathKey(path.slice(0, 2))
  const known = (await mailboxes(session)).some((one) => one.owner && mailboxPathKey(one.path.slice(0, 2)) === owner)
  if (path.length < 3 || !known) throw new Refusal(no('Not allowed', 'NOPERM'))
}

/**
 * RFC 9051 §6.3.4: a delimiter at the end says that children will follow; it is no part of the name. Within a segment
 * there is none (RFC 3501 §5.1.3): as UTF-8 it would be told as two of them.
 */
function parseNewMailbox(cursor: Cursor, session: ImapSession): readonly string[] {
  let octets = cursor.astring('Mailbox name')
  if (octets.length > 1 && latin1(octets, octets.length - 1) === DELIMITER) octets = octets.subarray(0, -1)
  const path = parseMailboxName(octets, session.utf8)
  if (!path || path.some((segment) => segment.includes(DELIMITER))) cursor.fail('Mailbox name is not correctly encoded')
  return path
}

interface CreateArgs {
  readonly path: readonly string[]
  readonly role?: string
}

async function runCreate(session: ImapSession, { path, role }: CreateArgs): Promise<Status> {
  writerOf(session.account)
  await permittedPlace(session, newPath(path))
  // RFC 6154 §3: there is one mailbox of a use.
  if (role !== undefined && (await mailboxes(session)).some((one) => one.role === role && !one.owner)) {
    return no('Another mailbox has this use', 'USEATTR')
  }
  const { results } = await change(session, [
    { op: 'create', path: newPath(path), ...(role !== undefined && { role }) },
  ])
  const { mailbox, uidValidity } = results[0]
  if (mailbox !== undefined && uidValidity !== undefined) {
    session.server.recent.arrived(mailboxKey(session, { id: mailbox, uidValidity }), 1)
  }
  tellSpelling(session, path, normalForm(path))
  const tellsId = session.parts.names.has('OBJECTID') && mailbox !== undefined
  return ok('CREATE completed', tellsId ? `MAILBOXID (${objectId(mailbox)})` : null)
}

export const create: Command<CreateArgs> = {
  name: 'CREATE',
  states: STATES,
  parse(cursor, session) {
    cursor.space()
    let args: CreateArgs = { path: parseNewMailbox(cursor, session) }
    if (cursor.more()) {
      cursor.list(() => {
        const name = cursor.word('Parameter')
        const parameter = session.parts.createParameters.get(name)
        if (!parameter) return cursor.fail(`CREATE has no parameter ${name}`)
        args = { ...args, ...parameter.parse(cursor) }
      })
    }
    return args
  },
  run: runCreate,
}

export const deleteMailbox: Command<readonly string[]> = {
  name: 'DELETE',
  states: STATES,
  parse(cursor, session) {
    cursor.space()
    return parseMailbox(cursor, session)
  },
  async run(session, path) {
    if (isInbox(path)) return no('INBOX cannot be deleted', 'CANNOT')
    writerOf(session.account)
    const named = await find(session, path)
    if ((!named || named.noSelect) && (await mailboxes(session)).some((one) => isBelow(one.path, normalForm(path)))) {
      // RFC 9051 §6.3.5: a name that is there only for those below it.
      return no('There are mailboxes below it', 'HASCHILDREN')
    }
    const mailbox = await permitted(session, path, 'x')
    await change(session, [{ op: 'drop', id: mailbox.id }])
    if (session.selected?.id === mailbox.id) session.select(null)
    tellSpelling(session, path, mailbox.path, ['\\NonExistent'])
    return ok('DELETE completed')
  },
}

interface RenameArgs {
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/** RFC 9051 §6.3.6: where either name was given in another spelling, the old one as it was given. */
function tellRenamed(session: ImapSession, from: readonly string[], to: readonly string[]): void {
  const path = normalForm(to)
  if (isRespelled(from, normalForm(from)) || isRespelled(to, path)) tellOldName(session, from, path)
}

async function runRename(session: ImapSession, { from, to }: RenameArgs): Promise<Status> {
  writerOf(session.account)
  newPath(to)
  if (isInbox(from)) {
    // RFC 9051 §6.3.6: the messages of INBOX move; INBOX and what is below it stay.
    await permittedPlace(session, to)
    const inbox = await existing(session, from, 'rte')
    const made = await change(session, [
      { op: 'create', path: to },
      { op: 'move', from: inbox.id, uids: allUids, to: { made: 0 } },
    ])
    await copyAnnotations(session, inbox.id, made.results[0]?.mailbox as MailboxId)
    session.touch()
    tellRenamed(session, from, to)
    return ok('RENAME completed')
  }
  const key = mailboxPathKey(normalForm(from))
  const ops: Op[] = []
  for (const { id, path } of await mailboxes(session)) {
    const own = mailboxPathKey(path)
    if (own !== key && !own.startsWith(`${key}\0`)) continue
    ops.push({ op: 'mailbox', id, path: [...to, ...path.slice(from.length)] })
  }
  if (ops.length === 0) throw missing()
  if (mailboxPathKey(normalForm(to)) === key) return storeRefusal('exists')
  await permittedPlace(session, to)
  await change(session, ops)
  tellRenamed(session, from, to)
  return ok('RENAME completed')
}

/** RFC 5464 §4.1: what INBOX is renamed to has its annotations, and INBOX keeps them. */
async function copyAnnotations({ account }: ImapSession, from: MailboxId, to: MailboxId): Promise<void> {
  const entries = (await account.meta?.(from, '')) ?? []
  if (entries.length === 0) return
  await writerOf(account).commit(entries.map((entry) => ({ op: 'meta', mailbox: to, ...entry })))
}

export const rename: Command<RenameArgs> = {
  name: 'RENAME',
  states: STATES,
  parse(cursor, session) {
    cursor.space()
    const from = parseMailbox(cursor, session)
    cursor.space()
    return { from, to: parseNewMailbox(cursor, session) }
  },
  run: runRename,
}

/** Subscriptions are by name: the mailbox need not exist (RFC 9051 §6.3.7). */
function subscription(name: 'SUBSCRIBE' | 'UNSUBSCRIBE'): Command<readonly string[]> {
  return {
    name,
    states: STATES,
    parse(cursor, session) {
      cursor.space()
      return parseMailbox(cursor, session)
    },
    async run(session, path) {
      await change(session, [{ op: 'subscribe', path: newPath(path), on: name === 'SUBSCRIBE' }])
      return ok(`${name} completed`)
    },
  }
}

export const subscribe = subscription('SUBSCRIBE')
export const unsubscribe = subscription('UNSUBSCRIBE')
