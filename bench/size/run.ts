/**
 * What each entry weighs, bundled with all that it needs, minified and gzipped, and how long it takes to import what was
 * built, beside an empty module. An entry above its budget is a failure: raise the budget with a reason, or find out
 * what came in.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { median, option, printTable } from '../harness.js'
import { BUDGETS } from './budgets.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rounds = option('rounds', 9)

/** The entry as `@posthouse/smtp/node` leads to it. */
function builtFile(entry: string): string {
  const [name, ...rest] = entry.split('/')
  const base = `${root}packages/${name}/dist/${rest.join('/')}`
  const file = [`${base}/index.js`, `${base}.js`].find((path) => existsSync(path))
  if (!file) throw new Error(`${base} is not there: build first`)
  return file
}

async function gzipped(file: string): Promise<number> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: 'esbuild',
      target: 'es2022',
      rollupOptions: {
        external: [
          /^node:/,
          ...builtinModules,
          'pg',
          'pg-boss',
          'better-sqlite3',
          '@photostructure/sqlite',
          'mailauth',
          /^vitest/,
        ],
      },
      lib: { entry: file, formats: ['es'], fileName: 'bundle' },
    },
  })
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((one) => ('output' in one ? one.output : []))
  return gzipSync(outputs.map((one) => (one.type === 'chunk' ? one.code : '')).join(''), { level: 9 }).length
}

/** ms from the start of a process to its end. */
function start(code: string): number {
  const before = performance.now()
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: `${root}bench` })
  return performance.now() - before
}

const entries = [...BUDGETS.keys()]
const times = new Map<string, number[]>(['', ...entries].map((entry) => [entry, []]))
// By turns, so that whatever else the machine does falls on all of them.
for (let round = 0; round < rounds; round++) {
  for (const [entry, found] of times) found.push(start(entry === '' ? '' : `await import('${builtFile(entry)}')`))
}
const empty = median(times.get('') as number[])
const rows: string[][] = []
let tooHeavy = 0
for (const [entry, budget] of BUDGETS) {
  const octets = await gzipped(builtFile(entry))
  if (octets > budget * 1000) tooHeavy++
  rows.push([
    `@posthouse/${entry}`,
    (octets / 1000).toFixed(1),
    String(budget),
    octets > budget * 1000 ? 'too heavy' : '',
    (median(times.get(entry) as number[]) - empty).toFixed(1),
  ])
}
console.log(`an empty process takes ${empty.toFixed(1)} ms\n`)
printTable(['entry', 'kB gzipped', 'budget', '', 'import (ms)'], rows)
if (tooHeavy > 0) process.exitCode = 1
