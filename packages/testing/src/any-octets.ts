/**
 * Octets for names that must only be unlike each other: fast ones, for which no cryptography is loaded, which is a tenth of what
 * a first test waits for. Nobody is kept out of anything by them.
 */
export function anyOctets(count: number): Uint8Array {
  const octets = new Uint8Array(count)
  let word = 0
  for (let i = 0; i < count; i++) {
    if (i % 4 === 0) word = mixed((turn = (turn + 0x9e3779b1) | 0))
    octets[i] = (word >>> (8 * (i % 4))) ^ Math.floor(Math.random() * 256)
  }
  return octets
}

/** A test may replace `Math.random`, or seed it alike in all its workers: process, time and a count make the difference. */
let turn = mixed(process.pid) ^ mixed((process.uptime() * 1e9) | 0)

/** Another number for each number (MurmurHash3's finish). */
function mixed(number: number): number {
  let h = number ^ (number >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Octets of randomness in a fresh address. */
const FRESH = 6

/** An address of the domain that no test has had before. */
export function freshAddress(domain: string, random: (octets: number) => Uint8Array = anyOctets): string {
  return `t-${Buffer.from(random(FRESH)).toString('hex')}@${domain}`
}
