import { expect, test } from 'vitest'
import { fuzzTarget } from '../loop.js'
import { growthTarget } from './growth.js'
import { targets } from './targets.js'

/** The same inputs in every run; `npm run fuzz mime` goes on from a random one. */
const FIRST_SEED = 1
const MILLISECONDS = 200

test.each([...targets, growthTarget].map((target) => [target.name, target] as const))('%s', async (_name, target) => {
  expect(await fuzzTarget(target, MILLISECONDS, FIRST_SEED)).toBeGreaterThanOrEqual(50)
})
