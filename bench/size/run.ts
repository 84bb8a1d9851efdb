/**
 * What each entry weighs, bundled with all that it needs, minified and gzipped, and how long it takes to import what was
 * built, beside an empty module. An entry above its budget is a failure: raise the budget with a reason, or find out
 * what came in.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median, option, printTable } from '../harness.js'
import { BUDGETS } from './budgets.js'
import { builtFile, weigh } from './weigh.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rounds = option('rounds', 9)

/** ms from the start of a process to its end. */
function start(code: string): number {
  const before = performance.now()
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: `${root}bench` })
  return performance.now() - before
}

/** Inside a test runner only. */
const RUNNERS = new Set(['testing/jest', 'testing/jest-globals', 'testing/vitest', 'store-api/conformance'])
const entries = [...BUDGETS.keys()].filter((entry) => !RUNNERS.has(entry))
const times = new Map<string, number[]>(['', ...entries].map((entry) => [entry, []]))
// By turns, so that whatever else the machine does falls on all of them.
for (let round = 0; round < rounds; round++) {
  for (const [entry, found] of times) found.push(start(entry === '' ? '' : `await import('${builtFile(entry)}')`))
}
const empty = median(times.get('') as number[])
const rows: string[][] = []
let tooHeavy = 0
for (const [entry, budget] of BUDGETS) {
  const octets = await weigh(entry)
  if (octets > budget * 1000) tooHeavy++
  rows.push([
    `@posthouse/${entry}`,
    (octets / 1000).toFixed(1),
    String(budget),
    octets > budget * 1000 ? 'too heavy' : '',
    RUNNERS.has(entry) ? '' : (median(times.get(entry) as number[]) - empty).toFixed(1),
  ])
}
console.log(`an empty process takes ${empty.toFixed(1)} ms\n`)
printTable(['entry', 'kB gzipped', 'budget', '', 'import (ms)'], rows)
if (tooHeavy > 0) process.exitCode = 1
