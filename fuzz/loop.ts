/** The fuzzing loop: a target is given inputs made of its dictionary and throws when something does not hold. */
export interface Target {
  name: string
  /** Pieces of input that lead somewhere. */
  dictionary: readonly string[]
  /** `cut` gives the places to cut the input at, as often as it is asked. */
  run(input: Uint8Array, cut: (length: number) => number): void | Promise<void>
}

/** Fails with what does not hold. */
export function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

/** A fixed sequence of numbers below a limit (mulberry32): a seed is enough to repeat a failure. */
function numbers(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, below)
  }
}

/** Words of the dictionary, octets of all kinds and copies of what is there already. */
function makeInput(target: Target, next: (below: number) => number): Uint8Array {
  const parts: Buffer[] = []
  for (let count = next(12); count > 0; count--) {
    const kind = next(4)
    if (kind === 0) parts.push(Buffer.from(Array.from({ length: next(20) }, () => next(256))))
    else if (kind === 1 && parts.length > 0) parts.push(parts[next(parts.length)]!)
    else parts.push(Buffer.from(target.dictionary[next(target.dictionary.length)]!, 'latin1'))
  }
  return Uint8Array.from(Buffer.concat(parts))
}

/** Runs a target for some time, from a seed on; throws an error that names the seed and the input. */
export async function fuzzTarget(target: Target, milliseconds: number, firstSeed: number): Promise<number> {
  const end = performance.now() + milliseconds
  let runs = 0
  for (let seed = firstSeed; performance.now() < end || runs < 50; seed++, runs++) {
    const next = numbers(seed)
    const input = makeInput(target, next)
    try {
      await target.run(input, next)
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      throw new Error(`${what} (seed ${seed}, input ${Buffer.from(input).toString('hex')})`, { cause: error })
    }
  }
  return runs
}

/** `input` in chunks of up to 40 octets. */
export function cutUp(input: Uint8Array, next: (below: number) => number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < input.length; ) {
    const end = Math.min(input.length, at + 1 + next(40))
    chunks.push(input.subarray(at, end))
    at = end
  }
  return chunks
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? undefined : process.argv[at + 1]
}

/** Runs each target for `--seconds` (10) from a random seed on; with `--target`, those whose name has that in it. */
export async function runTargets(targets: readonly Target[]): Promise<void> {
  const wanted = option('target') ?? ''
  const seconds = Number(option('seconds') ?? 10)
  for (const target of targets.filter(({ name }) => name.includes(wanted))) {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const runs = await fuzzTarget(target, seconds * 1000, seed)
    console.log(`${target.name.padEnd(36)} ${seconds} s, ${runs} runs from seed ${seed}`)
  }
}
