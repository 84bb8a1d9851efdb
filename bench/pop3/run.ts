/**
 * POP3: ours (over SQLite and over memory) beside Dovecot with a maildir and a bare `node:net` loop that sends a file.
 * Each server in a process of its own on one core, one client on the other, rounds interleaved, medians, ratios.
 */
import { execFileSync } from 'node:child_process'
import { chownSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startDovecot } from '../../interop/dovecot.js'
import { type BenchServer, cpuOfTree, median, onCore, option, printTable, startServer } from '../harness.js'
import { messageOf, PREFIX } from './message.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const rounds = option('rounds', 5)
const scale = option('scale', 1)

interface Load {
  readonly name: string
  /** Also the name of the account that holds the messages. */
  readonly mode: 'list' | 'retr'
  readonly messages: number
  readonly size: number
}

const LOADS: readonly Load[] = [
  { name: 'login+UIDL+LIST of 10k', mode: 'list', messages: 10_000, size: 1_000 },
  { name: 'login+UIDL+LIST of 100k', mode: 'list', messages: 100_000, size: 1_000 },
  { name: 'RETR 10 KB', mode: 'retr', messages: 5_000, size: 10_000 },
  { name: 'RETR 10 MB', mode: 'retr', messages: 30, size: 10_000_000 },
].map((load) => ({ ...load, messages: Math.max(1, Math.ceil(load.messages * scale)) }) as Load)

const accountOf = ({ messages, size }: Load): string => `u${messages}x${size}`

/** Names for one file at most: file systems limit that. */
const LINKS = 1_000

/**
 * Messages as deliveries leave them in a maildir: sizes stand in the names (`S`, `W`). Many names share a file, so that
 * making and removing them takes less time than the measurement.
 */
function fillMaildir(folder: string, load: Load): void {
  const { uid, gid } = nobody()
  const home = join(folder, 'mail', accountOf(load))
  const folders = [home, ...['cur', 'new', 'tmp'].map((name) => join(home, name))]
  for (const name of folders) mkdirSync(name, { recursive: true })
  const octets = Buffer.concat([PREFIX, messageOf(load.size)])
  let original = ''
  for (let i = 0; i < load.messages; i++) {
    const name = `${1_700_000_000 + i}.M${i}P1.bench,S=${octets.length},W=${octets.length}:2,`
    const path = join(home, 'cur', name)
    if (i % LINKS !== 0) linkSync(original, path)
    else {
      writeFileSync(path, octets)
      original = path
    }
  }
  execFileSync('chown', ['-R', `${uid}:${gid}`, home])
  chownSync(home, uid, gid)
}

function nobody(): { uid: number; gid: number } {
  const number = (flag: string): number => Number(execFileSync('id', [flag, 'nobody']).toString())
  return { uid: number('-u'), gid: number('-g') }
}

function measure(port: number, load: Load): number {
  const args = [process.execPath, join(here, 'client.mjs'), port, load.mode, accountOf(load), load.messages]
  const [program, ...rest] = onCore(1, args.map(String))
  return Number(execFileSync(program, rest, { encoding: 'utf8' }))
}

const spec = LOADS.map((load) => `${accountOf(load)}:${load.messages}:${load.size}`)
const ours = (kind: string): Promise<BenchServer> =>
  startServer([process.execPath, '--import', 'tsx', join(here, 'ours.ts'), kind, ...spec])
const dovecot = await startDovecot({ core: 0 })
for (const load of LOADS) fillMaildir(dovecot.folder, load)
const [file, memory, sqlite] = await Promise.all([
  startServer([process.execPath, '--import', 'tsx', join(here, 'file-server.ts'), ...spec]),
  ours('memory'),
  ours('sqlite'),
])
const dovecotMaster = Number(readFileSync(join(dovecot.folder, 'run/master.pid'), 'latin1'))
const theirs: Pick<BenchServer, 'cpu'> = { cpu: () => cpuOfTree(dovecotMaster) }
const servers: readonly (readonly [name: string, port: number, server: Pick<BenchServer, 'cpu'>])[] = [
  ['file server', file.port, file],
  ['Dovecot (maildir)', dovecot.pop3, theirs],
  ['posthouse (SQLite)', sqlite.port, sqlite],
  ['posthouse (memory)', memory.port, memory],
]
const results: number[][] = servers.map(() => [])
const processor: number[][] = servers.map(() => [])
try {
  for (const load of LOADS) {
    const runs = servers.map((): number[] => [])
    const used = servers.map(() => 0)
    for (let round = 0; round <= rounds; round++) {
      for (const [i, [name, port, server]] of servers.entries()) {
        if (name === 'file server' && load.mode === 'list') continue
        const before = server.cpu()
        const ms = measure(port, load)
        // The first round warms up: Dovecot makes its index then.
        if (round === 0) continue
        runs[i].push(ms)
        used[i] += server.cpu() - before
      }
    }
    for (const [i, ms] of used.entries()) processor[i].push(runs[i].length > 0 ? ms / runs[i].length : Number.NaN)
    for (const [i, values] of runs.entries()) results[i].push(values.length > 0 ? median(values) : Number.NaN)
  }
} finally {
  const rss = { 'file server': file, 'posthouse (SQLite)': sqlite, 'posthouse (memory)': memory }
  const shown = Object.entries(rss).map(([name, server]) => `${name}: ${(server.memory() / 1e6).toFixed(0)} MB`)
  console.log(`resident at the end: ${shown.join(', ')}\n`)
  await Promise.all([file.stop(), memory.stop(), sqlite.stop(), dovecot.stop()])
}

const shown = (value: number, digits: number): string => (Number.isNaN(value) ? '-' : value.toFixed(digits))
const names = LOADS.map(({ name }) => name)
printTable(
  ['ms (median)', ...names],
  servers.map(([name], i) => [name, ...results[i].map((ms) => shown(ms, 1))]),
)
for (const [base, title, times] of [
  [1, 'speed as a ratio to Dovecot', results],
  [1, 'the same by processor time', processor],
  [0, 'speed as a ratio to the file server', results],
  [0, 'the same by processor time', processor],
] as const) {
  console.log('')
  printTable(
    [title, ...names],
    servers.map(([name], i) => [name, ...times[i].map((ms, load) => shown(times[base][load] / ms, 2))]),
  )
}
