/**
 * UIDs for a source that has none: UUIDs, sharded ids, rows that can be back-dated or that become visible late.
 *
 * A message gets its UID when it is discovered, under the sidecar's compare-and-set: what is discovered later has a
 * larger UID whatever its own id is (R1). Changes and removals are discovered in the same way and raise the mailbox's
 * modseq, so a source without any history has CONDSTORE and QRESYNC. Discovery reads all messages of a mailbox, at
 * each `mailboxes()`; that suits mailboxes of up to some ten thousand messages.
 */
import { StoreError } from './errors.js'
import {
  type Account,
  type Batches,
  type ByteRange,
  Flag,
  type MailboxInfo,
  type MessageRow,
  type ModSeq,
  type Source,
  type Uid,
  type UidSet,
} from './types.js'
import { uidSetContains, uidSetFromSorted, uidSetUnion } from './uid-set.js'

/** A message as its source has it. `key` names it for ever; its octets never change. */
export interface UnnumberedMessage extends Omit<MessageRow, 'uid' | 'modseq' | 'emailId'> {
  readonly key: string
  readonly emailId?: string
}

export interface UnnumberedMailbox {
  /** Names the mailbox for ever; becomes its id. */
  readonly key: string
  readonly path: readonly string[]
  readonly role?: string
}

export interface UnnumberedSource {
  /** One of them is `INBOX`. */
  mailboxes(): Promise<readonly UnnumberedMailbox[]>
  /** All messages of a mailbox, in the order in which they should get their UIDs. */
  messages(mailbox: string): Batches<UnnumberedMessage>
  read(blob: string, range?: ByteRange): Source
}

export interface UidMapEntry {
  readonly key: string
  readonly uid: Uid
  readonly modseq: ModSeq
  /** What can change in the message, as the source had it at `modseq`. */
  readonly mark: string
}

export interface UidMapState {
  readonly uidValidity: number
  readonly uidNext: Uid
  readonly modseq: ModSeq
  readonly entries: readonly UidMapEntry[]
  /** What was removed, and when that was discovered. */
  readonly gone: readonly { readonly modseq: ModSeq; readonly uids: UidSet }[]
}

/** What one discovery changes. */
export interface UidMapChange {
  readonly uidValidity: number
  readonly uidNext: Uid
  readonly modseq: ModSeq
  /** New and changed entries, to be stored under their keys. */
  readonly put: readonly UidMapEntry[]
  readonly removed: readonly UidMapEntry[]
}

/** Where the numbers are kept: it has to be as durable as the mail. */
export interface UidSidecar {
  load(mailbox: string): Promise<UidMapState | null>
  /** Stores all of it in one step if the modseq kept is still `expected` (0: nothing is kept yet); else false. */
  save(mailbox: string, expected: ModSeq, change: UidMapChange): Promise<boolean>
}

interface Known {
  state: UidMapState
  rows: readonly MessageRow[]
}

/** A read-only account over a source without UIDs. `clock` (milliseconds, default `Date.now`) gives the UIDVALIDITY. */
export function withUidMap(
  source: UnnumberedSource,
  sidecar: UidSidecar,
  options: { readonly clock?: () => number } = {},
): Account {
  const known = new Map<string, Known>()
  const clock = options.clock ?? Date.now
  let turn: Promise<unknown> = Promise.resolve()

  /** One discovery after the other; those of other processes are kept apart by the sidecar. */
  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const next = turn.then(run, run)
    turn = next.catch(() => {})
    return next
  }

  async function discover(mailbox: string): Promise<Known> {
    for (;;) {
      const state = known.get(mailbox)?.state ?? (await sidecar.load(mailbox)) ?? firstState(clock())
      const messages: UnnumberedMessage[] = []
      for await (const page of source.messages(mailbox)) messages.push(...page)
      const change = compare(state, messages)
      const fresh = state.modseq === 0
      if (!fresh && change.put.length === 0 && change.removed.length === 0) return remember(mailbox, state, messages)
      if (await sidecar.save(mailbox, state.modseq, change)) return remember(mailbox, applied(state, change), messages)
      known.delete(mailbox)
    }
  }

  function remember(mailbox: string, state: UidMapState, messages: readonly UnnumberedMessage[]): Known {
    const found = { state, rows: rowsOf(state, messages) }
    known.set(mailbox, found)
    return found
  }

  const lookUp = async (mailbox: string): Promise<Known> => {
    const found = known.get(mailbox)
    if (found) return found
    const exists = (await source.mailboxes()).some(({ key }) => key === mailbox)
    if (!exists) throw new StoreError('nonexistent', 'no such mailbox')
    return inTurn(() => discover(mailbox))
  }

  return {
    async mailboxes() {
      const mailboxes = await source.mailboxes()
      const infos = await inTurn(async () => {
        const all: MailboxInfo[] = []
        for (const mailbox of mailboxes) all.push(infoOf(mailbox, await discover(mailbox.key)))
        return all
      })
      for (const key of known.keys()) if (!mailboxes.some((mailbox) => mailbox.key === key)) known.delete(key)
      return infos
    },
    async *messages(mailbox, { uids, since = 0 }) {
      const { rows } = await lookUp(mailbox)
      const page = rows.filter((row) => row.modseq > since && (!uids || uidSetContains(uids, row.uid)))
      for (let at = 0; at < page.length; at += 500) yield page.slice(at, at + 500)
    },
    read: (blob, range) => source.read(blob, range),
    async vanished(mailbox, since) {
      const { gone } = (await lookUp(mailbox)).state
      return gone.reduce<UidSet>((all, { modseq, uids }) => (modseq > since ? uidSetUnion(all, uids) : all), [])
    },
    uids: async (mailbox) => Uint32Array.from((await lookUp(mailbox)).rows, ({ uid }) => uid),
  }
}

function firstState(now: number): UidMapState {
  return { uidValidity: Math.max(1, Math.floor(now / 1000)), uidNext: 1, modseq: 0, entries: [], gone: [] }
}

function markOf({ flags, keywords = [] }: UnnumberedMessage): string {
  return [flags, ...[...keywords].sort()].join(' ')
}

function compare(state: UidMapState, messages: readonly UnnumberedMessage[]): UidMapChange {
  const before = new Map(state.entries.map((entry) => [entry.key, entry]))
  const modseq = state.modseq + 1
  const put: UidMapEntry[] = []
  let { uidNext } = state
  for (const message of messages) {
    const entry = before.get(message.key)
    const mark = markOf(message)
    before.delete(message.key)
    if (!entry) put.push({ key: message.key, uid: uidNext++, modseq, mark })
    else if (entry.mark !== mark) put.push({ ...entry, modseq, mark })
  }
  return { uidValidity: state.uidValidity, uidNext, modseq, put, removed: [...before.values()] }
}

/** The state after a change: what a sidecar that keeps whole states can store. */
export function applyUidMapChange(state: UidMapState | null, change: UidMapChange): UidMapState {
  return applied(state ?? firstState(0), change)
}

function applied(state: UidMapState, { put, removed, ...numbers }: UidMapChange): UidMapState {
  const entries = new Map(state.entries.map((entry) => [entry.key, entry]))
  for (const { key } of removed) entries.delete(key)
  for (const entry of put) entries.set(entry.key, entry)
  const uids = uidSetFromSorted(removed.map(({ uid }) => uid).sort((a, b) => a - b))
  const gone = uids.length === 0 ? state.gone : [...state.gone, { modseq: numbers.modseq, uids }]
  return { ...numbers, entries: [...entries.values()], gone }
}

function rowsOf(state: UidMapState, messages: readonly UnnumberedMessage[]): readonly MessageRow[] {
  const entries = new Map(state.entries.map((entry) => [entry.key, entry]))
  return messages
    .map(({ key, emailId = '', ...message }) => {
      const { uid, modseq } = entries.get(key)!
      return { ...message, emailId, uid, modseq }
    })
    .sort((a, b) => a.uid - b.uid)
}

function infoOf({ key, path, role }: UnnumberedMailbox, { state, rows }: Known): MailboxInfo {
  const { uidValidity, uidNext, modseq } = state
  return {
    id: key,
    path,
    uidValidity,
    uidNext,
    modseq,
    messages: rows.length,
    unseen: rows.filter(({ flags }) => (flags & Flag.Seen) === 0).length,
    bytes: rows.reduce((sum, { size }) => sum + size, 0),
    ...(role === undefined ? {} : { role }),
  }
}

/** A sidecar in memory, for tests. */
export function createMemoryUidSidecar(): UidSidecar {
  const states = new Map<string, UidMapState>()
  return {
    load: async (mailbox) => states.get(mailbox) ?? null,
    async save(mailbox, expected, change) {
      const state = states.get(mailbox) ?? null
      if ((state?.modseq ?? 0) !== expected) return false
      states.set(mailbox, applyUidMapChange(state, change))
      return true
    },
  }
}
