/**
 * SMTP receiving: ours beside smtp-server, smtp-server with mailparser, and a bare `node:net` loop that understands
 * nothing. Each server in a process of its own, one message generator (C when there is a compiler), rounds interleaved,
 * medians, ratios.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchServer, median, onCore, option, printTable, startServer } from '../harness.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const scale = option('scale', 1)
const rounds = option('rounds', 3)

/** What is measured: the generator's mode, connections, messages, octets. */
const LOADS: readonly (readonly [name: string, mode: string, connections: number, messages: number, size: number])[] = [
  ['1 KB lock-step', 'lockstep', 10, 10_000, 1024],
  ['1 KB pipelined', 'pipelined', 10, 20_000, 1024],
  ['1 KB BDAT', 'bdat', 10, 30_000, 1024],
  ['100 KB lock-step', 'lockstep', 10, 3_000, 100_000],
  ['5 MB, 4 connections', 'lockstep', 4, 100, 5_000_000],
  ['one per connection', 'connect', 10, 4_000, 1024],
]

const SERVERS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['node:net loop', [process.execPath, join(here, 'sink.mjs'), '0']],
  ['posthouse', [process.execPath, '--import', 'tsx', join(here, 'ours.ts'), 'discard']],
  ['posthouse + summary', [process.execPath, '--import', 'tsx', join(here, 'ours.ts'), 'summary']],
  ['posthouse + SQLite', [process.execPath, '--import', 'tsx', join(here, 'ours.ts'), 'sqlite']],
  ['smtp-server', [process.execPath, join(here, 'peer-smtp-server.mjs'), '0']],
  ['smtp-server + mailparser', [process.execPath, join(here, 'peer-smtp-server.mjs'), '0', 'mailparser']],
]

function buildGenerator(): string {
  const binary = join(mkdtempSync(join(tmpdir(), 'posthouse-bench-')), 'generator')
  execFileSync('cc', ['-O2', '-o', binary, join(here, 'generator.c')])
  return binary
}

function measure(generator: string, server: BenchServer, load: (typeof LOADS)[number]): number | null {
  const [, mode, connections, messages, size] = load
  const args = ['127.0.0.1', server.port, mode, connections, Math.ceil(messages * scale), size].map(String)
  const [program, ...rest] = onCore(1, [generator, ...args])
  const run = spawnSync(program, rest, { encoding: 'utf8', timeout: 120_000 })
  return run.status === 0 ? (JSON.parse(run.stdout).rate as number) : null
}

const generator = buildGenerator()
const servers = await Promise.all(
  SERVERS.map(async ([name, command]) => ({ name, server: await startServer(command) })),
)
const results = new Map<string, (number | null)[]>()
try {
  for (const load of LOADS) {
    const rates = servers.map((): number[] => [])
    for (let round = 0; round <= rounds; round++) {
      for (const [i, { server }] of servers.entries()) {
        const rate = measure(generator, server, load)
        // The first round warms up.
        if (rate !== null && round > 0) rates[i].push(rate)
      }
    }
    results.set(
      load[0],
      rates.map((values) => (values.length > 0 ? median(values) : null)),
    )
  }
} finally {
  await Promise.all(servers.map(({ server }) => server.stop()))
}

console.log('messages per second (median), and as a ratio to the bare node:net loop and to smtp-server\n')
printTable(
  ['', ...LOADS.map(([name]) => name)],
  servers.map(({ name }, i) => [name, ...LOADS.map(([load]) => results.get(load)?.[i]?.toFixed(0) ?? '-')]),
)
console.log('')
for (const base of ['node:net loop', 'smtp-server']) {
  const at = servers.findIndex(({ name }) => name === base)
  printTable(
    [`ratio to ${base}`, ...LOADS.map(([name]) => name)],
    servers.map(({ name }, i) => [
      name,
      ...LOADS.map(([load]) => {
        const rates = results.get(load) ?? []
        const own = rates[i]
        const other = rates[at]
        return own && other ? (own / other).toFixed(2) : '-'
      }),
    ]),
  )
  console.log('')
}
