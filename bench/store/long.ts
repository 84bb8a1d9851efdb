/** Long messages, whose greater part lies in a file of its own, beside what the disk gives to a bare file. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printTable } from '../harness.js'
import { type Fixture, openFixture, SUMMARY } from './fixture.js'

const PIECE = new Uint8Array(65_536).fill(65)

/** Octets as a connection brings them. */
function* octetsOf(size: number): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < size; at += PIECE.length) yield PIECE.subarray(0, Math.min(PIECE.length, size - at))
}

interface Rate {
  readonly megabytes: number
  /** Processor time of all threads, ms per MB. */
  readonly cpu: number
}

async function rateOf(octets: number, work: () => Promise<void> | void): Promise<Rate> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { megabytes: octets / 1000 / ms, cpu: (user + system) / (octets / 1000) }
}

const cells = ({ megabytes, cpu }: Rate): string[] => [`${megabytes.toFixed(0)} MB/s`, `${cpu.toFixed(2)} ms/MB`]

async function write({ store }: Fixture, size: number, dedup: string): Promise<string> {
  const staged = await store.stage(octetsOf(size), { size })
  const [result] = await store.deliver({ staged, summary: SUMMARY, to: [{ account: 'anna', dedup }] })
  if (result instanceof Error) throw result
  return staged.blob
}

async function read({ account }: Fixture, blob: string): Promise<void> {
  for await (const _ of account.read(blob));
}

export async function benchLong(): Promise<void> {
  const rows: string[][] = []
  for (const [size, count] of [
    [2_000_000, 50],
    [20_000_000, 8],
  ]) {
    const fixture = await openFixture(1)
    const blobs = [await write(fixture, size, 'first')]
    const written = await rateOf(size * count, async () => {
      for (let i = 0; i < count; i++) blobs.push(await write(fixture, size, String(i)))
    })
    const readBack = await rateOf(size * count, async () => {
      for (const blob of blobs.slice(1)) await read(fixture, blob)
    })
    await fixture.close()
    const bare = await bareFiles(size, count)
    rows.push([`${size / 1e6} MB, written`, ...cells(written), ...cells(bare.written)])
    rows.push([`${size / 1e6} MB, read`, ...cells(readBack), ...cells(bare.read)])
  }
  printTable(['long messages', 'store', 'cpu', 'bare file', 'cpu'], rows)
}

async function bareFiles(size: number, count: number): Promise<{ readonly written: Rate; readonly read: Rate }> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-long-'))
  const written = await rateOf(size * count, () => {
    for (let i = 0; i < count; i++) {
      const file = openSync(join(folder, String(i)), 'w')
      for (const piece of octetsOf(size)) writeSync(file, piece)
      fdatasyncSync(file)
      closeSync(file)
    }
  })
  const buffer = new Uint8Array(512 * 1024)
  const read = await rateOf(size * count, () => {
    for (let i = 0; i < count; i++) {
      const file = openSync(join(folder, String(i)), 'r')
      while (readSync(file, buffer) > 0);
      closeSync(file)
    }
  })
  rmSync(folder, { recursive: true, force: true })
  return { written, read }
}
