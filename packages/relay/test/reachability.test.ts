/** What attempts at one destination say together. */
import { expect, test } from 'vitest'
import { createReachability } from '../src/delivery/reachability.js'

type Found = 'alive' | 'dead' | 'dropped' | 'unknown'

/** Attempts one after the other, each at a message. */
function meanings(...attempts: readonly (readonly [message: string, found: Found])[]): readonly Found[] {
  const { begin } = createReachability()
  return attempts.map(([message, found]) => begin('route:smarthost', message).end(found))
}

test('three messages in a row that are dropped count, and then three others', () => {
  const all = ['a', 'b', 'b', 'c', 'd', 'e', 'f'].map((message) => [message, 'dropped'] as const)
  expect(meanings(...all)).toEqual(['unknown', 'unknown', 'unknown', 'dropped', 'unknown', 'unknown', 'dropped'])
})

test('one that is not dropped ends the row; what says nothing does not', () => {
  expect(
    meanings(['a', 'dropped'], ['b', 'dropped'], ['c', 'alive'], ['d', 'dropped'], ['x', 'unknown'], ['e', 'dropped']),
  ).toEqual(['unknown', 'unknown', 'alive', 'unknown', 'unknown', 'unknown'])
})

test.each([
  ['dead', ['dead'] as const],
  ['dropped', ['dropped', 'dropped', 'dropped'] as const],
])('what has reached it in the meantime knows better: %s', (_what, found) => {
  const { begin } = createReachability()
  const before = found.map((_, i) => begin('domain:a.test', `m${i}`))
  begin('domain:a.test', 'other').end('alive')
  expect(before.map((trip, i) => trip.end(found[i])).at(-1)).toBe('unknown')
  const after = found.map((_, i) => begin('domain:a.test', `n${i}`))
  expect(after.map((trip, i) => trip.end(found[i])).at(-1)).toBe(found[0])
})
