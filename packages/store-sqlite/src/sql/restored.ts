import { rmSync } from 'node:fs'
import type { Connection, StoreFiles } from './connection.js'
import type { Driver } from './driver.js'
import { inTransaction } from './roll-back.js'

/**
 * A backup that takes the place of its store gives again what was given since it was made: UIDs, modification sequences,
 * ids of messages, conversations and mailboxes. Clients that have seen the first ones would show them for other octets (RFC 9051
 * §2.3.1.1, RFC 8474 §5.1). So a copy bears a mark, and whoever opens it first moves all numbers to where they have never been:
 * to the time, which the store that was lost has not come to yet. A second restore of the same copy begins later.
 */

const MARK = 'restored'

/** Marks a copy of `index.db` that nobody has open. Durable when it returns. */
export function markRestored(driver: Driver, file: string): void {
  const db = driver.open(file, { readOnly: false })
  try {
    db.exec(`PRAGMA synchronous=FULL; INSERT OR REPLACE INTO counter(name, value) VALUES('${MARK}', 1)`)
  } finally {
    db.close()
  }
}

/** How far numbers go on at least, whatever the clock says. */
const LEAP = 2 ** 20
/** The same for UIDVALIDITYs, which have 32 bits. */
const SHORT_LEAP = 2 ** 16
/** A clock behind this (ms, in 2097) is wrong, and would use them up. */
const LAST_TIME = 0xf0000000 * 1000
/** Ids that may be given in a millisecond, on average between two restores of one copy: of contents, and of blobs. */
const CONTENTS = 16
const BLOBS = 1 / 64

/**
 * Gives new numbers to what was restored; nothing in a store that was not. The mark goes in the transaction that gives them:
 * after a crash everything is done again, and of several processes one does it.
 */
export function renumberRestored(index: Connection, blobs: Connection, files: StoreFiles, now: number): void {
  if (!isMarked(index)) return
  const time = now < LAST_TIME ? now : 0
  const seconds = Math.floor(time / 1000)
  inTransaction(index, () => {
    if (!isMarked(index)) return
    // It is of another time, and nobody has it open before the mark is gone.
    for (const end of ['', '-wal', '-shm']) rmSync(files.search + end, { force: true })
    moveCounter(blobs, 'blob', Math.floor(time * BLOBS))
    // They may be newer than the index: the collector looks again which of them are in use.
    blobs.execute('UPDATE blob SET lease=0 WHERE lease IS NULL')
    moveCounter(index, 'content', time * CONTENTS)
    // The row is there when the first mailbox has been made.
    const missing = "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name='mailbox')"
    index.execute(`INSERT INTO sqlite_sequence(name, seq) SELECT 'mailbox', 0 ${missing}`)
    index.execute("UPDATE sqlite_sequence SET seq=max(seq + ?, ?) WHERE name='mailbox'", LEAP, seconds)
    renumberMailboxes(index, time, seconds)
    index.execute('DELETE FROM counter WHERE name=?', MARK)
  })
}

function isMarked(index: Connection): boolean {
  return index.get('SELECT 1 FROM counter WHERE name=?', MARK) !== undefined
}

function moveCounter(db: Connection, name: string, time: number): void {
  db.execute('UPDATE counter SET value=max(value + ?, ?) WHERE name=?', LEAP, time, name)
}

/** New UIDVALIDITYs, a different one for each mailbox of an account, and no history before now (R10). */
function renumberMailboxes(index: Connection, time: number, seconds: number): void {
  const account = 'UPDATE account SET modseq=max(modseq + ?, ?), next_validity=max(next_validity + ?, ?)'
  index.execute(account, LEAP, time, SHORT_LEAP, seconds)
  index.execute(
    `UPDATE mailbox SET uidvalidity=n.first + n.place, modseq=n.modseq, floor=n.modseq
     FROM (SELECT m.id, a.next_validity AS first, a.modseq, row_number() OVER (PARTITION BY a.id ORDER BY m.id) AS place
           FROM mailbox m JOIN account a ON a.id=m.account) n
     WHERE mailbox.id=n.id`,
  )
  index.execute(
    'UPDATE account SET next_validity=next_validity + 1 + (SELECT count(*) FROM mailbox m WHERE m.account=account.id)',
  )
  index.execute('DELETE FROM gone')
  // Accounts that were made since the backup may be made again.
  const first =
    'INSERT OR REPLACE INTO counter(name, value) SELECT ?, max(?, coalesce(max(value), 0) + ?) FROM counter WHERE name=?'
  index.execute(first, FIRST_MODSEQ, time, LEAP, FIRST_MODSEQ)
  index.execute(first, FIRST_VALIDITY, seconds, SHORT_LEAP, FIRST_VALIDITY)
}

/** Counters that a restore has made: where the modification sequence and the UIDVALIDITYs of a new account begin. */
export const FIRST_MODSEQ = 'first modseq'
export const FIRST_VALIDITY = 'first validity'
