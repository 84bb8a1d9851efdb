/**
 * No entry grows unseen: what each weighs stays within its budget. Above it: find out what came in, or raise the budget
 * in `bench/size/budgets.ts` and say why.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BUDGETS } from '../bench/size/budgets.js'
import { weigh } from '../bench/size/weigh.js'

const root = new URL('..', import.meta.url)

/** `smtp`, `smtp/node` and so on: all that the packages export. */
function entries(): string[] {
  return readdirSync(new URL('packages', root)).flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(new URL(`packages/${name}/package.json`, root), 'utf8'))
    return Object.keys(exports)
      .filter((path) => !path.endsWith('.json'))
      .map((path) => `${name}${path.slice(1)}`)
  })
}

describe('the weight of each entry, minified and gzipped', () => {
  it('has a budget', () => {
    expect([...BUDGETS.keys()].sort()).toEqual(entries().sort())
  })

  it.each([...BUDGETS])('%s: at most %d kB', async (entry, budget) => {
    expect(await weigh(entry)).toBeLessThanOrEqual(budget * 1000)
  })
})
