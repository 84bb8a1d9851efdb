/** The ops of a commit that change messages: append, copy, move, flags, expunge. */
import { StoreError } from '../errors.js'
import { type FlagPermit, flagPermit, flagsAfter, permitFlags } from '../rights.js'
import { wholeTime } from '../times.js'
import { type AppendOp, type CopyOp, type ExpungeOp, Flag, type FlagsOp, type OpResult, type Uid } from '../types.js'
import { addUid, maxUid } from '../uid-set.js'
import { mailboxOf } from './account.js'
import { type Content, type Mailbox, noteGone, type Row, rowsOf, slotOf } from './mailbox.js'
import { flagsSeen, modseqSeen, type PersonalFlags, setPersonal } from './personal.js'
import { rightsIn } from './rights.js'
import { threadOf } from './threads.js'
import {
  count,
  countFlags,
  countKeywords,
  raiseModseq,
  releaseContent,
  retain,
  type Transaction,
} from './transaction.js'

export function append(tx: Transaction, op: AppendOp, to: Mailbox): OpResult {
  const { state, now } = tx
  const first = op.dedup === undefined ? undefined : state.delivered.get(op.dedup)
  if (first) return { ...first.result, duplicate: true }
  const blob = tx.blobs.claim(op.staged)
  const size = blob.size + (op.prefix?.length ?? 0)
  const emailId = `e${state.nextEmailId++}`
  const content: Content = {
    emailId,
    threadId: op.thread && threadOf(tx, op.thread, emailId),
    blob,
    size,
    prefix: op.prefix,
    header: op.header,
    summary: op.summary,
    rows: 0,
  }
  const { guest, privateFlags } = tx.viewer
  const permit = flagPermit(rightsIn(tx.viewer, to))
  const flags = op.flags & permit.flags
  const keywords = permit.keywords ? inSpellingOf(to, op.keywords) : []
  const uid = addRow(tx, to, content, flags & ~privateFlags, keywords, wholeTime(op.internalDate ?? now))
  if (guest !== null && (flags & privateFlags) !== 0) {
    personalize(tx, to, guest, uid, { bits: flags & privateFlags, modseq: tx.modseq })
  }
  const result: OpResult = { mailbox: to.id, uidValidity: to.uidValidity, uids: [[uid, uid]] }
  if (op.dedup !== undefined) {
    const key = op.dedup
    state.delivered.set(key, { at: now, result })
    tx.undo.push(() => state.delivered.delete(key))
  }
  return result
}

function holdsNone(): StoreError {
  return new StoreError('nonexistent', 'this mailbox holds no messages')
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
  if (to.noSelect) throw holdsNone()
  if (to.uidNext > maxUid) throw new StoreError('limit', 'the mailbox has used all its UIDs; make it anew')
  raiseModseq(tx, to)
  const uid = to.uidNext++
  const row: Row = {
    uid,
    content,
    internalDate,
    saveDate: tx.now,
    modseq: tx.modseq,
    flags,
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
  if (to.noSelect) throw holdsNone()
  const sources: [Uid, Uid][] = []
  const targets: [Uid, Uid][] = []
  const permit = flagPermit(rightsIn(tx.viewer, to))
  // Taken before the first row is added: a copy into the same mailbox must not meet its own copies.
  for (const row of [...rowsOf(from, op.uids)]) {
    // What others keep for themselves goes along whoever copies; the rest needs its right in the target.
    const flags = row.flags & (permit.flags | tx.viewer.privateFlags)
    const keywords = permit.keywords ? inSpellingOf(to, row.keywords) : []
    const uid = addRow(tx, to, row.content, flags, keywords, row.internalDate)
    for (const [guest, { flags: own }] of from.personal) {
      const bits = own.get(row.uid)?.bits
      if (bits !== undefined) personalize(tx, to, guest, uid, { bits, modseq: tx.modseq })
    }
    addUid(targets, uid)
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
  mailbox.past.push({ at: tx.now, row })
  count(tx, mailbox, row, -1)
  releaseContent(tx, row.content)
  for (const [guest, { flags }] of mailbox.personal) {
    if (flags.has(row.uid)) personalize(tx, mailbox, guest, row.uid, undefined)
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
  const permit = permitFlags(op, rightsIn(tx.viewer, mailbox))
  const changed: [Uid, Uid][] = []
  const modified: [Uid, Uid][] = []
  for (const row of rowsOf(mailbox, op.uids)) {
    const modseq = modseqSeen(mailbox, row, tx.viewer)
    // A row that an earlier op of this commit changed carries this commit's number: that is not somebody else's change.
    const foreign = modseq !== tx.modseq
    if (op.unchangedSince !== undefined && foreign && modseq > op.unchangedSince) addUid(modified, row.uid)
    else if (changeFlags(tx, mailbox, row, op, permit)) addUid(changed, row.uid)
  }
  const result: OpResult = { mailbox: mailbox.id, uids: changed }
  return op.unchangedSince === undefined ? result : { ...result, modified }
}

/** Changes one row and says whether that changed anything (R5). */
function changeFlags(tx: Transaction, mailbox: Mailbox, row: Row, op: FlagsOp, permit: FlagPermit): boolean {
  const { guest, privateFlags } = tx.viewer
  const before = flagsSeen(mailbox, row, tx.viewer)
  const after = flagsAfter(before, op, permit)
  const keywords = permit.keywords ? combineKeywords(mailbox, row.keywords, op) : row.keywords
  const own = ((before ^ after) & privateFlags) !== 0
  const shared = ((before ^ after) & ~privateFlags) !== 0 || keywords !== row.keywords
  if (!own && !shared) return false
  raiseModseq(tx, mailbox)
  if (own && guest !== null) {
    personalize(tx, mailbox, guest, row.uid, { bits: after & privateFlags, modseq: tx.modseq })
    mailbox.changes.push({ modseq: tx.modseq, row, guest })
  }
  if (shared) changeRow(tx, mailbox, row, (row.flags & privateFlags) | (after & ~privateFlags), keywords)
  return true
}

/** Changes what everybody sees. */
function changeRow(tx: Transaction, mailbox: Mailbox, row: Row, flags: number, keywords: readonly string[]): void {
  const old = { flags: row.flags, keywords: row.keywords, modseq: row.modseq }
  tx.undo.push(() => Object.assign(row, old))
  if (keywords !== row.keywords) {
    countKeywords(tx, mailbox, row.keywords, -1)
    countKeywords(tx, mailbox, keywords, 1)
    row.keywords = keywords
  }
  countFlags(mailbox, row.flags, -1)
  row.flags = flags
  countFlags(mailbox, row.flags, 1)
  if (row.modseq !== tx.modseq) mailbox.changes.push({ modseq: tx.modseq, row })
  row.modseq = tx.modseq
}

/** Sets the flags that one principal keeps for itself. */
function personalize(
  tx: Transaction,
  mailbox: Mailbox,
  guest: string,
  uid: Uid,
  flags: PersonalFlags | undefined,
): void {
  const old = setPersonal(mailbox, guest, uid, flags)
  tx.undo.push(() => void setPersonal(mailbox, guest, uid, old))
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
