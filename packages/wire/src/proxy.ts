import { latin1 } from './bytes.js'
import type { Endpoint } from './link.js'
import { plainAddress } from './network.js'

/**
 * The PROXY protocol, versions 1 and 2: a load balancer says in front of everything else who really connected
 * (haproxy.org, doc/proxy-protocol.txt). Only a trusted peer may say so.
 */

/** What the start of a connection says. */
export type ProxyHeader =
  /** More octets are needed. */
  | { readonly type: 'incomplete' }
  /** Not this protocol: the connection must be closed. */
  | { readonly type: 'invalid'; readonly message: string }
  /** `remote` is `null` for health checks of the proxy itself (LOCAL, UNKNOWN). `length`: octets of the header. */
  | { readonly type: 'header'; readonly remote: Endpoint | null; readonly length: number }

/** The longest line of version 1, with CRLF. */
const MAX_V1 = 107
/** Octets of addresses and TLVs that version 2 may carry; proxies send a few dozen, certificates some hundred. */
const MAX_V2 = 4096
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
const V1_START = 'PROXY '
const INCOMPLETE: ProxyHeader = { type: 'incomplete' }

/** Reads the header that a connection from a trusted proxy begins with. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (bytes.length === 0) return INCOMPLETE
  return bytes[0] === SIGNATURE[0] ? parseVersion2(bytes) : parseVersion1(bytes)
}

function invalid(message: string): ProxyHeader {
  return { type: 'invalid', message }
}

/** `PROXY TCP4 192.0.2.1 192.0.2.2 56324 25 CRLF` */
function parseVersion1(bytes: Uint8Array): ProxyHeader {
  const text = latin1(bytes, 0, Math.min(bytes.length, MAX_V1))
  if (!text.startsWith(V1_START.slice(0, text.length)))
    return invalid('the connection does not begin with a PROXY header')
  const end = text.indexOf('\r\n')
  if (end === -1) return text.length < MAX_V1 ? INCOMPLETE : invalid('the PROXY line is too long')
  const [, family, source, , port, ...rest] = text.slice(0, end).split(' ')
  const length = end + 2
  if (family === 'UNKNOWN') return { type: 'header', remote: null, length }
  const number = readPort(port)
  if ((family !== 'TCP4' && family !== 'TCP6') || rest.length !== 1 || !isAddress(source, family) || number === null) {
    return invalid('the PROXY line is not well-formed')
  }
  return { type: 'header', remote: { address: plainAddress(source), port: number }, length }
}

function readPort(text: string | undefined): number | null {
  if (!text || text.length > 5) return null
  let port = 0
  for (const character of text) {
    const digit = character.charCodeAt(0) - 48
    if (digit < 0 || digit > 9) return null
    port = port * 10 + digit
  }
  return port <= 65_535 ? port : null
}

/** Only the characters are checked: the address is shown and compared. */
function isAddress(text: string | undefined, family: string): text is string {
  const allowed = family === 'TCP4' ? '0123456789.' : '0123456789abcdefABCDEF:.'
  return text !== undefined && text.length >= 2 && text.length <= 45 && [...text].every((c) => allowed.includes(c))
}

function parseVersion2(bytes: Uint8Array): ProxyHeader {
  for (let i = 0; i < Math.min(bytes.length, SIGNATURE.length); i++) {
    if (bytes[i] !== SIGNATURE[i]) return invalid('the connection does not begin with a PROXY header')
  }
  if (bytes.length < 16) return INCOMPLETE
  const version = bytes[12] >> 4
  const command = bytes[12] & 15
  const family = bytes[13]
  const size = (bytes[14] << 8) | bytes[15]
  if (version !== 2 || command > 1) return invalid('the PROXY header has an unknown version or command')
  if (size > MAX_V2) return invalid('the PROXY header is too long')
  if (bytes.length < 16 + size) return INCOMPLETE
  const length = 16 + size
  if (command === 0) return { type: 'header', remote: null, length }
  // 0x11: TCP over IPv4, 0x21: TCP over IPv6; others (UDP, UNIX sockets) say nothing about a mail client.
  if (family === 0x11 && size >= 12) {
    return { type: 'header', remote: { address: ipv4(bytes, 16), port: (bytes[24] << 8) | bytes[25] }, length }
  }
  if (family === 0x21 && size >= 36) {
    return { type: 'header', remote: { address: ipv6(bytes, 16), port: (bytes[48] << 8) | bytes[49] }, length }
  }
  return family === 0x11 || family === 0x21
    ? invalid('the PROXY header is too short for its addresses')
    : { type: 'header', remote: null, length }
}

function ipv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
function ipv6(bytes: Uint8Array, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[at + 2 * i] << 8) | bytes[at + 2 * i + 1])
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return ipv4(bytes, at + 12)
  let best = { start: -1, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const text = groups.map((group) => group.toString(16))
  if (best.start === -1) return text.join(':')
  return `${text.slice(0, best.start).join(':')}::${text.slice(best.start + best.length).join(':')}`
}
