/** Finding mailboxes by the names that clients give. */
import { type MailboxInfo, mailboxPathKey } from '@posthouse/store-api'
import type { Cursor } from '../syntax/cursor.js'
import { parseMailboxName } from '../syntax/mailbox-name.js'
import { no, Refusal } from '../syntax/status.js'
import type { ImapSession } from './session.js'

const NONEXISTENT = no('No such mailbox', 'NONEXISTENT')

/** Reads a mailbox's name. @throws SyntaxFault when it is none. */
export function parseMailbox(cursor: Cursor, session: ImapSession): readonly string[] {
  const path = parseMailboxName(cursor.astring('Mailbox name'), session.utf8)
  return path ?? cursor.fail('Mailbox name is not correctly encoded')
}

/** All mailboxes of the account that the principal may know of (RFC 4314 §4: without `l` it is as if not there). */
export async function mailboxes(session: ImapSession): Promise<readonly MailboxInfo[]> {
  const all = await session.account.mailboxes()
  return all.some(({ rights }) => rights !== undefined) ? all.filter((one) => has(one, 'l') || has(one, 'r')) : all
}

/** Does the principal have the right (RFC 4314 §2.1)? */
export function has(mailbox: MailboxInfo, right: string): boolean {
  return mailbox.rights === undefined || mailbox.rights.includes(right)
}

/** The mailbox of a path, or `null`. */
export async function find(session: ImapSession, path: readonly string[]): Promise<MailboxInfo | null> {
  const key = mailboxPathKey(path.map((segment) => segment.normalize('NFC')))
  for (const mailbox of await mailboxes(session)) if (mailboxPathKey(mailbox.path) === key) return mailbox
  return null
}

/** A mailbox that holds messages. @throws Refusal NO [NONEXISTENT], or the code given (TRYCREATE). */
export async function existing(
  session: ImapSession,
  path: readonly string[],
  code = 'NONEXISTENT',
): Promise<MailboxInfo> {
  const mailbox = await find(session, path)
  if (!mailbox || mailbox.noSelect) {
    throw new Refusal(code === 'NONEXISTENT' ? NONEXISTENT : no('No such mailbox', code))
  }
  return mailbox
}
