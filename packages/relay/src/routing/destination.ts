/** Destinations: where the jobs of a message go. A job keeps the key; what it means is looked up when it is done. */
import { domainKey } from '@posthouse/smtp'

/** The key of mail for accounts on this machine. */
export const LOCAL = 'local'

/** What a key means. */
export type DestinationName =
  | { readonly type: 'local' }
  /** A domain, by its MX records or a route of its own; or an address literal. */
  | { readonly type: 'domain'; readonly domain: string }
  /** A route that several domains share, by its name: a smart host. */
  | { readonly type: 'route'; readonly name: string }

/** The key of a domain: `domain:example.org`. */
export function domainDestination(domain: string): string {
  return `domain:${domainKey(domain)}`
}

/** The key of a named route: `route:smarthost`. */
export function routeDestination(name: string): string {
  return `route:${name}`
}

/** Reads a key; `null` when it is none. */
export function parseDestination(key: string): DestinationName | null {
  if (key === LOCAL) return { type: 'local' }
  if (key.startsWith('domain:')) return { type: 'domain', domain: key.slice(7) }
  return key.startsWith('route:') ? { type: 'route', name: key.slice(6) } : null
}
