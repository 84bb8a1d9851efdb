import {
  allUids,
  formatUidSet,
  isUidSet,
  maxUid,
  type UidSet,
  uidSetContains,
  uidSetFromSorted,
  uidSetIntersect,
  uidSetOf,
  uidSetSize,
  uidSetSubtract,
  uidSetUnion,
  uidSetValues,
  uidsWithin,
} from '@posthouse/store-api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const uid = fc.integer({ min: 1, max: 60 })
const items = fc.array(fc.oneof(uid, fc.tuple(uid, uid)), { maxLength: 12 })

/** The same set the slow way. */
function model(list: readonly (number | readonly [number, number])[]): Set<number> {
  const out = new Set<number>()
  for (const item of list) {
    const [a, b] = typeof item === 'number' ? [item, item] : item
    for (let i = Math.min(a, b); i <= Math.max(a, b); i++) out.add(i)
  }
  return out
}

const listOf = (set: UidSet) => [...uidSetValues(set)]
const sorted = (set: Set<number>) => [...set].sort((a, b) => a - b)

describe('sets of UIDs', () => {
  test('numbers and ranges in any order become sorted, disjoint and coalesced ranges', () => {
    expect(uidSetOf([5, [9, 7], 6, 1, [8, 20]])).toEqual([
      [1, 1],
      [5, 20],
    ])
    expect(uidSetOf([])).toEqual([])
    expect(formatUidSet(uidSetOf([1, 2, 3, 7, [10, 12]]))).toBe('1:3,7,10:12')
  })

  test('what is no UID is refused', () => {
    for (const bad of [0, -1, 1.5, maxUid + 1, Number.NaN]) expect(() => uidSetOf([bad])).toThrow(RangeError)
  })

  test('the functions do what sets of numbers do', () => {
    fc.assert(
      fc.property(items, items, (x, y) => {
        const [a, b] = [uidSetOf(x), uidSetOf(y)]
        const [m, n] = [model(x), model(y)]
        for (const set of [a, uidSetUnion(a, b), uidSetIntersect(a, b), uidSetSubtract(a, b)])
          expect(isUidSet(set)).toBe(true)
        expect(listOf(a)).toEqual(sorted(m))
        expect(listOf(uidSetUnion(a, b))).toEqual(sorted(new Set([...m, ...n])))
        expect(listOf(uidSetIntersect(a, b))).toEqual(sorted(m).filter((each) => n.has(each)))
        expect(listOf(uidSetSubtract(a, b))).toEqual(sorted(m).filter((each) => !n.has(each)))
        expect(uidSetSize(a)).toBe(m.size)
        expect(uidSetFromSorted(sorted(m))).toEqual(a)
        expect([...uidsWithin(Uint32Array.from(sorted(n)), a)]).toEqual(sorted(n).filter((each) => m.has(each)))
        for (let i = 1; i <= 62; i++) expect(uidSetContains(a, i)).toBe(m.has(i))
      }),
    )
  })

  test('four thousand million UIDs are one range and take no time', () => {
    expect(uidSetSize(allUids)).toBe(maxUid)
    expect(uidSetSubtract(allUids, [[5, 5]])).toEqual([
      [1, 4],
      [6, maxUid],
    ])
    expect(uidSetUnion(allUids, [[7, 9]])).toEqual(allUids)
    expect(uidSetContains(allUids, maxUid)).toBe(true)
    expect([...uidsWithin(Uint32Array.of(1, maxUid), allUids)]).toEqual([1, maxUid])
    expect(uidSetValues(allUids).next().value).toBe(1)
  })

  test('what is not a set of UIDs is known as such', () => {
    expect(isUidSet([[2, 1]])).toBe(false)
    expect(
      isUidSet([
        [1, 2],
        [3, 4],
      ]),
    ).toBe(false)
    expect(
      isUidSet([
        [5, 6],
        [1, 2],
      ]),
    ).toBe(false)
    expect(isUidSet([[0, 2]])).toBe(false)
  })
})
