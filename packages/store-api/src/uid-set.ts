/**
 * Sets of UIDs as ranges.
 *
 * A `UidSet` is sorted, disjoint and coalesced, so every function here costs with the number of ranges and never with
 * the distance between two ends: `1:*` is one range of four thousand million UIDs.
 */
import type { Uid, UidSet } from './types.js'

/** The largest UID: 2^32-1 (RFC 9051 §9, `nz-number`). */
export const maxUid = 4_294_967_295

/** No UID at all. */
export const noUids: UidSet = []

/** Every UID there can be, 1 to 2^32-1. */
export const allUids: UidSet = [[1, maxUid]]

type Range = readonly [lo: Uid, hi: Uid]

/**
 * The set of some UIDs and ranges, in any order and overlapping as they like. A range written backwards (`[9, 3]`)
 * means the same as forwards (RFC 9051 §9, `seq-range`).
 * @throws RangeError when a number is not an integer from 1 to 2^32-1.
 */
export function uidSetOf(items: Iterable<Uid | Range>): UidSet {
  const ranges: Range[] = []
  for (const item of items) {
    const [a, b] = typeof item === 'number' ? [item, item] : item
    checkUid(a)
    checkUid(b)
    ranges.push(a <= b ? [a, b] : [b, a])
  }
  ranges.sort((a, b) => a[0] - b[0])
  return coalesce(ranges)
}

function checkUid(uid: number): void {
  if (!Number.isInteger(uid) || uid < 1 || uid > maxUid) {
    throw new RangeError(`a UID is an integer from 1 to 4294967295, not ${uid}`)
  }
}

/** Joins what touches or overlaps; the ranges are sorted by their lower ends. */
function coalesce(ranges: readonly Range[]): UidSet {
  const out: [Uid, Uid][] = []
  let last: [Uid, Uid] | undefined
  for (const [lo, hi] of ranges) {
    if (last && lo <= last[1] + 1) {
      if (hi > last[1]) last[1] = hi
    } else {
      last = [lo, hi]
      out.push(last)
    }
  }
  return out
}

/** The set of ascending UIDs; faster than `uidSetOf` because it trusts the order. */
export function uidSetFromSorted(uids: ArrayLike<Uid>): UidSet {
  const out: [Uid, Uid][] = []
  for (let i = 0; i < uids.length; i++) addUid(out, uids[i]!)
  return out
}

/** Adds a UID to a set under construction. It has to be larger than all UIDs in it. */
export function addUid(ranges: [Uid, Uid][], uid: Uid): void {
  const last = ranges[ranges.length - 1]
  if (last && last[1] + 1 === uid) last[1] = uid
  else ranges.push([uid, uid])
}

/** True for a sorted, disjoint and coalesced set of UIDs: what an adapter has to return. */
export function isUidSet(value: UidSet): boolean {
  let previous = -1
  for (const [lo, hi] of value) {
    if (!Number.isInteger(lo) || !Number.isInteger(hi) || lo < 1 || hi > maxUid || lo > hi) return false
    if (lo <= previous + 1) return false
    previous = hi
  }
  return true
}

/** How many UIDs the set has. */
export function uidSetSize(set: UidSet): number {
  let size = 0
  for (const [lo, hi] of set) size += hi - lo + 1
  return size
}

/** True when the UID is in the set; a binary search. */
export function uidSetContains(set: UidSet, uid: Uid): boolean {
  let from = 0
  let to = set.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (set[middle]![1] < uid) from = middle + 1
    else to = middle
  }
  return from < set.length && set[from]![0] <= uid
}

/** What is in one set or in both. */
export function uidSetUnion(a: UidSet, b: UidSet): UidSet {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const merged: Range[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const takeA = j >= b.length || (i < a.length && a[i]![0] <= b[j]![0])
    merged.push(takeA ? a[i++]! : b[j++]!)
  }
  return coalesce(merged)
}

/** What is in both sets. */
export function uidSetIntersect(a: UidSet, b: UidSet): UidSet {
  const out: Range[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const lo = Math.max(a[i]![0], b[j]![0])
    const hi = Math.min(a[i]![1], b[j]![1])
    if (lo <= hi) out.push([lo, hi])
    if (a[i]![1] < b[j]![1]) i++
    else j++
  }
  return out
}

/** What is in `a` and not in `b`. */
export function uidSetSubtract(a: UidSet, b: UidSet): UidSet {
  const out: Range[] = []
  let j = 0
  for (const [start, hi] of a) {
    let lo = start
    while (j < b.length && b[j]![1] < lo) j++
    for (let k = j; k < b.length && b[k]![0] <= hi; k++) {
      if (b[k]![0] > lo) out.push([lo, b[k]![0] - 1])
      lo = b[k]![1] + 1
    }
    if (lo <= hi) out.push([lo, hi])
  }
  return out
}

/** The UIDs one by one, ascending. Lazy: stop when there are enough. */
export function* uidSetValues(set: UidSet): Generator<Uid, void, undefined> {
  for (const [lo, hi] of set) for (let uid = lo; uid <= hi; uid++) yield uid
}

/** The UIDs of an ascending list that are in the set; costs with the ranges and the answer, not with the list. */
export function uidsWithin(uids: Uint32Array, set: UidSet): Uint32Array {
  const spans: [number, number][] = []
  let count = 0
  for (const [lo, hi] of set) {
    const from = lowerBound(uids, lo)
    const to = hi === maxUid ? uids.length : lowerBound(uids, hi + 1)
    if (from < to) spans.push([from, to])
    count += to - from
  }
  const out = new Uint32Array(count)
  let at = 0
  for (const [from, to] of spans) {
    out.set(uids.subarray(from, to), at)
    at += to - from
  }
  return out
}

/** The index of the first UID that is not smaller. */
function lowerBound(uids: ArrayLike<Uid>, uid: Uid): number {
  let from = 0
  let to = uids.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (uids[middle]! < uid) from = middle + 1
    else to = middle
  }
  return from
}

/** The set in IMAP's notation: `1:3,7` (RFC 9051 §9, `uid-set`). Empty for no UIDs. */
export function formatUidSet(set: UidSet): string {
  return set.map(([lo, hi]) => (lo === hi ? `${lo}` : `${lo}:${hi}`)).join(',')
}
