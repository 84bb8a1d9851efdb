import type { Endpoint } from '../link.js'

/** One end of a socket. An IPv4 address that came through an IPv6 socket is shown as IPv4. */
export function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  return { address: plainAddress(address ?? ''), port: port ?? 0 }
}

/** The IPv4 address of one that is mapped into IPv6; all others as they are. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}
