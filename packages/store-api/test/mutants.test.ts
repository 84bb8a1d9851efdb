import { isStoreError } from '@posthouse/store-api'
import { type StoreCheck, StoreContractError, storeChecks } from '@posthouse/store-api/conformance'
import { describe, expect, test } from 'vitest'
import { memoryTestStore } from './memory-kit.js'
import { type Mutant, mutants, soundWrapper } from './mutants/index.js'

function checksOf({ wrap, hooks }: Mutant): Map<number, StoreCheck> {
  const make = () => {
    const sound = memoryTestStore(wrap)
    return { ...sound, ...hooks?.(sound) }
  }
  const checks = storeChecks({ make, patience: 1 })
  return new Map(checks.map((check) => [check.number, check]))
}

describe('the kit catches', () => {
  for (const mutant of mutants) {
    for (const number of mutant.caughtBy) {
      test(`${mutant.rule}, check ${number}: ${mutant.name}`, async () => {
        const check = checksOf(mutant).get(number)!
        const error = await check.run().then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        expect(error).toBeInstanceOf(StoreContractError)
        // Not because the mutant itself is broken: a check sees a wrong answer or a refusal, no programming error.
        const { cause } = error as StoreContractError
        expect(cause === undefined || isStoreError(cause)).toBe(true)
        const { rule, message } = error as StoreContractError
        expect(message).toContain(check.harm)
        expect(rule).toBe(check.rule)
      })
    }
    test(`${mutant.rule} is the rule of the check that catches: ${mutant.name}`, () => {
      const checks = checksOf(mutant)
      expect(mutant.caughtBy.some((number) => checks.get(number)?.rule === mutant.rule)).toBe(true)
    })
  }

  test('and not the wrapper that all of them share', async () => {
    const sound: Mutant = { name: 'sound', rule: 'API', caughtBy: [], wrap: soundWrapper }
    for (const check of checksOf(sound).values()) await check.run()
  })

  test('more than 100 broken stores: every check of a store that can be written has one that it catches', () => {
    expect(mutants.length).toBeGreaterThan(100)
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
    const caught = new Set(mutants.flatMap(({ caughtBy }) => caughtBy))
    const numbers = storeChecks({ make: () => memoryTestStore() }).map(({ number }) => number)
    // These three are for adapters; `adapter.test.ts` has a broken one for each.
    expect(numbers.filter((number) => !caught.has(number))).toEqual([105, 106, 107])
  })
})
