/**
 * All or nothing (R4), by undoing.
 *
 * A commit runs without a pause, so nobody sees its steps. The first touch of a mailbox notes its counters and the
 * lengths of its lists; a change of a row notes how to change it back. When an op is refused, everything is put back,
 * the numbers too: nobody has seen them.
 */
import { StoreError } from '../errors.js'
import { Flag } from '../types.js'
import type { AccountState } from './account.js'
import type { Blobs } from './blobs.js'
import type { Content, Mailbox, Row } from './mailbox.js'
import type { MemoryLimits } from './options.js'
import type { Viewer } from './rights.js'

export interface Transaction {
  readonly state: AccountState
  readonly blobs: Blobs
  readonly limits: MemoryLimits
  readonly viewer: Viewer
  readonly now: number
  /** The modification sequence of whatever this commit changes. */
  readonly modseq: number
  readonly touched: Set<Mailbox>
  /** Something changed that has no mailbox: a subscription, an annotation of the account. */
  accountChanged: boolean
  readonly undo: (() => void)[]
}

export function beginTransaction(state: AccountState, blobs: Blobs, limits: MemoryLimits, viewer: Viewer): Transaction {
  const { modseq, nextId, nextValidity, nextEmailId, bytes, messages } = state
  const restore = () => Object.assign(state, { modseq, nextId, nextValidity, nextEmailId, bytes, messages })
  return {
    state,
    blobs,
    limits,
    viewer,
    now: limits.clock(),
    modseq: modseq + 1,
    touched: new Set(),
    accountChanged: false,
    undo: [restore],
  }
}

/** Says that a mailbox changes: its modification sequence becomes that of the commit. */
export function touch(tx: Transaction, mailbox: Mailbox): void {
  if (tx.touched.has(mailbox)) return
  tx.touched.add(mailbox)
  const { path, uidNext, modseq, role, noSelect, messages, unseen, deleted, bytes, goneRanges } = mailbox
  const slots = mailbox.rows.length
  const changes = mailbox.changes.length
  const gone = [...mailbox.gone.slice(-1)]
  const goneLength = mailbox.gone.length
  const past = mailbox.past.length
  tx.undo.push(() => {
    Object.assign(mailbox, { path, uidNext, modseq, role, noSelect, messages, unseen, deleted, bytes, goneRanges })
    mailbox.rows.length = slots
    mailbox.uids.length = slots
    mailbox.changes.length = changes
    mailbox.gone.length = goneLength
    mailbox.past.length = past
    if (gone[0]) mailbox.gone[goneLength - 1] = gone[0]
  })
}

export function raiseModseq(tx: Transaction, mailbox: Mailbox): void {
  touch(tx, mailbox)
  mailbox.modseq = tx.modseq
  tx.state.modseq = tx.modseq
}

export function rollBack(tx: Transaction): void {
  while (tx.undo.length > 0) tx.undo.pop()!()
}

/** A row that names a content keeps its octets alive. */
export function retain(tx: Transaction, content: Content): void {
  const { contents } = tx.state
  if (content.rows++ === 0) {
    content.blob.references++
    contents.set(content.emailId, content)
  }
  tx.undo.push(() => drop(tx, content))
}

export function releaseContent(tx: Transaction, content: Content): void {
  drop(tx, content)
  tx.undo.push(() => {
    if (content.rows++ > 0) return
    content.blob.references++
    tx.state.contents.set(content.emailId, content)
  })
}

function drop(tx: Transaction, content: Content): void {
  if (--content.rows > 0) return
  tx.state.contents.delete(content.emailId)
  tx.blobs.release(content.blob)
}

/** Adds to the counters of a mailbox and its account what a row is worth, once (`sign` 1) or back (-1). */
export function count(tx: Transaction, mailbox: Mailbox, row: Row, sign: 1 | -1): void {
  mailbox.messages += sign
  mailbox.bytes += sign * row.content.size
  tx.state.messages += sign
  tx.state.bytes += sign * row.content.size
  countFlags(mailbox, row.flags, sign)
  countKeywords(tx, mailbox, row.keywords, sign)
}

export function countFlags(mailbox: Mailbox, flags: number, sign: 1 | -1): void {
  if ((flags & Flag.Seen) === 0) mailbox.unseen += sign
  if ((flags & Flag.Deleted) !== 0) mailbox.deleted += sign
}

/** Keeps how many rows use a keyword; the limit is on keywords in use. */
export function countKeywords(tx: Transaction, mailbox: Mailbox, keywords: readonly string[], sign: 1 | -1): void {
  if (keywords.length === 0) return
  use(mailbox, keywords, sign)
  tx.undo.push(() => use(mailbox, keywords, -sign))
  if (sign > 0 && mailbox.keywords.size > tx.limits.maxKeywords) {
    throw new StoreError('limit', `a mailbox has at most ${tx.limits.maxKeywords} keywords here`)
  }
}

function use(mailbox: Mailbox, keywords: readonly string[], by: number): void {
  for (const name of keywords) {
    const folded = name.toLowerCase()
    const uses = (mailbox.keywords.get(folded)?.uses ?? 0) + by
    if (uses <= 0) mailbox.keywords.delete(folded)
    else mailbox.keywords.set(folded, { name: mailbox.keywords.get(folded)?.name ?? name, uses })
  }
}
