/** Addresses of clients, for whoever counts or looks them up. */

/** IPv4 as four numbers, IPv6 as sixteen octets; `null` when the text is neither. */
export function addressOctets(address: string): readonly number[] | null {
  if (!address.includes(':')) return ipv4(address)
  const [head, tail, more] = address.split('::')
  if (more !== undefined) return null
  const left = groups(head, tail === undefined)
  const right = tail === undefined ? [] : groups(tail)
  if (!left || !right) return null
  const gap = 16 - left.length - right.length
  if (tail === undefined ? gap !== 0 : gap < 2) return null
  return [...left, ...new Array<number>(Math.max(0, gap)).fill(0), ...right]
}

/** The IPv4 address of one that is mapped into IPv6, in whatever way that is written; all others as they are. */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address
  const octets = addressOctets(address)
  return octets && isMapped(octets) ? octets.slice(12).join('.') : address
}

/**
 * The network that a client cannot easily leave: an IPv4 address itself, the /64 of an IPv6 address. `ipv4Bits` (a
 * multiple of 8) widens the former. An IPv4 address that is mapped into IPv6 is an IPv4 address.
 */
export function networkKey(address: string, ipv4Bits = 32): string {
  if (ipv4Bits === 32 && !address.includes(':')) return address
  const octets = addressOctets(address)
  if (!octets) return address
  const own = isMapped(octets) ? octets.slice(12) : octets
  return own.slice(0, own.length === 4 ? ipv4Bits / 8 : 8).join('.')
}

/** The front of `::ffff:0:0/96`. */
const MAPPED = '0,0,0,0,0,0,0,0,0,0,255,255'

function isMapped(octets: readonly number[]): boolean {
  return octets.length === 16 && octets.slice(0, 12).join() === MAPPED
}

function ipv4(text: string): number[] | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const octets = parts.map((part) => number(part, 3, 10))
  return octets.every((octet) => octet <= 255) ? octets : null
}

/** `last`: an IPv4 address may stand at its end. */
function groups(text: string, last = true): number[] | null {
  if (text === '') return []
  const octets: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const own = last && i === parts.length - 1 ? ipv4(part) : null
      if (!own) return null
      octets.push(...own)
      continue
    }
    const value = number(part, 4, 16)
    if (Number.isNaN(value)) return null
    octets.push(value >> 8, value & 255)
  }
  return octets
}

/** One to so many digits and nothing else, or NaN. `Number` and `parseInt` read `1e1` and `1g`, too. */
function number(text: string, digits: number, base: 10 | 16): number {
  let value = text.length > 0 && text.length <= digits ? 0 : Number.NaN
  for (const character of text.toLowerCase()) {
    const digit = '0123456789abcdef'.slice(0, base).indexOf(character)
    value = digit < 0 ? Number.NaN : value * base + digit
  }
  return value
}
