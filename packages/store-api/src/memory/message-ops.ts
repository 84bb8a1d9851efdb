/** The ops of a commit that change messages: append, copy, move, flags, expunge. */
import { StoreError } from '../errors.js'
import { type AppendOp, type CopyOp, type ExpungeOp, Flag, type FlagsOp, type OpResult, type Uid } from '../types.js'
import { addUid, maxUid } from '../uid-set.js'
import { mailboxOf } from './account.js'
import { type Content, type Mailbox, noteGone, type Row, rowsOf, slotOf } from './mailbox.js'
import {
  count,
  countFlags,
  countKeywords,
  raiseModseq,
  releaseContent,
  retain,
  type Transaction,
} from './transaction.js'

const systemFlags = Flag.Seen | Flag.Answered | Flag.Flagged | Flag.Deleted | Flag.Draft

export function append(tx: Transaction, op: AppendOp, to: Mailbox): OpResult {
  const { state, now } = tx
  const first = op.dedup === undefined ? undefined : state.delivered.get(op.dedup)
  if (first) return { ...first.result, duplicate: true }
  const blob = tx.blobs.claim(op.staged)
  const size = blob.size + (op.prefix?.length ?? 0)
  const content: Content = {
    emailId: `e${state.nextEmailId++}`,
    blob,
    size,
    prefix: op.prefix,
    header: op.header,
    summary: op.summary,
    rows: 0,
  }
  const uid = addRow(tx, to, content, op.flags, inSpellingOf(to, op.keywords), op.internalDate ?? now)
  const result: OpResult = { mailbox: to.id, uidValidity: to.uidValidity, uids: [[uid, uid]] }
  if (op.dedup !== undefined) {
    const key = op.dedup
    state.delivered.set(key, { at: now, result })
    tx.undo.push(() => state.delivered.delete(key))
  }
  return result
}

/** Gives the next UID: taken and made visible in the same step, so the order of both is one order (R1). */
function addRow(
  tx: Transaction,
  to: Mailbox,
  content: Content,
  flags: number,
  keywords: readonly string[],
  internalDate: number,
): Uid {
  if (to.noSelect) throw new StoreError('nonexistent', 'this mailbox holds no messages')
  if (to.uidNext > maxUid) throw new StoreError('limit', 'the mailbox has used all its UIDs; make it anew')
  raiseModseq(tx, to)
  const uid = to.uidNext++
  const row: Row = {
    uid,
    content,
    internalDate,
    saveDate: tx.now,
    modseq: tx.modseq,
    flags: flags & systemFlags,
    keywords,
  }
  to.uids.push(uid)
  to.rows.push(row)
  to.changes.push({ modseq: tx.modseq, row })
  retain(tx, content)
  count(tx, to, row, 1)
  return uid
}

/** Keywords without doubles, in the spelling that the mailbox has already. */
function inSpellingOf(mailbox: Mailbox, keywords: readonly string[] = []): readonly string[] {
  if (keywords.length === 0) return keywords
  const names = new Map<string, string>()
  for (const keyword of keywords) {
    const folded = keyword.toLowerCase()
    if (!names.has(folded)) names.set(folded, mailbox.keywords.get(folded)?.name ?? keyword)
  }
  return [...names.values()]
}

export function copyOrMove(tx: Transaction, op: CopyOp, to: Mailbox): OpResult {
  const from = mailboxOf(tx.state, op.from)
  const sources: [Uid, Uid][] = []
  const targets: [Uid, Uid][] = []
  // Taken before the first row is added: a copy into the same mailbox must not meet its own copies.
  for (const row of [...rowsOf(from, op.uids)]) {
    addUid(
      targets,
      addRow(tx, to, row.content, flagsFor(tx, from, row), inSpellingOf(to, row.keywords), row.internalDate),
    )
    addUid(sources, row.uid)
    if (op.op === 'move') removeRow(tx, from, row)
  }
  if (op.op === 'move' && sources.length > 0) noteGone(from, tx.modseq, sources)
  return { mailbox: to.id, uidValidity: to.uidValidity, from: sources, uids: targets }
}

function removeRow(tx: Transaction, mailbox: Mailbox, row: Row): void {
  raiseModseq(tx, mailbox)
  const slot = slotOf(mailbox, row.uid)
  mailbox.rows[slot] = undefined
  tx.undo.push(() => {
    mailbox.rows[slot] = row
  })
  count(tx, mailbox, row, -1)
  releaseContent(tx, row.content)
  for (const bits of mailbox.personal.values()) {
    const seen = bits.get(row.uid)
    if (seen === undefined) continue
    bits.delete(row.uid)
    tx.undo.push(() => bits.set(row.uid, seen))
  }
}

export function expunge(tx: Transaction, op: ExpungeOp): OpResult {
  const mailbox = mailboxOf(tx.state, op.in)
  const uids: [Uid, Uid][] = []
  for (const row of rowsOf(mailbox, op.uids)) {
    if (op.onlyDeleted && (row.flags & Flag.Deleted) === 0) continue
    removeRow(tx, mailbox, row)
    addUid(uids, row.uid)
  }
  if (uids.length > 0) noteGone(mailbox, tx.modseq, uids)
  return { mailbox: mailbox.id, uids }
}

export function setFlags(tx: Transaction, op: FlagsOp): OpResult {
  const mailbox = mailboxOf(tx.state, op.in)
  const changed: [Uid, Uid][] = []
  const modified: [Uid, Uid][] = []
  for (const row of rowsOf(mailbox, op.uids)) {
    // A row that an earlier op of this commit changed carries this commit's number: that is not somebody else's change.
    const foreign = row.modseq !== tx.modseq
    if (op.unchangedSince !== undefined && foreign && row.modseq > op.unchangedSince) addUid(modified, row.uid)
    else if (changeFlags(tx, mailbox, row, op)) addUid(changed, row.uid)
  }
  const result: OpResult = { mailbox: mailbox.id, uids: changed }
  return op.unchangedSince === undefined ? result : { ...result, modified }
}

/** Changes one row and says whether that changed anything (R5). */
function changeFlags(tx: Transaction, mailbox: Mailbox, row: Row, op: FlagsOp): boolean {
  const personal = privateFlagsOf(tx)
  const before = flagsFor(tx, mailbox, row)
  const flags = combineFlags(before, op)
  const keywords = combineKeywords(mailbox, row.keywords, op)
  const sharedFlags = (row.flags & personal) | (flags & ~personal)
  if (flags === before && keywords === row.keywords) return false
  raiseModseq(tx, mailbox)
  const old = { flags: row.flags, keywords: row.keywords, modseq: row.modseq }
  tx.undo.push(() => Object.assign(row, old))
  if (keywords !== row.keywords) {
    countKeywords(tx, mailbox, row.keywords, -1)
    countKeywords(tx, mailbox, keywords, 1)
    row.keywords = keywords
  }
  countFlags(mailbox, row.flags, -1)
  row.flags = sharedFlags
  countFlags(mailbox, row.flags, 1)
  if (personal !== 0 && ((flags ^ before) & personal) !== 0) setPersonal(tx, mailbox, row.uid, flags & personal)
  if (row.modseq !== tx.modseq) mailbox.changes.push({ modseq: tx.modseq, row })
  row.modseq = tx.modseq
  return true
}

function combineFlags(before: number, { mode, flags }: FlagsOp): number {
  if (mode === 'add') return before | (flags & systemFlags)
  return mode === 'remove' ? before & ~flags : flags & systemFlags
}

/** The same array when nothing changes. */
function combineKeywords(
  mailbox: Mailbox,
  before: readonly string[],
  { mode, keywords = [] }: FlagsOp,
): readonly string[] {
  if (mode !== 'set' && keywords.length === 0) return before
  const given = new Set(keywords.map((name) => name.toLowerCase()))
  const after =
    mode === 'remove'
      ? before.filter((name) => !given.has(name.toLowerCase()))
      : inSpellingOf(mailbox, mode === 'add' ? [...before, ...keywords] : keywords)
  const same = after.length === before.length && after.every((name) => before.includes(name))
  return same ? before : after
}

function privateFlagsOf(tx: Transaction): number {
  return tx.principal === tx.state.name ? 0 : (tx.state.grants.get(tx.principal)?.privateFlags ?? 0)
}

/** The flags as the principal of the commit sees them. */
function flagsFor(tx: Transaction, mailbox: Mailbox, row: Row): number {
  const personal = privateFlagsOf(tx)
  return personal === 0 ? row.flags : (row.flags & ~personal) | (mailbox.personal.get(tx.principal)?.get(row.uid) ?? 0)
}

function setPersonal(tx: Transaction, mailbox: Mailbox, uid: Uid, bits: number): void {
  let mine = mailbox.personal.get(tx.principal)
  if (!mine) mailbox.personal.set(tx.principal, (mine = new Map()))
  const map = mine
  const old = map.get(uid)
  if (bits === 0) map.delete(uid)
  else map.set(uid, bits)
  tx.undo.push(() => (old === undefined ? map.delete(uid) : map.set(uid, old)))
}
