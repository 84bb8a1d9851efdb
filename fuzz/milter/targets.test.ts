import { expect, test } from 'vitest'
import { fuzzTarget } from '../loop.js'
import { targets } from './targets.js'

/** The same inputs in every run; `npm run fuzz milter` goes on from a random one. */
const FIRST_SEED = 1
const MILLISECONDS = 300

test.each(targets.map((target) => [target.name, target] as const))('%s', async (_name, target) => {
  expect(await fuzzTarget(target, MILLISECONDS, FIRST_SEED)).toBeGreaterThanOrEqual(50)
})
