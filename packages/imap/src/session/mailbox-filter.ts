/** Mailboxes by what they are (RFC 5465 §6, RFC 7377 §2.2): the words of ESEARCH IN and NOTIFY. */
import { type MailboxInfo, mailboxPathKey } from '@posthouse/store-api'
import type { Cursor } from '../syntax/cursor.js'
import { has, normalForm, parseMailbox } from './mailboxes.js'
import type { ImapSession } from './session.js'

/** One specifier. */
export type MailboxFilter =
  | { readonly type: 'selected' | 'selected-delayed' | 'inboxes' | 'personal' | 'subscribed' }
  | { readonly type: 'subtree' | 'subtree-one' | 'mailboxes'; readonly paths: readonly (readonly string[])[] }

/** Reads one specifier. */
export function parseMailboxFilter(cursor: Cursor, session: ImapSession): MailboxFilter {
  const word = cursor.word('Which mailboxes')
  switch (word) {
    case 'SELECTED':
    case 'SELECTED-DELAYED':
    case 'INBOXES':
    case 'PERSONAL':
    case 'SUBSCRIBED':
      return { type: word.toLowerCase() as 'selected' }
    case 'SUBTREE':
    case 'SUBTREE-ONE':
    case 'MAILBOXES': {
      cursor.space()
      const paths: (readonly string[])[] = []
      if (cursor.atList()) cursor.list(() => paths.push(parseMailbox(cursor, session)))
      else paths.push(parseMailbox(cursor, session))
      if (paths.length === 0) cursor.fail('Mailbox name expected')
      return { type: word.toLowerCase() as 'mailboxes', paths }
    }
    default:
      return cursor.fail(`${word} does not say which mailboxes`)
  }
}

/** Does a filter name the mailbox itself, rather than find it? Then the right to look it up is not needed. */
function names(filter: MailboxFilter, mailbox: MailboxInfo): boolean {
  if (filter.type !== 'mailboxes') return false
  const key = mailboxPathKey(mailbox.path)
  return filter.paths.some((path) => mailboxPathKey(normalForm(path)) === key)
}

/** How many levels a mailbox lies below a path; -1 when it does not. */
function levelsBelow(path: readonly string[], mailbox: MailboxInfo): number {
  const start = mailbox.path.slice(0, path.length)
  return mailboxPathKey(start) === mailboxPathKey(normalForm(path)) ? mailbox.path.length - path.length : -1
}

/** Does a filter find the mailbox? Rights are not looked at. */
export function fitsFilter(filter: MailboxFilter, mailbox: MailboxInfo, session: ImapSession): boolean {
  switch (filter.type) {
    case 'selected':
    case 'selected-delayed':
      return session.selected?.id === mailbox.id
    case 'inboxes':
      return mailbox.path.length === 1 && mailbox.path[0] === 'INBOX'
    case 'personal':
      return mailbox.owner === undefined
    case 'subscribed':
      return mailbox.subscribed === true
    case 'mailboxes':
      return names(filter, mailbox)
    case 'subtree':
      return filter.paths.some((path) => levelsBelow(path, mailbox) >= 0)
    case 'subtree-one':
      return filter.paths.some((path) => [0, 1].includes(levelsBelow(path, mailbox)))
  }
}

/**
 * The mailboxes with messages that filters find, without doubles. Without the right to read one it is not there; nor,
 * unless it was named, without the right to look it up (RFC 7377 §2.2).
 */
export async function filterMailboxes(
  session: ImapSession,
  filters: readonly MailboxFilter[],
): Promise<readonly MailboxInfo[]> {
  const all = await session.account.mailboxes()
  return all.filter(
    (mailbox) =>
      !mailbox.noSelect &&
      has(mailbox, 'r') &&
      filters.some(
        (filter) =>
          fitsFilter(filter, mailbox, session) &&
          (has(mailbox, 'l') || filter.type === 'selected' || names(filter, mailbox)),
      ),
  )
}
