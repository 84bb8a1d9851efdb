/**
 * IMAP: ours (over SQLite and over memory) beside Dovecot with a maildir and, where large messages are read, a bare
 * `node:net` loop that sends files. Each server in a process of its own on one core, one client on the other, rounds
 * interleaved; the fastest of each, and ratios.
 */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startDovecot } from '../../interop/dovecot.js'
import { type BenchServer, onCore, option, printTable, startServer } from '../harness.js'
import { mailOf } from './messages.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const rounds = option('rounds', 3)
const repeats = option('repeats', 5)
const scale = option('scale', 1)
const count = Math.ceil(10_000 * scale)

interface Load {
  readonly name: string
  readonly account: string
  /** What is measured; see client.mjs. */
  readonly command: string
}

const load = (name: string, command: string, account = 'people'): Load => ({ name, account, command })

const LOADS: readonly Load[] = [
  load('SELECT 10k', 'SELECT INBOX'),
  load('SELECT 100k', 'SELECT INBOX', 'many'),
  load('FETCH flags', 'FETCH 1:* (FLAGS)'),
  load('FETCH envelopes', 'FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)'),
  load('FETCH header fields', 'FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])'),
  load('FETCH 2k bodies', 'FETCH 1:2000 BODY.PEEK[]'),
  load('FETCH 8 bodies of 10 MB', 'FETCH 1:* BODY.PEEK[]', 'large'),
  load('SEARCH UNSEEN', 'SEARCH UNSEEN'),
  load('SEARCH SUBJECT', 'UID SEARCH SUBJECT holiday'),
  load('SEARCH FROM', 'UID SEARCH FROM grace'),
  load('SEARCH SENTSINCE', 'UID SEARCH SENTSINCE 1-Feb-2026'),
  load('SEARCH BODY', 'UID SEARCH BODY "number 77"'),
  load('SEARCH TEXT', 'UID SEARCH TEXT nowhere'),
  load('SORT SUBJECT', 'SORT (SUBJECT) UTF-8 ALL'),
  load('SORT DATE', 'SORT (REVERSE DATE) UTF-8 ALL'),
  load('SORT FROM', 'UID SORT (FROM SUBJECT) UTF-8 ALL'),
  load('THREAD REFERENCES', 'THREAD REFERENCES UTF-8 ALL'),
  load('THREAD REFS', 'THREAD REFS UTF-8 ALL'),
  load('THREAD ORDEREDSUBJECT', 'THREAD ORDEREDSUBJECT UTF-8 ALL'),
  load('STORE 1:*', '*STORE 1:* +FLAGS (\\Flagged)|STORE 1:* -FLAGS.SILENT (\\Flagged)'),
  load('flag sync, 100 of 10k', '@changes 100'),
  load('APPEND 500 x 2 KB', '@append 500', 'appended'),
  load('MOVE 1k', 'CREATE Other|*MOVE 1:1000 Other|SELECT Other|*MOVE 1:* INBOX|SELECT INBOX|DELETE Other', 'moving'),
]
/** `--only 'FETCH,SELECT 10k'`: what has one of these in its name. */
const only = process.argv.indexOf('--only')
const asked = only === -1 ? [''] : (process.argv[only + 1] as string).split(',')
const wanted = LOADS.filter(({ name }) => asked.some((part) => name.includes(part)))

/** Enough to measure. */
const LARGE_MESSAGES = 8

/** Accounts with the messages that are in them. */
const ACCOUNTS = [
  ['people', count, 'mail'],
  ['moving', Math.max(1_000, Math.ceil(2_000 * scale)), 'mail'],
  ['appended', 1, 'mail'],
  ['many', count * 10, 'small'],
  ['large', LARGE_MESSAGES, 'large'],
] as const
const isLarge = ({ account }: Load): boolean => account === 'large'
const needed = ACCOUNTS.filter(([name]) => wanted.some(({ account }) => account === name))

/** Messages as deliveries leave them in a maildir: sizes stand in the names (`S`, `W`). */
function fillMaildir(folder: string, account: string, messages: number, what: string): void {
  const number = (flag: string): number => Number(execFileSync('id', [flag, 'nobody']).toString())
  const [uid, gid] = [number('-u'), number('-g')]
  const home = join(folder, 'mail', account)
  for (const name of [home, ...['cur', 'new', 'tmp'].map((one) => join(home, one))])
    mkdirSync(name, { recursive: true })
  for (let i = 0; i < messages; i++) {
    const octets = mailOf(what, i)
    const name = `${1_700_000_000 + i}.M${i}P1.bench,S=${octets.length},W=${octets.length}:2,`
    writeFileSync(join(home, 'cur', name), octets)
  }
  execFileSync('chown', ['-R', `${uid}:${gid}`, home])
  chownSync(home, uid, gid)
}

function measure(port: number, { account, command }: Load): { readonly ms: number; readonly octets: number } {
  const prepare = command.startsWith('SELECT') ? [] : ['! SELECT INBOX']
  const args = [process.execPath, join(here, 'client.mjs'), port, account, repeats, ...prepare, command]
  const [program, ...rest] = onCore(1, args.map(String))
  return JSON.parse(execFileSync(program, rest, { encoding: 'utf8' }))[0]
}

const spec = needed.map((one) => one.join(':'))
const ours = (kind: string): Promise<BenchServer> =>
  startServer([process.execPath, '--import', 'tsx', join(here, 'ours.ts'), kind, ...spec])
const dovecot = await startDovecot({ core: 0 })
for (const [name, messages, what] of needed) fillMaildir(dovecot.folder, name, messages, what)
const [memory, sqlite] = [await ours('memory'), await ours('sqlite')]
const file = await startServer([
  process.execPath,
  '--import',
  'tsx',
  join(here, 'file-server.ts'),
  String(wanted.some(isLarge) ? LARGE_MESSAGES : 0),
])
const servers: readonly (readonly [name: string, port: number])[] = [
  ['file server', file.port],
  ['Dovecot (maildir)', dovecot.imap],
  ['posthouse (SQLite)', sqlite.port],
  ['posthouse (memory)', memory.port],
]
const best = new Map<string, number[]>()
try {
  // The first round warms up: Dovecot makes its index and its caches then.
  for (let round = 0; round <= rounds; round++) {
    for (const one of wanted) {
      const found = best.get(one.name) ?? servers.map(() => Number.POSITIVE_INFINITY)
      for (const [i, [name, port]] of servers.entries()) {
        if (name === 'file server' && !isLarge(one)) continue
        const { ms } = measure(port, one)
        if (round > 0) found[i] = Math.min(found[i], ms)
      }
      best.set(one.name, found)
    }
  }
} finally {
  console.log(
    `resident at the end: SQLite ${(sqlite.memory() / 1e6).toFixed(0)} MB, memory ${(memory.memory() / 1e6).toFixed(0)} MB\n`,
  )
  await Promise.all([file.stop(), memory.stop(), sqlite.stop(), dovecot.stop()])
}

const shown = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '-')
const timesOf = ({ name }: Load): readonly number[] => best.get(name) ?? []
printTable(
  ['ms', ...servers.map(([name]) => name)],
  wanted.map((one) => [one.name, ...timesOf(one).map((ms) => shown(ms, 1))]),
)
for (const base of ['Dovecot (maildir)', 'file server']) {
  const at = servers.findIndex(([name]) => name === base)
  const compared = wanted.filter((one) => Number.isFinite(timesOf(one)[at]))
  if (compared.length === 0) continue
  console.log('')
  printTable(
    [`speed as a ratio to ${base}`, ...servers.map(([name]) => name)],
    compared.map((one) => [one.name, ...timesOf(one).map((ms) => shown(timesOf(one)[at] / ms, 2))]),
  )
}
