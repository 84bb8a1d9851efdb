/**
 * ACL (RFC 4314): who may do what in a mailbox; LIST-MYRIGHTS (RFC 8440): told with LIST.
 *
 * These commands show and change access lists. That rights are kept is the matter of the store and of each command: see
 * `mailboxes.ts`.
 */
import { type AclOp, allRights, type MailboxInfo, writerOf } from '@posthouse/store-api'
import { saslprep } from '@posthouse/wire'
import type { Cursor } from '../../syntax/cursor.js'
import { no, ok, type Status } from '../../syntax/status.js'
import type { Command, ImapExtension } from '../extension.js'
import { parseMailbox, permitted } from '../mailboxes.js'
import { readRights, writtenRights } from '../rights.js'
import type { ImapSession } from '../session.js'

const STATES = ['authenticated', 'selected'] as const

/** RFC 4314 §3: prepared by SASLprep; without it no identifier. A `-` in front takes rights away. */
function parseIdentifier(cursor: Cursor): string {
  const name = saslprep(cursor.text('Identifier'))
  if (!name || name === '-') return cursor.fail('Identifier expected')
  return name
}

function parseOne(cursor: Cursor, session: ImapSession): readonly string[] {
  cursor.space()
  return parseMailbox(cursor, session)
}

interface SetAclArgs {
  readonly path: readonly string[]
  readonly change: Pick<AclOp, 'identifier' | 'mode' | 'rights'>
}

/** `+rw`, `-w` or `lrs`. */
function parseChange(cursor: Cursor): Pick<AclOp, 'mode' | 'rights'> {
  const text = cursor.text('Rights')
  const sign = text[0] === '+' || text[0] === '-' ? text[0] : ''
  const read = readRights(text.slice(sign.length))
  // RFC 4314 §3.1: nothing is left out in silence.
  if ('unknown' in read) return cursor.fail(`There is no right ${JSON.stringify(read.unknown)}`)
  return { mode: sign === '+' ? 'add' : sign === '-' ? 'remove' : 'set', rights: read.rights }
}

async function change(session: ImapSession, { path, change: line }: SetAclArgs, name: string): Promise<Status> {
  const mailbox = await permitted(session, path, 'a')
  if (line.identifier === ownerOf(session, mailbox)) return no('The owner keeps all rights', 'CANNOT')
  await writerOf(session.account).commit([{ op: 'acl', in: mailbox.id, ...line }])
  return ok(`${name} completed`)
}

function ownerOf({ identity }: ImapSession, mailbox: MailboxInfo): string | undefined {
  return mailbox.owner ?? identity?.account
}

const setAcl: Command<SetAclArgs> = {
  name: 'SETACL',
  states: STATES,
  parse(cursor, session) {
    const path = parseOne(cursor, session)
    cursor.space()
    const identifier = parseIdentifier(cursor)
    cursor.space()
    return { path, change: { identifier, ...parseChange(cursor) } }
  },
  run: (session, args) => change(session, args, 'SETACL'),
}

const deleteAcl: Command<SetAclArgs> = {
  name: 'DELETEACL',
  states: STATES,
  parse(cursor, session) {
    const path = parseOne(cursor, session)
    cursor.space()
    return { path, change: { identifier: parseIdentifier(cursor), mode: 'set', rights: '' } }
  },
  run: (session, args) => change(session, args, 'DELETEACL'),
}

const getAcl: Command<readonly string[]> = {
  name: 'GETACL',
  states: STATES,
  parse: parseOne,
  async run(session, path) {
    const mailbox = await permitted(session, path, 'a')
    const { out, account } = session
    const entries = (await account.acl?.(mailbox.id)) ?? []
    out.text('* ACL ').mailbox(mailbox.path)
    for (const { identifier, rights } of entries) {
      out
        .text(' ')
        .astring(identifier)
        .text(` ${writtenRights(rights)}`)
    }
    out.crlf()
    return ok('GETACL completed')
  },
}

const listRights: Command<{ readonly path: readonly string[]; readonly identifier: string }> = {
  name: 'LISTRIGHTS',
  states: STATES,
  parse(cursor, session) {
    const path = parseOne(cursor, session)
    cursor.space()
    return { path, identifier: parseIdentifier(cursor) }
  },
  async run(session, { path, identifier }) {
    const mailbox = await permitted(session, path, 'a')
    const written = writtenRights(allRights)
    session.out.text('* LISTRIGHTS ').mailbox(mailbox.path).text(' ').astring(identifier)
    // The owner has all rights always; nobody else has any for ever, and none depends on another.
    if (identifier === ownerOf(session, mailbox)) session.out.line(` ${written}`)
    else session.out.line(` "" ${[...written].join(' ')}`)
    return ok('LISTRIGHTS completed')
  },
}

function writeMyRights({ out }: ImapSession, mailbox: MailboxInfo): void {
  out
    .text('* MYRIGHTS ')
    .mailbox(mailbox.path)
    .line(` ${writtenRights(mailbox.rights ?? allRights)}`)
}

const myRights: Command<readonly string[]> = {
  name: 'MYRIGHTS',
  states: STATES,
  parse: parseOne,
  async run(session, path) {
    // RFC 4314 §4: any right will do, and a mailbox without one cannot be found.
    writeMyRights(session, await permitted(session, path, ''))
    return ok('MYRIGHTS completed')
  },
}

/** ACL (RFC 4314). */
export const acl: ImapExtension = {
  name: 'ACL',
  capabilities: ['ACL', 'RIGHTS=texk'],
  available: (account) => account.acl !== undefined && account.commit !== undefined,
  commands: [setAcl, deleteAcl, getAcl, listRights, myRights] as readonly Command[],
}

/** RFC 8440 */
export const listMyRights: ImapExtension = {
  name: 'LIST-MYRIGHTS',
  capabilities: ['LIST-MYRIGHTS'],
  requires: ['LIST-EXTENDED', 'ACL'],
  listReturns: [
    {
      name: 'MYRIGHTS',
      after(_out, { mailbox }, _args, session) {
        if (mailbox) writeMyRights(session, mailbox)
      },
    },
  ],
}
