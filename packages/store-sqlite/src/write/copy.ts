import { type CopyOp, type OpResult, StoreError, type Uid, type UidSet } from '@posthouse/store-api'
import { checkRoom, count, takeUids } from './append.js'
import { deleteRows, rangesIn } from './expunge.js'
import { joinKeywords, type KeywordText, spellKeywords, splitKeywords } from './keywords.js'
import type { MailboxState } from './state.js'
import type { Transaction } from './transaction.js'

/** COPY and MOVE: rows are copied range by range inside the database; contents and octets are shared. */
export function copy(tx: Transaction, op: CopyOp): OpResult {
  const from = tx.mailboxOf(op.from)
  const to = tx.mailboxOf(op.to)
  if (to.noSelect) throw new StoreError('nonexistent', 'this mailbox holds no messages')
  // Rows made below must not be seen by a later range of the same op when a mailbox is copied into itself.
  const last = from.uidNext - 1
  const source: [Uid, Uid][] = []
  const target: [Uid, Uid][] = []
  for (const [lo, hi] of op.uids) {
    if (lo > last) break
    const found = rangesIn(tx, from, lo, Math.min(hi, last), false)
    if (found.messages === 0) continue
    if (op.op === 'copy') checkRoom(tx, found.messages, found.bytes)
    const first = takeUids(tx, to, found.messages)
    insertCopies(tx, { from, to, lo, hi: Math.min(hi, last), first })
    count(tx, to, found)
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

function insertCopies(tx: Transaction, { from, to, lo, hi, first }: CopyRange): void {
  const { index, now } = tx.batch
  index.run(
    `INSERT INTO msg(mailbox, uid, modseq, flags, kw, size, idate, sdate, content, blob, plen)
     SELECT ?, ? + row_number() OVER (ORDER BY uid), ?, flags, kw, size, idate, ?, content, blob, plen
     FROM msg WHERE mailbox=? AND uid BETWEEN ? AND ? ORDER BY uid`,
    to.id,
    first - 1,
    tx.modseq,
    now,
    from.id,
    lo,
    hi,
  )
  if (from === to || tx.batch.keywords(from.id).size === 0) return
  // The target may spell a keyword in its own way.
  const texts = index.all(
    'SELECT DISTINCT kw FROM msg WHERE mailbox=? AND uid>=? AND kw IS NOT NULL',
    to.id,
    first,
  ) as unknown as [KeywordText][]
  for (const [text] of texts) {
    const spelt = joinKeywords(spellKeywords(tx.batch, to.id, splitKeywords(text)))
    if (spelt !== text) index.run('UPDATE msg SET kw=? WHERE mailbox=? AND uid>=? AND kw=?', spelt, to.id, first, text)
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
