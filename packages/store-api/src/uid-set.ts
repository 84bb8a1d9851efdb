import type { Uid, UidSet } from './types.js'

/**
 * Sets of UIDs as ranges: sorted, disjoint, coalesced. Nothing here expands a range, so `1:4294967295` costs what one
 * number costs.
 */

/** No UIDs. */
export const EMPTY_UID_SET: UidSet = Object.freeze([])

/** Every UID there can be. */
export const ALL_UIDS: UidSet = Object.freeze([Object.freeze([1, 4294967295] as const)])

/** The set of numbers given in any order; doubles are allowed. */
export function uidSetOf(uids: Iterable<Uid>): UidSet {
  const sorted = Uint32Array.from(uids).sort()
  const ranges: [Uid, Uid][] = []
  for (const uid of sorted) {
    const last = ranges[ranges.length - 1]
    if (last && uid <= last[1] + 1) last[1] = uid
    else ranges.push([uid, uid])
  }
  return ranges
}

/** The set of ranges given in any order; they may overlap and stand upside down (`9:1`). */
export function normalizeUidSet(ranges: Iterable<readonly [Uid, Uid]>): UidSet {
  const sorted = [...ranges].map(([a, b]): [Uid, Uid] => (a <= b ? [a, b] : [b, a])).sort((a, b) => a[0] - b[0])
  const result: [Uid, Uid][] = []
  for (const [lo, hi] of sorted) {
    const last = result[result.length - 1]
    if (last && lo <= last[1] + 1) last[1] = Math.max(last[1], hi)
    else result.push([lo, hi])
  }
  return result
}

/** Is the UID in the set? By halving. */
export function uidSetHas(set: UidSet, uid: Uid): boolean {
  let low = 0
  let high = set.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [lo, hi] = set[middle]
    if (uid < lo) high = middle - 1
    else if (uid > hi) low = middle + 1
    else return true
  }
  return false
}

/** How many numbers the set holds. */
export function uidSetSize(set: UidSet): number {
  let size = 0
  for (const [lo, hi] of set) size += hi - lo + 1
  return size
}

/** What is in either. */
export function uidSetUnion(a: UidSet, b: UidSet): UidSet {
  return a.length === 0 ? b : b.length === 0 ? a : normalizeUidSet([...a, ...b])
}

/** What is in both. */
export function uidSetIntersection(a: UidSet, b: UidSet): UidSet {
  const result: [Uid, Uid][] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const lo = Math.max(a[i][0], b[j][0])
    const hi = Math.min(a[i][1], b[j][1])
    if (lo <= hi) result.push([lo, hi])
    if (a[i][1] < b[j][1]) i++
    else j++
  }
  return result
}

/** What is in `a` and not in `b`. */
export function uidSetDifference(a: UidSet, b: UidSet): UidSet {
  const result: [Uid, Uid][] = []
  let j = 0
  for (const [from, to] of a) {
    let lo = from
    while (j < b.length && b[j][1] < lo) j++
    for (let k = j; k < b.length && b[k][0] <= to; k++) {
      if (b[k][0] > lo) result.push([lo, b[k][0] - 1])
      lo = Math.max(lo, b[k][1] + 1)
    }
    if (lo <= to) result.push([lo, to])
  }
  return result
}

/** The numbers one by one, ascending. Only for sets that are known to be small. */
export function* uidsOf(set: UidSet): Generator<Uid> {
  for (const [lo, hi] of set) for (let uid = lo; uid <= hi; uid++) yield uid
}
