import { linesOf } from '@posthouse/store-api'
import type { Connection } from '../sql/connection.js'

/**
 * What the owner of a removed account had in the accounts of others: rights, flags, annotations, subscriptions. The name is
 * free at once, so it must not lead there any more.
 */
export function forgetGuest(index: Connection, name: string): void {
  // Not a name of one account (RFC 4314 §3).
  if (name === 'anyone') return
  for (const identifier of linesOf(name)) index.execute('DELETE FROM acl WHERE identifier=?', identifier)
  index.execute("DELETE FROM meta WHERE principal=? AND principal != ''", name)
  index.execute("DELETE FROM subscribed WHERE principal=? AND principal != ''", name)
  // NUL stands in no name. The flags are purged in steps.
  index.execute('UPDATE principal SET name=char(0) || id WHERE name=?', name)
}

/** One step of purging the flags of guests that are forgotten. @returns true when there is more */
export function purgeGuests(index: Connection, step: number): boolean {
  const guest = index.get('SELECT id FROM principal WHERE name>=char(0) AND name<char(1) LIMIT 1')?.[0]
  if (guest === undefined) return false
  const mailbox = index.get('SELECT mailbox FROM personal_count WHERE principal=? LIMIT 1', guest)?.[0]
  if (mailbox === undefined) {
    index.execute('DELETE FROM principal WHERE id=?', guest)
    return true
  }
  const gone = index.run(
    `DELETE FROM personal WHERE mailbox=? AND principal=? AND uid IN
     (SELECT uid FROM personal INDEXED BY personal_modseq WHERE mailbox=? AND principal=? LIMIT ?)`,
    mailbox,
    guest,
    mailbox,
    guest,
    step,
  )
  if (gone < step) index.execute('DELETE FROM personal_count WHERE mailbox=? AND principal=?', mailbox, guest)
  return true
}
