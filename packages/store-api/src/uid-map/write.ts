/**
 * Commits over a source that may take flags, removals and new messages. The source has no transactions: the ops run one
 * after the other, and when one fails those before it stay. What the client sees afterwards is discovered as always.
 */
import { StoreError } from '../errors.js'
import { Flag, type FlagsOp, type MailboxId, type Op, type OpResult, type Uid } from '../types.js'
import { addUid, uidSetContains, uidSetFromSorted } from '../uid-set.js'
import type { Known } from './known.js'
import type { FlagChange, UnnumberedSource } from './types.js'

/** May the source be written to at all? */
export function takesWrites({ flag, remove, add }: UnnumberedSource): boolean {
  return flag !== undefined || remove !== undefined || add !== undefined
}

export interface WriteContext {
  readonly source: UnnumberedSource
  /** The mailbox as it is now. @throws StoreError `nonexistent` */
  readonly discover: (mailbox: MailboxId) => Promise<Known>
}

/** @throws StoreError `readonly` for what the source does not take */
export async function performOp(context: WriteContext, op: Op): Promise<OpResult> {
  switch (op.op) {
    case 'flags':
      return setFlags(context, op)
    case 'expunge':
      return expunge(context, op.in, (uid, flags) => {
        if (op.uids && !uidSetContains(op.uids, uid)) return false
        return !op.onlyDeleted || (flags & Flag.Deleted) !== 0
      })
    case 'append': {
      const { add } = context.source
      if (!add || typeof op.to !== 'string') break
      const { op: _, to, ...message } = op
      await context.discover(to)
      const key = await add.call(context.source, to, message)
      const known = await context.discover(to)
      const entry = known.entries.get(key)
      return {
        mailbox: to,
        uidValidity: known.uidValidity,
        ...(entry ? { uids: [[entry.uid, entry.uid]] as const } : {}),
      }
    }
  }
  throw new StoreError('readonly', `the application does not take "${op.op}" here`)
}

async function setFlags({ source, discover }: WriteContext, op: FlagsOp): Promise<OpResult> {
  if (!source.flag) throw new StoreError('readonly', 'the application does not take flags here')
  const known = await discover(op.in)
  const before = known.modseq
  const modified: [Uid, Uid][] = []
  for (const { uid, modseq, flags, keywords = [] } of [...known.rows.values()]) {
    if (!uidSetContains(op.uids, uid)) continue
    if (op.unchangedSince !== undefined && modseq > op.unchangedSince) {
      addUid(modified, uid)
      continue
    }
    const change = changeFor(op, flags, keywords)
    if (change) await source.flag(op.in, known.keys.get(uid)!, change)
  }
  const after = await discover(op.in)
  const changed = [...after.rows.values()].filter((row) => row.modseq > before && uidSetContains(op.uids, row.uid))
  const uids = uidSetFromSorted(changed.map(({ uid }) => uid))
  return { mailbox: op.in, uids, ...(op.unchangedSince === undefined ? {} : { modified }) }
}

/** What to add and what to remove; `null` when that is nothing (R5). */
function changeFor({ mode, flags, keywords = [] }: FlagsOp, now: number, has: readonly string[]): FlagChange | null {
  const fold = (name: string) => name.toLowerCase()
  const named = keywords.map(fold)
  const there = has.map(fold)
  const add = mode === 'remove' ? 0 : flags & ~now
  const remove = mode === 'add' ? 0 : mode === 'remove' ? flags & now : now & ~flags
  const more = mode === 'remove' ? [] : keywords.filter((name) => !there.includes(fold(name)))
  const less = mode === 'add' ? [] : has.filter((name) => named.includes(fold(name)) === (mode === 'remove'))
  if (add === 0 && remove === 0 && more.length === 0 && less.length === 0) return null
  return { add: { flags: add, keywords: more }, remove: { flags: remove, keywords: less } }
}

async function expunge(
  { source, discover }: WriteContext,
  mailbox: MailboxId,
  goes: (uid: Uid, flags: number) => boolean,
): Promise<OpResult> {
  if (!source.remove) throw new StoreError('readonly', 'the application does not take deletions here')
  const known = await discover(mailbox)
  const uids = [...known.rows.values()].filter(({ uid, flags }) => goes(uid, flags)).map(({ uid }) => uid)
  if (uids.length > 0) {
    await source.remove(
      mailbox,
      uids.map((uid) => known.keys.get(uid)!),
    )
  }
  const after = await discover(mailbox)
  return { mailbox, uids: uidSetFromSorted(uids.filter((uid) => !after.rows.has(uid))) }
}
