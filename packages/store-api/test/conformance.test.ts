import { storeChecks } from '@posthouse/store-api/conformance'
import { describe, expect, test } from 'vitest'
import { memoryTestStore } from './memory-kit.js'

describe('the conformance kit on the memory store', () => {
  for (const check of storeChecks({ make: () => memoryTestStore(), patience: 4 })) test(check.name, check.run)
})

test('the kit has the checks 1 to 100 and those for adapters, each once and with its effect', () => {
  const checks = storeChecks({ make: () => memoryTestStore() })
  const numbers = checks.map((check) => check.number)
  expect(numbers.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  expect(new Set(numbers).size).toBe(checks.length)
  for (const { harm, run } of checks) {
    expect(harm.length).toBeGreaterThan(10)
    // jest and mocha give a callback to functions that declare a parameter.
    expect(run.length).toBe(0)
  }
})
