import { expect, test } from 'vitest'
import { fuzzTarget, type Target } from './loop.js'

/** The same inputs in every run; `npm run fuzz` goes on from a random one. */
const FIRST_SEED = 1

/** A test of each target, so many milliseconds long. */
export function testTargets(targets: readonly Target[], milliseconds: number): void {
  test.each(targets.map((target) => [target.name, target] as const))('%s', async (_name, target) => {
    expect(await fuzzTarget(target, milliseconds, FIRST_SEED)).toBeGreaterThanOrEqual(50)
  })
}
