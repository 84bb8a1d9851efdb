/**
 * Octets for names that must only be unlike each other: fast ones, for which no cryptography is loaded, which is a tenth of what
 * a first test waits for. Nobody is kept out of anything by them.
 */
export function anyOctets(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(Math.random() * 256))
}

/** Octets of randomness in a fresh address. */
const FRESH = 6

/** An address of the domain that no test has had before. */
export function freshAddress(domain: string, random: (octets: number) => Uint8Array = anyOctets): string {
  return `t-${Buffer.from(random(FRESH)).toString('hex')}@${domain}`
}
