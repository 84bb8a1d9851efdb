/**
 * One mailbox of a memory store: its rows by UID, the order in which they changed, and what was expunged.
 *
 * Rows stand in an array by UID with holes where messages were expunged; the holes are closed when they are more than
 * the rows, so that an expunge of k messages costs k and not n. `changes` is the list of changes by modification
 * sequence; an entry is stale when its row has changed again since.
 */
import type { MailboxId, Uid, UidSet } from '../types.js'
import { maxUid, uidSetContains, uidSetOf, uidSetUnion } from '../uid-set.js'
import type { Blob } from './blobs.js'
import type { Personal } from './personal.js'

/** What copies of one message share. */
export interface Content {
  readonly emailId: string
  readonly threadId: string | undefined
  readonly blob: Blob
  readonly size: number
  readonly prefix: Uint8Array | undefined
  readonly header: Uint8Array | undefined
  summary: Uint8Array
  /** Rows that share it. */
  rows: number
}

export interface Row {
  readonly uid: Uid
  readonly content: Content
  readonly internalDate: number
  readonly saveDate: number
  modseq: number
  flags: number
  /** In the spelling of the mailbox; the same array is never changed in place. */
  keywords: readonly string[]
}

interface Change {
  readonly modseq: number
  readonly row: Row
  /** Whose personal flags changed; absent: what everybody sees. */
  readonly guest?: string
}

export interface Mailbox {
  readonly id: MailboxId
  path: readonly string[]
  uidValidity: number
  uidNext: Uid
  modseq: number
  role: string | undefined
  noSelect: boolean
  messages: number
  unseen: number
  deleted: number
  bytes: number
  /** The UID of each slot of `rows`, ascending. */
  uids: Uid[]
  rows: (Row | undefined)[]
  changes: Change[]
  /** How long `changes` may become before the stale ones are dropped: twice what was left the last time. */
  changesLimit: number
  /** `vanished` is complete from here on. */
  floor: number
  gone: { readonly modseq: number; readonly uids: UidSet }[]
  /** Rows that were expunged within the grace time, the oldest first. */
  past: { readonly at: number; readonly row: Row }[]
  /** Ranges in `gone`. */
  goneRanges: number
  /** By folded name. */
  keywords: Map<string, { readonly name: string; uses: number }>
  /** Flags of their own that principals other than the owner have. */
  readonly personal: Map<string, Personal>
  /** Rights by identifier, without the owner. */
  readonly acl: Map<string, string>
}

export function createMailbox(id: MailboxId, path: readonly string[], uidValidity: number, modseq: number): Mailbox {
  return {
    id,
    path,
    uidValidity,
    uidNext: 1,
    modseq,
    role: undefined,
    noSelect: false,
    messages: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    uids: [],
    rows: [],
    changes: [],
    changesLimit: 64,
    floor: 0,
    gone: [],
    past: [],
    goneRanges: 0,
    keywords: new Map(),
    personal: new Map(),
    acl: new Map(),
  }
}

/** The index of the first slot whose UID is not smaller. */
export function slotOf(mailbox: Mailbox, uid: Uid): number {
  const { uids } = mailbox
  let from = 0
  let to = uids.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (uids[middle]! < uid) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * The rows of a set, ascending; absent UIDs are stepped over (R12). Others may write between two of them: what they
 * expunge is not given any more, and nothing else is left out.
 */
export function* rowsOf(mailbox: Mailbox, uids: UidSet | undefined): Generator<Row, void, undefined> {
  let { rows } = mailbox
  for (const [lo, hi] of uids ?? [[1, maxUid] as const]) {
    // A hole keeps its UID, so that a range ends where it says and not at the next row that is there.
    for (let slot = slotOf(mailbox, lo); slot < mailbox.rows.length && mailbox.uids[slot]! <= hi; slot++) {
      const row = mailbox.rows[slot]
      if (!row) continue
      yield row
      if (rows === mailbox.rows) continue
      // The holes were closed meanwhile: the rows stand elsewhere.
      rows = mailbox.rows
      slot = slotOf(mailbox, row.uid + 1) - 1
    }
  }
}

/** The rows that changed after `since` for everybody or for this guest, by UID. */
export function rowsSince(mailbox: Mailbox, since: number, guest: string | null): Row[] {
  const { changes } = mailbox
  let from = 0
  let to = changes.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (changes[middle]!.modseq <= since) from = middle + 1
    else to = middle
  }
  const rows = new Set<Row>()
  for (; from < changes.length; from++) {
    const change = changes[from]!
    if (change.guest !== undefined && change.guest !== guest) continue
    if (isLast(mailbox, change)) rows.add(change.row)
  }
  return [...rows].sort((a, b) => a.uid - b.uid)
}

/** Is it the last change of its row, and the row still there? */
function isLast(mailbox: Mailbox, { modseq, row, guest }: Change): boolean {
  const last = guest === undefined ? row.modseq : mailbox.personal.get(guest)?.flags.get(row.uid)?.modseq
  return last === modseq && isPresent(mailbox, row)
}

function isPresent(mailbox: Mailbox, row: Row): boolean {
  return mailbox.rows[slotOf(mailbox, row.uid)] === row
}

/** Closes holes and drops stale changes once they are the larger part. Never while a commit may still be undone. */
export function tidy(mailbox: Mailbox, maxVanishedRanges: number): void {
  if (mailbox.rows.length > 64 && mailbox.rows.length > 2 * mailbox.messages) {
    mailbox.uids = mailbox.uids.filter((_, slot) => mailbox.rows[slot])
    mailbox.rows = mailbox.rows.filter((row) => row)
  }
  if (mailbox.changes.length > mailbox.changesLimit) {
    mailbox.changes = mailbox.changes.filter((change) => isLast(mailbox, change))
    mailbox.changesLimit = Math.max(64, 2 * mailbox.changes.length)
  }
  if (mailbox.goneRanges > maxVanishedRanges) trimVanished(mailbox, maxVanishedRanges)
}

/** Forgets the oldest expunges until half of the allowed ranges are left, and raises the floor past them (R10). */
export function trimVanished(mailbox: Mailbox, maxRanges: number): void {
  let drop = 0
  while (drop < mailbox.gone.length && mailbox.goneRanges > maxRanges / 2) {
    const { modseq, uids } = mailbox.gone[drop++]!
    mailbox.floor = modseq
    mailbox.goneRanges -= uids.length
  }
  mailbox.gone.splice(0, drop)
}

/** The UIDs expunged after `since`, or `null` when they are no longer all known. */
export function vanishedSince(mailbox: Mailbox, since: number): UidSet | null {
  if (since < mailbox.floor) return null
  const ranges: UidSet[number][] = []
  for (let i = mailbox.gone.length - 1; i >= 0 && mailbox.gone[i]!.modseq > since; i--) {
    for (const range of mailbox.gone[i]!.uids) ranges.push(range)
  }
  return ranges.length === 0 ? [] : uidSetOf(ranges)
}

/** Forgets expunged rows whose octets may be collected soon. */
export function forgetPast(mailbox: Mailbox, before: number): void {
  const { past } = mailbox
  if (past.length === 0 || past[0]!.at > before) return
  const kept = past.findIndex(({ at }) => at > before)
  past.splice(0, kept === -1 ? past.length : kept)
}

/** Rows expunged within the grace time, by UID. */
export function pastRows(mailbox: Mailbox, uids: UidSet | undefined): Row[] {
  const rows = mailbox.past.map(({ row }) => row).filter(({ uid }) => !uids || uidSetContains(uids, uid))
  return rows.sort((a, b) => a.uid - b.uid)
}

/** Notes an expunge; several in one commit become one entry. */
export function noteGone(mailbox: Mailbox, modseq: number, uids: UidSet): void {
  const last = mailbox.gone.at(-1)
  const same = last?.modseq === modseq
  const all = same ? uidSetUnion(last.uids, uids) : uids
  if (same) mailbox.gone.pop()
  mailbox.gone.push({ modseq, uids: all })
  mailbox.goneRanges += all.length - (same ? last.uids.length : 0)
}
