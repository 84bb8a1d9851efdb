/** Longer: `npx tsx interop/relay/kill-run.ts --messages 10000 --kills 50`. */
import { expect, test } from 'vitest'
import { killRelay } from './kill.js'

test('kill -9: nothing that was acknowledged is lost, and doubles come from the unavoidable window only', async () => {
  const { acknowledged, kills, lost, twice, window } = await killRelay({ messages: 400, kills: 3, seed: 9 })
  expect(acknowledged).toBeGreaterThanOrEqual(400)
  expect(kills).toBeGreaterThan(0)
  expect(lost).toEqual([])
  expect(twice.filter((id) => !window.includes(id))).toEqual([])
}, 60_000)
