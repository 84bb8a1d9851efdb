import { Flag, type FlagPermit, type FlagsOp, flagsAfter, type OpResult, uidSetOf } from '@posthouse/store-api'
import type { Guest } from '../viewer.js'
import { keywordChange } from './flags.js'
import { type KeywordText, spellKeywords } from './keywords.js'
import { pagesByUid } from './pages.js'
import { countSeen, guestNumber, setPersonal } from './personal.js'
import type { MailboxState } from './state.js'
import type { Transaction } from './transaction.js'

type GuestRow = readonly [
  uid: number,
  flags: number,
  kw: KeywordText,
  modseq: number,
  ownFlags: number,
  ownModseq: number,
]

/** STORE by a principal that is not the owner: some bits are its own, others it may not change. */
export function changeGuestFlags(
  tx: Transaction,
  mailbox: MailboxState,
  op: FlagsOp,
  guest: Guest,
  permit: FlagPermit,
): OpResult {
  const { index } = tx.batch
  const mine = guestNumber(tx, guest.principal)
  const own = guest.privateFlags
  const named = op.mode === 'remove' || !permit.keywords ? [] : spellKeywords(tx.batch, mailbox.id, op.keywords)
  const keywordsAfter = permit.keywords ? keywordChange(op, named) : (kw: KeywordText) => kw
  const changed: number[] = []
  const modified: number[] = []
  let seen = 0
  let unseen = 0
  let deleted = 0
  const query = `SELECT m.uid, m.flags, m.kw, m.modseq, coalesce(p.flags, 0), coalesce(p.modseq, 0)
    FROM msg m LEFT JOIN personal p ON p.mailbox=m.mailbox AND p.uid=m.uid AND p.principal=?
    WHERE m.mailbox=? AND m.uid BETWEEN ? AND ? ORDER BY m.uid LIMIT ?`
  for (const rows of pagesByUid<GuestRow>(index, query, [mine, mailbox.id], op.uids)) {
    for (const [uid, shared, kwBefore, sharedModseq, ownFlags, ownModseq] of rows) {
      const modseq = Math.max(sharedModseq, ownModseq)
      if (op.unchangedSince !== undefined && modseq > op.unchangedSince && modseq !== tx.modseq) {
        modified.push(uid)
        continue
      }
      const before = (shared & ~own) | (ownFlags & own)
      const after = flagsAfter(before, op, permit)
      const kw = keywordsAfter(kwBefore)
      const turned = before ^ after
      if (turned === 0 && kw === kwBefore) continue
      changed.push(uid)
      if ((turned & own) !== 0) {
        setPersonal(tx, mailbox.id, uid, mine, after & own)
        if ((turned & own & Flag.Seen) !== 0) seen += after & Flag.Seen ? 1 : -1
      }
      if ((turned & ~own) === 0 && kw === kwBefore) continue
      const flags = (shared & own) | (after & ~own)
      unseen += ((shared & Flag.Seen) === 0 ? -1 : 0) + ((flags & Flag.Seen) === 0 ? 1 : 0)
      deleted += (shared & Flag.Deleted ? -1 : 0) + (flags & Flag.Deleted ? 1 : 0)
      const sql = 'UPDATE msg SET flags=?, kw=?, modseq=? WHERE mailbox=? AND uid=?'
      index.execute(sql, flags, kw, tx.modseq, mailbox.id, uid)
    }
  }
  if (changed.length > 0) {
    tx.touch(mailbox)
    mailbox.unseen += unseen
    mailbox.deleted += deleted
    countSeen(tx, mailbox.id, mine, seen)
  }
  return { mailbox: String(mailbox.id), uids: uidSetOf(changed), modified: uidSetOf(modified) }
}
