/** Sorting (RFC 5256 §3): the search's messages by keys, ties by message number. Memory goes with the keys. */
import type { Column, UidSet } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import type { SortOrder } from '../extension.js'
import { evaluate } from '../search/evaluate.js'
import type { SearchedMessage } from '../search/message.js'
import type { SearchProgram } from '../search/program.js'
import { Work } from '../search/work.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'
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

/** The messages that a program means, in mailbox order, each with its keys. `within`: only of these. */
export async function sortEntries(
  session: ImapSession,
  view: MailboxView,
  sorting: Sorting,
  options: { readonly within?: UidSet; readonly modseq?: boolean; readonly work?: Work } = {},
): Promise<SortEntry[]> {
  const { program, order, values } = sorting
  if (!order.every(({ criterion }) => criterion.lasting)) return freshEntries(session, view, sorting, options)
  const work = options.work ?? new Work(session)
  const { uids, modseqs } = await evaluate(session, view, program, { ...options, work })
  const kinds = order.map(({ criterion: { name, needs, key } }): KeyKind<number | string> => {
    return { name, needs, key: (message) => key(message, values) }
  })
  const maps = await session.server.keyCache.keys(session, view, kinds, uids, work)
  const entries: SortEntry[] = []
  for (let i = 0; i < uids.length; i++) {
    const uid = uids[i]
    const keys = maps.map((map) => map.get(uid)) as (number | string)[]
    // A message that has gone meanwhile has none.
    if (keys[0] !== undefined) entries.push({ uid, modseq: modseqs?.[i] ?? 0, keys })
  }
  return entries
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

/** The same, in order. */
export async function sorted(
  session: ImapSession,
  view: MailboxView,
  sorting: Sorting,
  modseq: boolean,
): Promise<SortEntry[]> {
  const work = new Work(session)
  const entries = await sortEntries(session, view, sorting, { modseq, work })
  return sortInTurns(entries, comparer(sorting.order), () => work.pause())
}
