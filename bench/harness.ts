import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server of a benchmark in a process of its own, pinned to one core; the generator gets another. */
export interface BenchServer {
  readonly port: number
  /** Resident memory in bytes. */
  memory(): number
  /** Processor time of all its threads so far, in milliseconds: steadier than the clock where others use the machine. */
  cpu(): number
  stop(): Promise<void>
}

/** True when `taskset` can pin processes: with fewer than two cores, or elsewhere, figures are only rough. */
export const pinned = ((): boolean => {
  if (cpus().length < 2) return false
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** A command line on one core. */
export function onCore(core: 0 | 1, command: readonly string[]): readonly string[] {
  return pinned ? ['taskset', '-c', String(core), ...command] : command
}

/** Without the paths of the repository's own: what is measured is the build (`dist/`), not sources translated on the way. */
const BUILT = fileURLToPath(new URL('./tsconfig.json', import.meta.url))

/**
 * Starts a program that prints `ready PORT` on a line of its own. Programs in TypeScript run over the built packages. `spread`: on
 * all cores, for what works in several threads.
 */
export async function startServer(command: readonly string[], spread = false): Promise<BenchServer> {
  const [program, ...args] = spread ? command : onCore(0, command)
  const child: ChildProcess = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TSX_TSCONFIG_PATH: BUILT },
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (!child.stdout) throw new Error('no standard output')
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) {
    if (!line.startsWith('ready ')) continue
    child.stdout.resume()
    return {
      port: Number(line.split(' ')[1]),
      memory: () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)]).toString()) * 1024,
      cpu: () => cpuOf(child.pid as number),
      async stop() {
        child.kill('SIGTERM')
        await exited
      },
    }
  }
  throw new Error(`${command.join(' ')} ended before it was ready`)
}

/** Processor time of a process so far, in milliseconds, from `/proc` (Linux); elsewhere not a number. */
function cpuOf(pid: number): number {
  const times = timesOf(pid)
  return times ? times.own : Number.NaN
}

/** The same of a process and everything it has started, what has ended already included: for servers that fork. */
export function cpuOfTree(pid: number): number {
  const times = timesOf(pid)
  if (!times) return Number.NaN
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    .split(' ')
    .filter((one) => one !== '')
  return children.reduce((sum, child) => sum + (cpuOfTree(Number(child)) || 0), times.own + times.ended)
}

function timesOf(pid: number): { own: number; ended: number } | null {
  try {
    // Behind the name in parentheses, which may hold blanks: utime, stime, cutime and cstime are the 12th to 15th field,
    // in ticks of 10 ms.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ').map(Number)
    return { own: (fields[11] + fields[12]) * 10, ended: (fields[13] + fields[14]) * 10 }
  } catch {
    return null
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/**
 * How cost grows with size: the slope of a line through the logarithms. 0: not at all, 1: in proportion, 2: with the square.
 * Not a number for fewer than two sizes.
 */
export function exponent(sizes: readonly number[], costs: readonly number[]): number {
  const points = sizes.flatMap((size, i) => (costs[i] > 0 ? [[Math.log(size), Math.log(costs[i])] as const] : []))
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const rise = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  return rise / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
}

/** A table with aligned columns. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  for (const row of [header, ...rows]) {
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
  }
}

/** The value behind `--name`, or the default. */
export function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? fallback : Number(process.argv[at + 1])
}
