/** What is known of one mailbox of a source: its numbers and its messages, changed in place so that k changes cost k. */
import { Flag, type MailboxInfo, type MessageRow, type ModSeq, type Uid, type UidSet } from '../types.js'
import { uidSetFromSorted, uidSetOf } from '../uid-set.js'
import type {
  UidMapChange,
  UidMapEntry,
  UidMapState,
  UnnumberedChanges,
  UnnumberedMailbox,
  UnnumberedMessage,
} from './types.js'

export interface Known {
  uidValidity: number
  uidNext: Uid
  modseq: ModSeq
  /** By key. */
  readonly entries: Map<string, UidMapEntry>
  /** By UID; a new UID is larger than all others, so they stand in order, with holes closed by deletion. */
  readonly rows: Map<Uid, MessageRow>
  readonly keys: Map<Uid, string>
  readonly gone: { readonly modseq: ModSeq; readonly uids: UidSet }[]
  /** Where the source goes on; `null`: it has to be read as a whole. */
  cursor: string | null
  /** Until then (ms) the source is not read again for those who ask what has changed. */
  restUntil: number
  unseen: number
  bytes: number
}

export function knownFrom(state: UidMapState | null, now: number): Known {
  return {
    uidValidity: state?.uidValidity ?? Math.max(1, Math.floor(now / 1000)),
    uidNext: state?.uidNext ?? 1,
    modseq: state?.modseq ?? 0,
    entries: new Map(state?.entries.map((entry) => [entry.key, entry])),
    rows: new Map(),
    keys: new Map(state?.entries.map(({ key, uid }) => [uid, key])),
    gone: [...(state?.gone ?? [])],
    cursor: null,
    restUntil: 0,
    unseen: 0,
    bytes: 0,
  }
}

/** Removals that are kept apart by the time at which they were discovered. */
const MOST_GONE = 1000

/** What can change in a message, as one text. */
function markOf({ flags, keywords = [] }: UnnumberedMessage): string {
  return [flags, ...[...keywords].sort()].join(' ')
}

/** What a discovery has to store. `all`: messages that are not named are gone. */
export function changeOf(
  known: Known,
  { changed, removed }: Omit<UnnumberedChanges, 'cursor'>,
  all: boolean,
): UidMapChange {
  const modseq = known.modseq + 1
  const put = new Map<string, UidMapEntry>()
  let { uidNext } = known
  for (const message of changed) {
    const entry = put.get(message.key) ?? known.entries.get(message.key)
    const mark = markOf(message)
    if (!entry) put.set(message.key, { key: message.key, uid: uidNext++, modseq, mark })
    else if (entry.mark !== mark) put.set(message.key, { ...entry, modseq, mark })
  }
  const named = all ? new Set(changed.map(({ key }) => key)) : undefined
  const gone = named ? [...known.entries.keys()].filter((key) => !named.has(key)) : removed
  const entries = gone.flatMap((key) => known.entries.get(key) ?? [])
  // What came and went between two looks was never seen: it gets no number.
  for (const key of removed) if (!known.entries.has(key)) put.delete(key)
  return { uidValidity: known.uidValidity, uidNext, modseq, put: [...put.values()], removed: entries }
}

/** Brings what is known up to a change that was stored. */
export function apply(known: Known, change: UidMapChange, messages: readonly UnnumberedMessage[]): void {
  if (change.put.length > 0 || change.removed.length > 0 || known.modseq === 0) {
    known.modseq = change.modseq
    known.uidNext = change.uidNext
  }
  for (const { key, uid } of change.removed) {
    known.entries.delete(key)
    known.keys.delete(uid)
    setRow(known, uid, undefined)
  }
  const uids = change.removed.map(({ uid }) => uid).sort((a, b) => a - b)
  if (uids.length > 0) noteGone(known, change.modseq, uidSetFromSorted(uids))
  for (const entry of change.put) {
    known.entries.set(entry.key, entry)
    known.keys.set(entry.uid, entry.key)
  }
  for (const { key, emailId = '', ...message } of messages) {
    const entry = known.entries.get(key)
    if (entry) setRow(known, entry.uid, { ...message, emailId, uid: entry.uid, modseq: entry.modseq })
  }
}

/**
 * The oldest removals become one: who asks for those since a time in between hears of some that were gone before, which is
 * complete (R10). Their UIDs join to ranges, so what is kept grows with the messages that are there.
 */
function noteGone({ gone }: Known, modseq: ModSeq, uids: UidSet): void {
  gone.push({ modseq, uids })
  if (gone.length <= MOST_GONE) return
  const old = gone.splice(0, MOST_GONE / 2)
  gone.unshift({ modseq: old.at(-1)!.modseq, uids: uidSetOf(old.flatMap((one) => one.uids)) })
}

function setRow(known: Known, uid: Uid, row: MessageRow | undefined): void {
  const before = known.rows.get(uid)
  if (before) count(known, before, -1)
  if (row) {
    count(known, row, 1)
    known.rows.set(uid, row)
  } else known.rows.delete(uid)
}

function count(known: Known, { size, flags }: MessageRow, sign: 1 | -1): void {
  known.bytes += sign * size
  if ((flags & Flag.Seen) === 0) known.unseen += sign
}

/** After a first reading the rows come in the source's order; they are looked at in that of their UIDs. */
export function sortRows(known: Known): void {
  let last = 0
  let sorted = true
  for (const uid of known.rows.keys()) {
    if (uid < last) sorted = false
    last = uid
  }
  if (sorted) return
  const rows = [...known.rows].sort(([a], [b]) => a - b)
  known.rows.clear()
  for (const [uid, row] of rows) known.rows.set(uid, row)
}

export function vanishedSince({ gone }: Known, since: ModSeq): UidSet {
  return uidSetOf(gone.flatMap(({ modseq, uids }) => (modseq > since ? uids : [])))
}

export function infoOf({ key, path, role }: UnnumberedMailbox, known: Known): MailboxInfo {
  const { uidValidity, uidNext, modseq, unseen, bytes } = known
  return {
    id: key,
    path,
    uidValidity,
    uidNext,
    modseq,
    messages: known.rows.size,
    unseen,
    bytes,
    ...(role === undefined ? {} : { role }),
  }
}
