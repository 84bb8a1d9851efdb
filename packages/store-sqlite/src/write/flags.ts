import { Flag, type FlagsOp, flagsAfter, type OpResult, uidSetOf } from '@posthouse/store-api'
import { changeGuestFlags } from './guest-flags.js'
import { joinKeywords, type KeywordText, spellKeywords, splitKeywords } from './keywords.js'
import { pagesByUid } from './pages.js'
import type { Transaction } from './transaction.js'

/** A row as the change needs it. */
type FlagRow = readonly [uid: number, flags: number, kw: KeywordText, modseq: number]

/** STORE: flags and keywords of many messages. What does not change keeps its modification sequence (R5). */
export function changeFlags(tx: Transaction, op: FlagsOp): OpResult {
  const { batch } = tx
  const mailbox = tx.mailboxOf(op.in)
  const permit = tx.permit(mailbox)
  if (tx.guest) return changeGuestFlags(tx, mailbox, op, tx.guest, permit)
  const named = op.mode === 'remove' ? [] : spellKeywords(batch, mailbox.id, op.keywords)
  const keywordsAfter = keywordChange(op, named)
  const changed: number[] = []
  const modified: number[] = []
  let unseen = 0
  let deleted = 0

  const sql = 'SELECT uid, flags, kw, modseq FROM msg WHERE mailbox=? AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?'
  for (const rows of pagesByUid<FlagRow>(batch.index, sql, [mailbox.id], op.uids)) {
    // Neighbours that end up alike are written by one statement: all rows between the ends of a run are in it.
    let run: { first: number; last: number; flags: number; kw: KeywordText } | null = null
    const write = (): void => {
      if (!run) return
      batch.index.execute(
        'UPDATE msg SET flags=?, kw=?, modseq=? WHERE mailbox=? AND uid BETWEEN ? AND ?',
        run.flags,
        run.kw,
        tx.modseq,
        mailbox.id,
        run.first,
        run.last,
      )
      run = null
    }
    for (const [uid, before, kwBefore, modseq] of rows) {
      // What an earlier op of this commit changed is not somebody else's change.
      if (op.unchangedSince !== undefined && modseq > op.unchangedSince && modseq !== tx.modseq) {
        modified.push(uid)
        write()
        continue
      }
      const flags = flagsAfter(before, op, permit)
      const kw = keywordsAfter(kwBefore)
      if (flags === before && kw === kwBefore) {
        write()
        continue
      }
      changed.push(uid)
      unseen += ((before & Flag.Seen) === 0 ? -1 : 0) + ((flags & Flag.Seen) === 0 ? 1 : 0)
      deleted += (before & Flag.Deleted ? -1 : 0) + (flags & Flag.Deleted ? 1 : 0)
      if (run && run.flags === flags && run.kw === kw) run.last = uid
      else {
        write()
        run = { first: uid, last: uid, flags, kw }
      }
    }
    write()
  }
  if (changed.length > 0) {
    tx.touch(mailbox)
    mailbox.unseen += unseen
    mailbox.deleted += deleted
  }
  return { mailbox: String(mailbox.id), uids: uidSetOf(changed), modified: uidSetOf(modified) }
}

/** What the op makes of a row's keywords; each distinct text is worked out once. */
export function keywordChange(op: FlagsOp, named: readonly string[]): (kw: KeywordText) => KeywordText {
  if (op.mode === 'set') {
    const text = joinKeywords(named)
    return () => text
  }
  if (!op.keywords || op.keywords.length === 0) return (kw) => kw
  const folds = new Set(op.keywords.map((keyword) => keyword.toLowerCase()))
  const known = new Map<KeywordText, KeywordText>()
  return (kw) => {
    let after = known.get(kw)
    if (after === undefined) {
      const before = splitKeywords(kw)
      after = joinKeywords(
        op.mode === 'add'
          ? [...new Set([...before, ...named])]
          : before.filter((keyword) => !folds.has(keyword.toLowerCase())),
      )
      known.set(kw, after)
    }
    return after
  }
}
