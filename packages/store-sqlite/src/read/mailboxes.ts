import { Flag, isVisible, StoreError } from '@posthouse/store-api'
import type { PathText } from '../paths.js'
import type { Connection } from '../sql/connection.js'
import { guestRights } from '../sql/rights.js'
import type { Guest } from '../viewer.js'
import type { MailboxRow, ReadAnswers } from './requests.js'

/** All mailboxes that the owner or a guest sees, with their counters. @throws StoreError `nonexistent` */
export function mailboxes(index: Connection, account: number, guest: Guest | null): ReadAnswers['mailboxes'] {
  const rows = index.all(
    `SELECT m.id, m.path, m.uidvalidity, m.uidnext, m.modseq, m.total, m.unseen, m.deleted, m.bytes, m.role, m.noselect,
       s.path IS NOT NULL
     FROM mailbox m INDEXED BY mailbox_path
     LEFT JOIN subscribed s ON s.account=m.account AND s.principal=? AND s.path=m.path
     WHERE m.account=? AND m.dropped_at IS NULL ORDER BY m.id`,
    guest?.principal ?? '',
    account,
  ) as unknown as MailboxRow[]
  // INBOX is always there.
  if (rows.length === 0) throw new StoreError('nonexistent', 'the account was removed')
  const keywords = index.all(
    `SELECT k.mailbox, k.name FROM mailbox m INDEXED BY mailbox_path CROSS JOIN keyword k ON k.mailbox=m.id
     WHERE m.account=? AND m.dropped_at IS NULL`,
    account,
  ) as unknown as [number, string][]
  return guest ? seenBy(index, guest, rows, keywords) : { rows, keywords }
}

/** What a guest may see of it, with its own count of unread messages. */
function seenBy(
  index: Connection,
  guest: Guest,
  all: readonly MailboxRow[],
  keywords: readonly (readonly [number, string])[],
): ReadAnswers['mailboxes'] {
  const hasSeen = (guest.privateFlags & Flag.Seen) !== 0
  const rows: MailboxRow[] = []
  const rights: string[] = []
  for (const row of all) {
    const [id, path, uidValidity, uidNext, modseq, total, unseen, ...rest] = row
    const letters = guestRights(index, id, guest)
    if (!isVisible(letters)) continue
    const own = hasSeen ? total - seenIn(index, id, guest) : unseen
    rows.push([id, path, uidValidity, uidNext, modseq, total, own, ...rest])
    rights.push(letters)
  }
  return { rows, keywords, rights }
}

function seenIn(index: Connection, mailbox: number, { principal }: Guest): number {
  const row = index.get(
    'SELECT seen FROM personal_count WHERE mailbox=? AND principal=(SELECT id FROM principal WHERE name=?)',
    mailbox,
    principal,
  )
  return (row?.[0] as number | undefined) ?? 0
}

/** Names subscribed to; the owner is `''`. */
export function subscriptions(index: Connection, account: number, principal: string): PathText[] {
  const sql = 'SELECT path FROM subscribed WHERE account=? AND principal=? ORDER BY path'
  return index.all(sql, account, principal).map(([path]) => path as PathText)
}
