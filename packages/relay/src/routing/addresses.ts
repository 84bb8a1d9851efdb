/** Addresses of servers: one spelling for each, and which of them are this machine. */

/** The address of `[192.0.2.1]` or `[IPv6:2001:db8::1]`; `null` for names. */
export function addressOfLiteral(domain: string): string | null {
  if (!domain.startsWith('[') || !domain.endsWith(']')) return null
  const inside = domain.slice(1, -1)
  return canonicalAddress(inside.slice(0, 5).toLowerCase() === 'ipv6:' ? inside.slice(5) : inside)
}

/**
 * The spelling of RFC 5952; IPv4 in IPv6 (`::ffff:192.0.2.1`) as IPv4, which is where it leads, and without zeros in front:
 * some programs would read those as octal.
 */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address.split('.').map(withoutZeros).join('.')
  const canonical = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1)
  if (canonical === undefined) return address
  if (!canonical.startsWith('::ffff:')) return canonical
  const groups = canonical.slice(7).split(':')
  if (groups.length !== 2) return canonical
  const [high, low] = groups.map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function withoutZeros(part: string): string {
  let at = 0
  while (at < part.length - 1 && part[at] === '0') at++
  return part.slice(at)
}

/** Not this machine, and not everybody: `0.0.0.0` leads to this machine, too. In the spelling of `canonicalAddress`. */
export function isElsewhere(address: string): boolean {
  if (address.startsWith('127.') || address.startsWith('0.') || address === '255.255.255.255') return false
  return address !== '::1' && address !== '::' && !address.startsWith('ff')
}
