/**
 * MIME parsing: ours beside postal-mime, mailparser and letterparser, and GMime (C) where its library and a compiler
 * are. Each run in a process of its own on one core, rounds interleaved, medians of MB per second of processor time,
 * ratios to ours. `--kind small` for one corpus, `--built` when `dist/` is up to date.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, onCore, option, printTable } from '../harness.js'
import { corpus, KINDS, type Kind } from './corpus.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const seconds = option('seconds', 1)
const rounds = option('rounds', 3)
const LIBRARIES = ['libgmime-3.0.so.0', 'libgobject-2.0.so.0', 'libglib-2.0.so.0']
const FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib']

interface Contender {
  readonly name: string
  command(kind: Kind): readonly string[]
}

const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-'))

/** A corpus as GMime's program reads it: length, octets, length, octets. */
function corpusFile(kind: Kind): string {
  const file = join(folder, kind)
  if (existsSync(file)) return file
  const pieces = corpus(kind).flatMap((bytes) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return [length, bytes]
  })
  writeFileSync(file, Buffer.concat(pieces))
  return file
}

function gmime(): Contender[] {
  const libraries = FOLDERS.map((place) => LIBRARIES.map((library) => join(place, library))).find((all) =>
    all.every(existsSync),
  )
  if (!libraries) return []
  const program = join(folder, 'gmime')
  try {
    execFileSync('cc', ['-O2', '-w', '-o', program, join(here, 'gmime.c'), ...libraries], { stdio: 'pipe' })
  } catch {
    return []
  }
  return ['decoded', 'structure'].map((mode) => ({
    name: `GMime (C), ${mode}`,
    command: (kind) => [program, corpusFile(kind), mode, String(seconds)],
  }))
}

/** Ours runs as it is published: from its build. */
const inNode = (name: string): Contender => ({
  name,
  command: (kind) => [process.execPath, join(here, 'worker.mjs'), name, corpusFile(kind), String(seconds)],
})

if (!process.argv.includes('--built')) {
  execFileSync('npx', ['tsup'], { cwd: join(here, '../../packages/mime'), stdio: 'inherit' })
}
const contenders = [
  'posthouse',
  'posthouse, index only',
  'posthouse, index of 64 KB pieces',
  'posthouse, summary of 64 KB pieces',
  'postal-mime',
  'mailparser',
  'mailparser, no text to HTML',
  'letterparser',
].map(inNode)
contenders.push(...gmime())

function measure(contender: Contender, kind: Kind): { rate: number; memory: number } {
  const [program = '', ...args] = onCore(1, contender.command(kind))
  const run = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000 })
  return run.status === 0 ? JSON.parse(run.stdout) : { rate: Number.NaN, memory: Number.NaN }
}

const wanted = process.argv[process.argv.indexOf('--kind') + 1]
for (const kind of process.argv.includes('--kind') ? KINDS.filter((one) => one === wanted) : KINDS) {
  const size = corpus(kind).reduce((sum, bytes) => sum + bytes.length, 0)
  const results = contenders.map(() => ({ rates: [] as number[], memory: 0 }))
  for (let round = 0; round < rounds; round++) {
    contenders.forEach((contender, i) => {
      const { rate, memory } = measure(contender, kind)
      results[i]!.rates.push(rate)
      results[i]!.memory = Math.max(results[i]!.memory, memory)
    })
  }
  const ours = median(results[0]!.rates)
  console.log(`\n${kind}: ${corpus(kind).length} messages, ${(size / 1e6).toFixed(1)} MB`)
  printTable(
    ['parser', 'MB/s', 'posthouse is', 'memory MB'],
    results.map(({ rates, memory }, i) => [
      contenders[i]!.name,
      median(rates).toFixed(median(rates) < 10 ? 1 : 0),
      `${(ours / median(rates)).toFixed(2)} x`,
      (memory / 1e6).toFixed(0),
    ]),
  )
}
