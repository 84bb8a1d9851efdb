/** An order of messages from that of nearly the same ones: what is new finds its place, the rest is not compared again. */
import type { Made } from './key-cache.js'
import { sortInTurns } from './sort-in-turns.js'

/** Compares the messages at two positions; never 0 for different ones. */
export type ComparePositions = (a: number, b: number) => number

/** A part this small of what was ordered before is ordered by itself. */
const SMALL_PART = 1 / 16

/** Positions in `uids` (ascending), in order. `last`: an earlier order by the same keys; its result is shared. */
export async function orderFrom(
  last: Made | undefined,
  uids: Uint32Array,
  compare: ComparePositions,
  pause: () => void | Promise<void>,
): Promise<Float64Array> {
  if (last && uids.length >= last.uids.length * SMALL_PART) {
    if (sameUids(last.uids, uids)) return last.result
    const { kept, fresh } = carried(last, uids)
    if (fresh.length <= kept.length) return merged(kept, await sortInTurns(fresh, compare, pause), compare, pause)
  }
  const all = Array.from(uids, (_, position) => position)
  return Float64Array.from(await sortInTurns(all, compare, pause))
}

/** Are these the same? */
export function sameUids(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Positions of what was there before, in its order, and of what is new. */
function carried(last: Made, uids: Uint32Array): { readonly kept: number[]; readonly fresh: number[] } {
  const places = new Int32Array(last.uids.length).fill(-1)
  const fresh: number[] = []
  let old = 0
  for (let position = 0; position < uids.length; position++) {
    const uid = uids[position]
    while (old < places.length && last.uids[old] < uid) old++
    if (old < places.length && last.uids[old] === uid) places[old++] = position
    else fresh.push(position)
  }
  const kept: number[] = []
  for (const before of last.result) if (places[before] !== -1) kept.push(places[before])
  return { kept, fresh }
}

async function merged(
  kept: readonly number[],
  fresh: readonly number[],
  compare: ComparePositions,
  pause: () => void | Promise<void>,
): Promise<Float64Array> {
  const order = new Float64Array(kept.length + fresh.length)
  let from = 0
  let into = 0
  for (const one of fresh) {
    for (const to = placeOf(kept, one, compare, from); from < to; from++) order[into++] = kept[from]
    order[into++] = one
    const slow = pause()
    if (slow) await slow
  }
  for (; from < kept.length; from++) order[into++] = kept[from]
  return order
}

/** Where `one` belongs in a list that is in order, from place `low` on: before what is not less. */
export function placeOf<T>(list: readonly T[], one: T, compare: (a: T, b: T) => number, low = 0): number {
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(list[middle], one) < 0) low = middle + 1
    else high = middle
  }
  return low
}
