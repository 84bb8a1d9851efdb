/** Sorting (RFC 5256 §3): the search's messages by keys, ties by message number. Memory goes with the keys. */
import type { Column, UidSet } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import type { SortOrder } from '../extension.js'
import { evaluate, type Found } from '../search/evaluate.js'
import type { SearchedMessage } from '../search/message.js'
import type { SearchProgram } from '../search/program.js'
import { Work } from '../search/work.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'
import { type ComparePositions, orderFrom } from './kept-order.js'
import type { KeyKind } from './key-cache.js'
import { sortInTurns } from './sort-in-turns.js'

/** One message with what it is sorted by. */
export interface SortEntry {
  readonly uid: number
  readonly modseq: number
  readonly keys: readonly (number | string)[]
}

/** Reads `(SUBJECT REVERSE DATE)`. */
export function parseOrder(cursor: Cursor, session: ImapSession): readonly SortOrder[] {
  const { parts, limits } = session
  const order: SortOrder[] = []
  let reverse = false
  cursor.list(() => {
    const name = cursor.word('Sort criterion')
    if (name === 'REVERSE' && !reverse) {
      reverse = true
      return
    }
    const criterion = parts.sortCriteria.get(name)
    if (!criterion) return cursor.fail(`${name} is nothing to sort by`)
    order.push({ criterion, reverse })
    reverse = false
    if (order.length > limits.sortCriteria) cursor.fail(`There may be ${limits.sortCriteria} criteria at most`)
  })
  if (order.length === 0 || reverse) cursor.fail('Sort criterion expected')
  return order
}

/** Compares two messages in an order; by UID where all keys are the same (REVERSE does not turn that). */
export function comparer(order: readonly SortOrder[]): (a: SortEntry, b: SortEntry) => number {
  const signs = order.map(({ reverse }) => (reverse ? -1 : 1))
  return (a, b) => {
    for (let i = 0; i < signs.length; i++) {
      const one = a.keys[i]
      const other = b.keys[i]
      if (one !== other) return one < other ? -signs[i] : signs[i]
    }
    return a.uid - b.uid
  }
}

/** What is sorted. */
export interface Sorting {
  readonly program: SearchProgram
  readonly order: readonly SortOrder[]
  readonly values: ReadonlyMap<string, unknown>
}

/** What is looked at of a sorting. */
interface SortOptions {
  /** Only these. */
  readonly within?: UidSet
  readonly modseq?: boolean
  readonly work?: Work
}

/** The messages that a program means, in mailbox order, each with its keys. */
export async function sortEntries(
  session: ImapSession,
  view: MailboxView,
  sorting: Sorting,
  options: SortOptions = {},
): Promise<SortEntry[]> {
  if (!isLasting(sorting)) return freshEntries(session, view, sorting, options)
  const { found, maps } = await keyed(session, view, sorting, options)
  return Array.from(found.uids, (_, position) => entryAt(found, maps, position))
}

function isLasting({ order }: Sorting): boolean {
  return order.every(({ criterion }) => criterion.lasting)
}

type KeyMaps = readonly ReadonlyMap<number, unknown>[]

/** What a program means and is there still, with its keys from the cache. */
async function keyed(
  session: ImapSession,
  view: MailboxView,
  { program, order, values }: Sorting,
  options: SortOptions,
): Promise<{ readonly found: Found; readonly maps: KeyMaps }> {
  const work = options.work ?? new Work(session)
  const found = await evaluate(session, view, program, { ...options, work })
  const kinds = order.map(({ criterion: { name, needs, key } }): KeyKind<number | string> => {
    return { name, needs, key: (message) => key(message, values) }
  })
  const maps = await session.server.keyCache.keys(session, view, kinds, found.uids, work)
  const [first] = maps
  // A message that has gone meanwhile has none.
  if (found.uids.every((uid) => first.has(uid))) return { found, maps }
  const uids = found.uids.filter((uid) => first.has(uid))
  const modseqs = found.modseqs?.filter((_, i) => first.has(found.uids[i])) ?? null
  return { found: { uids, modseqs }, maps }
}

function entryAt({ uids, modseqs }: Found, maps: KeyMaps, position: number): SortEntry {
  const uid = uids[position]
  return { uid, modseq: modseqs?.[position] ?? 0, keys: maps.map((map) => map.get(uid)) as (number | string)[] }
}

/** With keys that are good for this search only. */
async function freshEntries(
  session: ImapSession,
  view: MailboxView,
  { program, order, values }: Sorting,
  options: { readonly within?: UidSet; readonly work?: Work },
): Promise<SortEntry[]> {
  const entries: SortEntry[] = []
  const needs = new Set<Column>(order.flatMap(({ criterion }) => criterion.needs))
  const see = async (message: SearchedMessage): Promise<void> => {
    const keys = await Promise.all(order.map(({ criterion }) => criterion.key(message, values)))
    entries.push({ uid: message.row.uid, modseq: message.row.modseq, keys })
  }
  await evaluate(session, view, program, { ...options, visit: { needs: [...needs], see } })
  return entries
}

/** Messages in order. */
export interface Sorted extends Found {
  /** Each with its keys. */
  entries(): readonly SortEntry[]
}

/** The messages that a program means, in order. */
export async function sorted(
  session: ImapSession,
  view: MailboxView,
  sorting: Sorting,
  modseq: boolean,
): Promise<Sorted> {
  const work = new Work(session)
  const pause = (): void | Promise<void> => work.pause()
  if (!isLasting(sorting)) {
    const fresh = await freshEntries(session, view, sorting, { work })
    return inOrder(await sortInTurns(fresh, comparer(sorting.order), pause), modseq)
  }
  const { found, maps } = await keyed(session, view, sorting, { modseq, work })
  const { uids } = found
  const { keyCache } = session.server
  const name = `SORT ${sorting.order.map(({ criterion, reverse }) => `${reverse ? '-' : ''}${criterion.name}`).join(' ')}`
  const last = keyCache.made(session, view, name)
  const result = await orderFrom(last, uids, positionComparer(sorting.order, maps, uids), pause)
  if (result !== last?.result) keyCache.keep(session, view, name, { uids, result })
  return {
    uids: Uint32Array.from(result, (position) => uids[position]),
    modseqs: found.modseqs && Float64Array.from(result, (position) => found.modseqs?.[position] ?? 0),
    entries: () => Array.from(result, (position) => entryAt(found, maps, position)),
  }
}

function inOrder(entries: readonly SortEntry[], modseq: boolean): Sorted {
  return {
    uids: Uint32Array.from(entries, ({ uid }) => uid),
    modseqs: modseq ? Float64Array.from(entries, (entry) => entry.modseq) : null,
    entries: () => entries,
  }
}

/** As `comparer`, for positions in `uids`. */
function positionComparer(order: readonly SortOrder[], maps: KeyMaps, uids: Uint32Array): ComparePositions {
  const signs = order.map(({ reverse }) => (reverse ? -1 : 1))
  let columns: (number | string)[][] | null = null
  return (a, b) => {
    columns ??= maps.map((map) => Array.from(uids, (uid) => map.get(uid) as number | string))
    for (let i = 0; i < signs.length; i++) {
      const one = columns[i][a]
      const other = columns[i][b]
      if (one !== other) return one < other ? -signs[i] : signs[i]
    }
    return a - b
  }
}
