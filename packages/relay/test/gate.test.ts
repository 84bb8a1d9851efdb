/** What a process may do at a server: connections at a time, and messages a minute. */
import { expect, test } from 'vitest'
import { createGate } from '../src/delivery/gate.js'

test('so many connections to a server, whoever wants them', async () => {
  const gate = createGate(() => 0)
  expect([await gate.enter('a', 2), await gate.enter('a', 2), await gate.enter('a', 2)]).toEqual([true, true, false])
  expect(await gate.enter('b', 2)).toBe(true)
  gate.leave('a')
  expect([await gate.enter('a', 2), await gate.enter('a', 2)]).toEqual([true, false])
})

test('messages have their turns, and who would wait too long has none', async () => {
  let now = 1_000
  const gate = createGate(() => now)
  const pace = (server: string): Promise<number | null> => gate.pace(server, 60, 2_000)
  expect([await pace('a'), await pace('a'), await pace('a'), await pace('a')]).toEqual([0, 1_000, 2_000, null])
  expect(await pace('b')).toBe(0)
  // Nobody has taken the turn that there was not.
  now = 2_500
  expect([await pace('a'), await pace('a')]).toEqual([1_500, null])
  // Who was silent for long has nothing saved up.
  now = 60_000
  expect([await pace('a'), await pace('a')]).toEqual([0, 1_000])
})
