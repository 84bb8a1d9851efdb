/**
 * SMTP receiving: ours beside smtp-server, smtp-server with mailparser, and a bare `node:net` loop that understands
 * nothing. Each server in a process of its own, one message generator (C when there is a compiler), rounds interleaved,
 * medians, ratios; then the processor time of the server for each message, which says more where the machine is slow to
 * wake a process up. `--load 'one per connection'` for some loads, `--only 'posthouse;node:net loop'` for some servers.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchServer, median, onCore, option, pinned, printTable, startServer } from '../harness.js'
import { corpus } from '../mime/corpus.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const scale = option('scale', 1)
const rounds = option('rounds', 3)

/** A mail as people write them: text and HTML, quoted-printable, with what the servers on its way have put before it. */
const LETTER = join(mkdtempSync(join(tmpdir(), 'posthouse-bench-')), 'letter')
writeFileSync(LETTER, corpus('small')[2])

/** What is measured: the generator's mode, connections, messages; octets of a message of x, or the name of a file. */
type Load = readonly [name: string, mode: string, connections: number, messages: number, what: number | string]
const LOADS: readonly Load[] = [
  ['1 KB lock-step', 'lockstep', 10, 10_000, 1024],
  ['1 KB pipelined', 'pipelined', 10, 20_000, 1024],
  ['1 KB BDAT', 'bdat', 10, 30_000, 1024],
  ['letter lock-step', 'lockstep', 10, 10_000, LETTER],
  ['letter pipelined', 'pipelined', 10, 20_000, LETTER],
  ['100 KB lock-step', 'lockstep', 10, 3_000, 100_000],
  ['5 MB, 4 connections', 'lockstep', 4, 100, 5_000_000],
  ['10 KB, 50 connections', 'lockstep', 50, 10_000, 10_240],
  ['10 KB pipelined, 50 connections', 'pipelined', 50, 10_000, 10_240],
  ['one per connection', 'connect', 10, 4_000, 1024],
]
/** Messages before anything is measured: compilers need their time, and a connection is much code. */
const WARM_UP = 4_000

/** Each has one core, but for those that are spread over all, the generator's included. */
type Server = readonly [name: string, command: readonly string[], spread?: 'spread']
const SERVERS: readonly Server[] = [
  ['node:net loop', [process.execPath, join(here, 'sink.mjs'), '0']],
  ['posthouse', [process.execPath, '--import', 'tsx', join(here, 'ours.ts'), 'discard']],
  ['posthouse + summary', [process.execPath, '--import', 'tsx', join(here, 'ours.ts'), 'summary']],
  ['posthouse + SQLite', [process.execPath, '--import', 'tsx', join(here, 'ours.ts'), 'sqlite']],
  ['posthouse + SQLite, spread', [process.execPath, '--import', 'tsx', join(here, 'ours.ts'), 'sqlite'], 'spread'],
  ['smtp-server', [process.execPath, join(here, 'peer-smtp-server.mjs'), '0']],
  ['smtp-server + mailparser', [process.execPath, join(here, 'peer-smtp-server.mjs'), '0', 'mailparser']],
]

function buildGenerator(): string {
  const binary = join(mkdtempSync(join(tmpdir(), 'posthouse-bench-')), 'generator')
  execFileSync('cc', ['-O2', '-o', binary, join(here, 'generator.c')])
  return binary
}

interface Running {
  readonly name: string
  readonly server: BenchServer
  /** It shares all cores with the generator. */
  readonly spread: boolean
}

interface Measured {
  /** Messages per second. */
  readonly rate: number
  /** Processor time of the server for each message, in microseconds. */
  readonly cpu: number
}

function measure(generator: string, one: Running, load: Load, messages: number): Measured | null {
  const { server, spread } = one
  const [, mode, connections, , what] = load
  // With a core of its own it may stay awake.
  const awake = pinned && !spread ? ['awake'] : []
  const args = ['127.0.0.1', server.port, mode, connections, messages, what, ...awake].map(String)
  const [program, ...rest] = onCore(1, [generator, ...args])
  const before = server.cpu()
  const run = spawnSync(program, rest, { encoding: 'utf8', timeout: 120_000 })
  if (run.status !== 0) return null
  return { rate: JSON.parse(run.stdout).rate, cpu: ((server.cpu() - before) * 1000) / messages }
}

/** Those that the option names; all without it. */
function wanted<T extends readonly [name: string, ...rest: unknown[]]>(all: readonly T[], name: string): readonly T[] {
  const at = process.argv.indexOf(`--${name}`)
  if (at === -1) return all
  const names = process.argv[at + 1].split(';')
  return all.filter(([own]) => names.includes(own))
}

const generator = buildGenerator()
const loads = wanted(LOADS, 'load')
const servers: readonly Running[] = await Promise.all(
  wanted(SERVERS, 'only').map(async ([name, command, how]) => {
    const spread = how === 'spread'
    return { name, server: await startServer(command, spread), spread }
  }),
)
const results = new Map<string, (Measured | null)[]>()
try {
  for (const load of loads) {
    const [name, , , count, what] = load
    const messages = Math.ceil(count * scale)
    const found = servers.map((): Measured[] => [])
    for (let round = 0; round <= rounds; round++) {
      for (const [i, one] of servers.entries()) {
        // smtp-server greets after 100 ms, and what is long takes its time.
        const warmUp =
          Number(what) > 10_240 || one.name.startsWith('smtp-server') ? messages : Math.max(messages, WARM_UP)
        const measured = measure(generator, one, load, round === 0 ? warmUp : messages)
        if (measured && round > 0) found[i].push(measured)
      }
    }
    const middle = (all: readonly Measured[]): Measured | null =>
      all.length === 0 ? null : { rate: median(all.map(({ rate }) => rate)), cpu: median(all.map(({ cpu }) => cpu)) }
    results.set(name, found.map(middle))
  }
} finally {
  await Promise.all(servers.map(({ server }) => server.stop()))
}

/** A row for each server, a column for each load. */
function show(title: string, cell: (of: readonly (Measured | null)[], server: number) => string | undefined): void {
  printTable(
    [title, ...loads.map(([name]) => name)],
    servers.map(({ name }, i) => [name, ...loads.map(([load]) => cell(results.get(load) ?? [], i) ?? '-')]),
  )
  console.log('')
}

show('messages per second', (of, i) => of[i]?.rate.toFixed(0))
show('processor time for each (us)', (of, i) => of[i]?.cpu.toFixed(0))
for (const base of ['node:net loop', 'smtp-server', 'smtp-server + mailparser']) {
  const at = servers.findIndex(({ name }) => name === base)
  if (at === -1) continue
  show(`speed beside ${base}`, (of, i) => (of[i] && of[at] ? (of[i].rate / of[at].rate).toFixed(2) : undefined))
}
const loop = servers.findIndex(({ name }) => name === 'node:net loop')
show('beside node:net loop by processor time', (of, i) =>
  of[i] && of[loop] ? (of[loop].cpu / of[i].cpu).toFixed(2) : undefined,
)
