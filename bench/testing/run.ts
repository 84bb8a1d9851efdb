/**
 * A mail server for a test: ours beside smtp-tester, MailDev 3, and what people write by hand on smtp-server. How fast it
 * is there, how fast a mail is in the hands of who waits for it, what it costs, and what a hundred of them cost. The
 * peers are installed into a folder for temporary files: MailDev alone brings 200 packages.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median, onCore, option, pinned, printTable, startServer } from '../harness.js'

// Node 20 reads what this names before anything else, which takes longer than all that is measured here.
delete process.env.NODE_EXTRA_CA_CERTS

const here = fileURLToPath(new URL('.', import.meta.url))
const rounds = option('rounds', 5)
/** ms for all connections of one load; who greets after 100 ms needs more, and has no figure. */
const PATIENCE = 30_000
const NAMES = ['posthouse', 'posthouse, with IMAP and POP3', 'smtp-server + mailparser', 'smtp-tester', 'MailDev 3']
/** What Node itself takes: a loop that understands nothing. */
const LOOP = 'node:net loop'
const PEERS = { maildev: '3.0.0', 'smtp-tester': '2.1.0' }

interface Cold {
  readonly import: number
  readonly start: number
  readonly first: number
}

interface Warm {
  readonly start: number
  readonly close: number
  readonly attached: number
  readonly behind: number
  readonly whole: number
  readonly parallel: number
  readonly hundred: { readonly ms: number; readonly rss: number; readonly closed: number }
}

function installPeers(): string {
  const folder = join(tmpdir(), 'posthouse-bench-testing')
  if (existsSync(join(folder, 'node_modules', 'maildev'))) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: PEERS }))
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  return folder
}

const peers = installPeers()
// MailDev writes each message into the folder for temporary files.
const env = { ...process.env, TMPDIR: mkdtempSync(join(tmpdir(), 'posthouse-bench-')) }
const command = (what: string, name: string): string[] => [
  ...[process.execPath, '--expose-gc', join(here, 'worker.mjs'), what, name, peers],
]

function ask<T>(what: string, name: string): T {
  const [program, ...args] = onCore(0, command(what, name))
  const said = execFileSync(program, args, { env, encoding: 'utf8', timeout: 120_000 })
  // MailDev says where it listens.
  return JSON.parse(said.trimEnd().split('\n').at(-1) ?? '')
}

/** MB more than a bare process with one listener, when nothing happens. */
async function idleMemory(name: string): Promise<number> {
  const server = await startServer(command('serve', name))
  await sleep(300)
  const memory = server.memory()
  await server.stop()
  return memory / 1e6
}

interface Serial {
  /** Connections per second; 0: too slow to tell. */
  readonly rate: number
  /** Processor time of the server for each, in ms. */
  readonly cpu: number
}

/** One message for each connection, one connection after the other, from outside of the process. */
async function serialConnections(generator: string, serve: readonly string[]): Promise<Serial> {
  const server = await startServer(serve)
  const load = (messages: number): number => {
    const args = [generator, '127.0.0.1', String(server.port), 'connect', '1', String(messages), '1024']
    const [program, ...rest] = onCore(1, pinned ? [...args, 'awake'] : args)
    const run = spawnSync(program, rest, { encoding: 'utf8', timeout: PATIENCE })
    return run.status === 0 ? JSON.parse(run.stdout).rate : 0
  }
  try {
    // Compilers need their time: some thousand connections.
    if (load(20) < 50 || load(4_000) === 0) return { rate: 0, cpu: Number.NaN }
    const before = server.cpu()
    return { rate: load(2_000), cpu: (server.cpu() - before) / 2_000 }
  } finally {
    await server.stop()
  }
}

const generator = join(mkdtempSync(join(tmpdir(), 'posthouse-bench-')), 'generator')
execFileSync('cc', ['-O2', '-o', generator, join(here, '..', 'smtp', 'generator.c')])

const colds = new Map<string, Cold[]>([...NAMES, LOOP].map((name) => [name, []]))
const warms = new Map<string, Warm[]>(NAMES.map((name) => [name, []]))
const memories = new Map<string, number[]>(['bare', ...NAMES].map((name) => [name, []]))
const rates = new Map<string, Serial>()
for (let round = 0; round < rounds; round++) {
  for (const [name, found] of colds) found.push(ask('cold', name))
  for (const [name, found] of memories) found.push(await idleMemory(name))
}
for (let round = 0; round < Math.ceil(rounds / 2); round++) {
  for (const name of NAMES) warms.get(name)?.push(ask('warm', name))
}
for (const name of [...NAMES, LOOP]) rates.set(name, await serialConnections(generator, command('serve', name)))

const bare = median(memories.get('bare') as number[])
const cold = (name: string, key: keyof Cold): number => median((colds.get(name) as Cold[]).map((one) => one[key]))
const warm = (name: string, of: (one: Warm) => number): number => median((warms.get(name) as Warm[]).map(of))
const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0)

type Row = readonly [what: string, target: string, value: (name: string) => string, ofLoop?: 'loop']

/** What is asked, what we promise, and the figure; whether Node's own floor is known. */
const ROWS: readonly Row[] = [
  ['import (ms)', '25', (name) => ms(cold(name, 'import')), 'loop'],
  ['first start (ms)', '10', (name) => ms(cold(name, 'start')), 'loop'],
  ['first message (ms)', '10', (name) => ms(cold(name, 'first')), 'loop'],
  ['another start (ms)', '10', (name) => ms(warm(name, ({ start }) => start))],
  ['close (ms)', '5', (name) => ms(warm(name, ({ close }) => close))],
  ['close, 5 clients attached (ms)', '5', (name) => ms(warm(name, ({ attached }) => attached))],
  ['from the 250 to the wait (ms)', '1', (name) => ms(warm(name, ({ behind }) => behind))],
  ['send and wait (ms)', '', (name) => ms(warm(name, ({ whole }) => whole))],
  ['serial connections per second', '1500', (name) => (rates.get(name) as Serial).rate.toFixed(0), 'loop'],
  ['processor time for each (ms)', '', (name) => (rates.get(name) as Serial).cpu.toFixed(2), 'loop'],
  ['1,000 inboxes in parallel (ms)', '', (name) => ms(warm(name, ({ parallel }) => parallel))],
  ['100 servers at once (ms)', '', (name) => ms(warm(name, ({ hundred }) => hundred.ms))],
  ['100 servers closed (ms)', '', (name) => ms(warm(name, ({ hundred }) => hundred.closed))],
  ['100 servers (MB)', '', (name) => (warm(name, ({ hundred }) => hundred.rss) / 1e6).toFixed(1)],
  ['idle, over bare Node (MB)', '15', (name) => (median(memories.get(name) as number[]) - bare).toFixed(1)],
]

/** ms from the start of a process that does nothing to its end: says how fast the machine is. */
function emptyProcess(): number {
  const before = performance.now()
  const [program, ...args] = onCore(0, [process.execPath, '--eval', ''])
  execFileSync(program as string, args)
  return performance.now() - before
}
const empty = median(Array.from({ length: 9 }, emptyProcess))

console.log(`medians; Node ${process.version}; a bare process has ${bare.toFixed(0)} MB`)
console.log(`this machine: a process that does nothing takes ${empty.toFixed(0)} ms\n`)
printTable(
  ['', 'target', ...NAMES, LOOP],
  ROWS.map(([what, target, value, ofLoop]) => [what, target, ...NAMES.map(value), ofLoop ? value(LOOP) : '']),
)
console.log('\na negative wait: the message is in the test’s hands before the client has heard of it')
