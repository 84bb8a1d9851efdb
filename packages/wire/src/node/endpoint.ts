import type { Endpoint } from '../link.js'
import { plainAddress } from '../network.js'

/** One end of a socket. An IPv4 address that came through an IPv6 socket is shown as IPv4. */
export function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  return { address: plainAddress(address ?? ''), port: port ?? 0 }
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}
