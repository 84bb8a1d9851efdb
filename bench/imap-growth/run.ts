/**
 * What grows with a mailbox and what does not: SELECT on a new connection while nobody else has the mailbox open, and a
 * flag sync (CHANGEDSINCE) after 100 changes, in mailboxes of 12,500 to 100,000 messages. Medians, and the exponent of
 * the growth. `--rounds`.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exponent, median, onCore, option, printTable, startServer } from '../harness.js'

const here = fileURLToPath(new URL('../imap', import.meta.url))
const rounds = option('rounds', 7)
const SIZES = [12_500, 25_000, 50_000, 100_000]
const COMMANDS = ['SELECT INBOX', '@changes 100']

/** Milliseconds of each command. */
function measure(port: number, size: number): readonly number[] {
  const args = [process.execPath, join(here, 'client.mjs'), port, `u${size}`, 1, ...COMMANDS]
  const [program, ...rest] = onCore(1, args.map(String))
  const results: readonly { readonly ms: number }[] = JSON.parse(execFileSync(program, rest, { encoding: 'utf8' }))
  return results.map(({ ms }) => ms)
}

const rows: string[][] = []
for (const kind of ['memory', 'sqlite']) {
  const accounts = SIZES.map((size) => `u${size}:${size}:small`)
  const server = await startServer([process.execPath, '--import', 'tsx', join(here, 'ours.ts'), kind, ...accounts])
  const times = COMMANDS.map(() => SIZES.map((): number[] => []))
  try {
    // The first rounds warm up.
    for (let round = -3; round < rounds; round++) {
      for (const [i, size] of SIZES.entries()) {
        const found = measure(server.port, size)
        if (round >= 0) for (const [command, ms] of found.entries()) times[command][i].push(ms)
      }
    }
  } finally {
    await server.stop()
  }
  for (const [command, name] of COMMANDS.entries()) {
    const medians = times[command].map(median)
    rows.push([`${kind}: ${name}`, ...medians.map((ms) => ms.toFixed(2)), exponent(SIZES, medians).toFixed(2)])
  }
}
printTable(['ms (median)', ...SIZES.map(String), 'exponent'], rows)
