import { openConnection } from '@posthouse/wire/node'
import { MilterError } from '../errors.js'
import type { ConnectMilter } from '../session/index.js'

/**
 * Where a milter listens, in the words of Sendmail and Postfix: `inet:11332@127.0.0.1`, `inet:127.0.0.1:11332`,
 * `inet6:11332@::1`, `inet:[::1]:11332`, `unix:/run/opendkim.sock`, `local:/run/opendkim.sock`.
 * @throws MilterError `address` when it is none of these.
 */
export function milterAt(address: string): ConnectMilter {
  const place = readAddress(address)
  return ({ timeout }) => openConnection({ ...place, connectTimeout: timeout })
}

/** Reads the address of a milter. */
export function readAddress(
  address: string,
): { readonly path: string } | { readonly host: string; readonly port: number } {
  const colon = address.indexOf(':')
  const kind = address.slice(0, colon)
  const rest = address.slice(colon + 1)
  if (kind === 'unix' || kind === 'local') {
    if (rest !== '') return { path: rest }
  } else if (kind === 'inet' || kind === 'inet6') {
    const at = rest.indexOf('@')
    const [port, host] = at === -1 ? hostBefore(rest) : [rest.slice(0, at), rest.slice(at + 1)]
    if (host !== '' && isPort(port)) return { host: unbracketed(host), port: Number(port) }
  }
  throw new MilterError(
    'address',
    `${JSON.stringify(address)} is no milter address; write inet:port@host or unix:/path/to/socket`,
  )
}

function hostBefore(rest: string): [port: string, host: string] {
  const colon = rest.lastIndexOf(':')
  return [rest.slice(colon + 1), rest.slice(0, Math.max(0, colon))]
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

function isPort(text: string): boolean {
  if (text === '' || text.length > 5) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 48 || text.charCodeAt(i) > 57) return false
  return Number(text) > 0 && Number(text) < 65_536
}
