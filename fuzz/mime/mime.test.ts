import { expect, it } from 'vitest'
import { fuzz } from './fuzz.js'
import { TARGETS } from './targets.js'

it('two seconds of fuzzing find nothing', () => {
  const results = fuzz(2)
  expect(results).toHaveLength(TARGETS.length)
  for (const { runs } of results) expect(runs).toBeGreaterThan(0)
})
