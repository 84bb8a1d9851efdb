import { type AppendOp, Flag, type OpResult, StoreError, wholeTime } from '@posthouse/store-api'
import { blobNumber } from '../blob-id.js'
import type { KnownBlob } from './blobs.js'
import { joinKeywords, spellKeywords } from './keywords.js'
import { countSeen, guestNumber, setPersonal } from './personal.js'
import type { MailboxState } from './state.js'
import { threadOf } from './threads.js'
import { checkQuota, type Transaction } from './transaction.js'

/** The largest UID (RFC 9051 §2.3.1.1). */
export const MAX_UID = 4294967295

/** What an append needs to know beyond the mailbox and the octets. */
export type NewMessage = Omit<AppendOp, 'op' | 'to' | 'staged'>

/** APPEND: one staged blob becomes one message. */
export function append(tx: Transaction, op: AppendOp): OpResult {
  return appendTo(tx, tx.mailboxOf(op.to), op, op.staged.blob)
}

/**
 * `staged`: the name of octets, or what is known of them.
 * @throws StoreError `expired`, `overquota`, `limit`, `nonexistent`
 */
export function appendTo(
  tx: Transaction,
  mailbox: MailboxState,
  message: NewMessage,
  staged: string | KnownBlob,
): OpResult {
  const { batch, account } = tx
  const { index, now } = batch
  if (message.dedup !== undefined) {
    const first = firstDelivery(tx, message.dedup)
    if (first) return first
  }
  if (mailbox.noSelect) throw new StoreError('nonexistent', 'this mailbox holds no messages')
  const blob = typeof staged === 'string' ? liveBlob(tx, staged) : staged
  const internalDate = wholeTime(message.internalDate ?? now)
  const prefix = message.prefix?.byteLength ? message.prefix : null
  const size = blob.size + (prefix?.byteLength ?? 0)
  checkRoom(tx, 1, size)
  const uid = takeUids(tx, mailbox, 1)
  const permit = tx.permit(mailbox)
  const own = message.flags & permit.flags & (tx.guest?.privateFlags ?? 0)
  const flags = message.flags & permit.flags & ~(tx.guest?.privateFlags ?? 0)
  const keywords = permit.keywords ? joinKeywords(spellKeywords(batch, mailbox.id, message.keywords)) : null
  const content = batch.nextContent()
  const thread = message.thread ? threadOf(tx, message.thread, content) : null
  index.execute(
    'INSERT INTO content(id, account, blob, prefix, summary, header) VALUES(?,?,?,?,?,?)',
    content,
    account.id,
    blob.id,
    prefix,
    message.summary,
    message.header ?? null,
  )
  index.execute(
    `INSERT INTO msg(mailbox, uid, modseq, flags, kw, size, idate, sdate, content, blob, plen, thread)
     VALUES(?,?,?,?,?,?,?,?,?,?,?,?)`,
    mailbox.id,
    uid,
    tx.modseq,
    flags,
    keywords,
    size,
    internalDate,
    now,
    content,
    blob.id,
    prefix?.byteLength ?? 0,
    thread,
  )
  if (tx.guest && own !== 0) {
    const guest = guestNumber(tx, tx.guest.principal)
    setPersonal(tx, mailbox.id, uid, guest, own)
    countSeen(tx, mailbox.id, guest, own & Flag.Seen ? 1 : 0)
  }
  if (message.dedup !== undefined) {
    index.execute(
      'INSERT INTO delivered(account, key, mailbox, uidvalidity, uid, at) VALUES(?,?,?,?,?,?)',
      account.id,
      message.dedup,
      mailbox.id,
      mailbox.uidValidity,
      uid,
      now,
    )
  }
  count(tx, mailbox, {
    messages: 1,
    bytes: size,
    unseen: flags & Flag.Seen ? 0 : 1,
    deleted: flags & Flag.Deleted ? 1 : 0,
  })
  return { mailbox: String(mailbox.id), uidValidity: mailbox.uidValidity, uids: [[uid, uid]] }
}

function firstDelivery(tx: Transaction, key: string): OpResult | undefined {
  const row = tx.batch.index.get(
    'SELECT mailbox, uidvalidity, uid FROM delivered WHERE account=? AND key=?',
    tx.account.id,
    key,
  )
  if (!row) return undefined
  const [mailbox, uidValidity, uid] = row as readonly number[]
  return { mailbox: String(mailbox), uidValidity, uids: [[uid, uid]], duplicate: true }
}

/**
 * A staged blob whose lease still runs. It is read under the index's write lock, which the collector holds while it
 * deletes: what is alive here stays alive until the commit.
 */
function liveBlob(tx: Transaction, name: string): KnownBlob {
  const id = blobNumber(name)
  const row = id === undefined ? undefined : tx.batch.blob(id)
  if (row === undefined || row[2] !== 1 || row[1] === null || row[1] < tx.batch.now) {
    throw new StoreError('expired', 'the staged octets are no longer there; stage them again')
  }
  return { id: id as number, size: row[0] }
}

/**
 * Is there room for what a commit adds? Asked before it is written. What an expunge or drop of the same commit takes away makes
 * room, in either order (REPLACE, RFC 8508): such a commit is asked at its end. One that adds nothing in sum is not refused.
 * @throws StoreError `overquota`
 */
export function checkRoom({ account, before, makesRoom }: Transaction, messages: number, bytes: number): void {
  if (!makesRoom) checkQuota(account, before, messages, bytes)
}

/** Gives out UIDs and says the first. Called with the write lock held, so that they become visible in order (R1). */
export function takeUids(tx: Transaction, mailbox: MailboxState, count: number): number {
  if (mailbox.uidNext + count - 1 > MAX_UID) throw new StoreError('limit', 'the mailbox has given out all its UIDs')
  tx.touch(mailbox)
  const first = mailbox.uidNext
  mailbox.uidNext += count
  return first
}

/** What rows add to the counters; negative when they go. */
export interface Delta {
  readonly messages: number
  readonly bytes: number
  readonly unseen: number
  readonly deleted: number
}

/** Moves the counters of a mailbox and its account. */
export function count(tx: Transaction, mailbox: MailboxState, delta: Delta): void {
  tx.touch(mailbox)
  mailbox.total += delta.messages
  mailbox.bytes += delta.bytes
  mailbox.unseen += delta.unseen
  mailbox.deleted += delta.deleted
  tx.account.messages += delta.messages
  tx.account.bytes += delta.bytes
}
