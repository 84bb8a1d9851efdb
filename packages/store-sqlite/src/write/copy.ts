import { type CopyOp, Flag, type OpResult, StoreError, type Uid, type UidSet } from '@posthouse/store-api'
import { checkRoom, count, type Delta, takeUids } from './append.js'
import { deleteRows, type FoundRanges, rangesIn } from './expunge.js'
import { joinKeywords, type KeywordText, spellKeywords, splitKeywords } from './keywords.js'
import { copyPersonal, hasPersonal } from './personal.js'
import type { MailboxState } from './state.js'
import type { Transaction } from './transaction.js'

/** COPY and MOVE: rows are copied range by range inside the database; contents and octets are shared. */
export function copy(tx: Transaction, op: CopyOp): OpResult {
  const from = tx.mailboxOf(op.from)
  const to = tx.mailboxOf(op.to)
  if (to.noSelect) throw new StoreError('nonexistent', 'this mailbox holds no messages')
  // Rows made below must not be seen by a later range of the same op when a mailbox is copied into itself.
  const last = from.uidNext - 1
  // What guests keep for themselves goes along whoever copies; the rest needs its right in the target.
  const permit = tx.permit(to)
  const mask = permit.flags | (tx.guest?.privateFlags ?? 0)
  const personal = hasPersonal(tx, from.id)
  const source: [Uid, Uid][] = []
  const target: [Uid, Uid][] = []
  for (const [lo, hi] of op.uids) {
    if (lo > last) break
    const found = rangesIn(tx, from, lo, Math.min(hi, last), false)
    if (found.messages === 0) continue
    if (op.op === 'copy') checkRoom(tx, found.messages, found.bytes)
    const first = takeUids(tx, to, found.messages)
    insertCopies(tx, { from, to, lo, hi: Math.min(hi, last), first }, mask, permit.keywords)
    count(tx, to, permitted(found, mask))
    if (personal) copyPersonal(tx, from, to, { lo, hi: Math.min(hi, last), first })
    if (op.op === 'move') deleteRows(tx, from, lo, Math.min(hi, last), found)
    for (const range of found.uids) source.push([range[0], range[1]])
    target.push([first, first + found.messages - 1])
  }
  return { mailbox: String(to.id), uidValidity: to.uidValidity, from: source, uids: coalesce(target) }
}

interface CopyRange {
  readonly from: MailboxState
  readonly to: MailboxState
  readonly lo: Uid
  readonly hi: Uid
  /** The first UID in the target. */
  readonly first: Uid
}

/** What copies count for that lose the flags which the principal may not set. */
function permitted(found: FoundRanges, mask: number): Delta {
  const unseen = mask & Flag.Seen ? found.unseen : found.messages
  return { messages: found.messages, bytes: found.bytes, unseen, deleted: mask & Flag.Deleted ? found.deleted : 0 }
}

function insertCopies(tx: Transaction, { from, to, lo, hi, first }: CopyRange, mask: number, keywords: boolean): void {
  const { index, now } = tx.batch
  index.execute(
    `INSERT INTO msg(mailbox, uid, modseq, flags, kw, size, idate, sdate, content, blob, plen, thread)
     SELECT ?, ? + row_number() OVER (ORDER BY uid), ?, flags & ?, CASE WHEN ? THEN kw END, size, idate, ?, content, blob,
       plen, thread
     FROM msg WHERE mailbox=? AND uid BETWEEN ? AND ? ORDER BY uid`,
    to.id,
    first - 1,
    tx.modseq,
    mask,
    keywords ? 1 : 0,
    now,
    from.id,
    lo,
    hi,
  )
  if (from === to || !keywords || tx.batch.keywords(from.id).size === 0) return
  // The target may spell a keyword in its own way.
  const texts = index.all(
    'SELECT DISTINCT kw FROM msg WHERE mailbox=? AND uid>=? AND kw IS NOT NULL',
    to.id,
    first,
  ) as unknown as [KeywordText][]
  for (const [text] of texts) {
    const spelt = joinKeywords(spellKeywords(tx.batch, to.id, splitKeywords(text)))
    if (spelt !== text)
      index.execute('UPDATE msg SET kw=? WHERE mailbox=? AND uid>=? AND kw=?', spelt, to.id, first, text)
  }
}

function coalesce(ranges: readonly [Uid, Uid][]): UidSet {
  const result: [Uid, Uid][] = []
  for (const [lo, hi] of ranges) {
    const last = result[result.length - 1]
    if (last && last[1] + 1 === lo) last[1] = hi
    else result.push([lo, hi])
  }
  return result
}
