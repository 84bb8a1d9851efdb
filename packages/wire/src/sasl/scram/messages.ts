/**
 * The messages of SCRAM (RFC 5802 §5, §7), read from text with a character for each octet. All readers answer `null`
 * to what is malformed, and to mandatory extensions (`m=`), of which there are none.
 */
import { fromLatin1 } from '../../bytes.js'
import { decodeBase64 } from '../base64.js'
import { type Gs2Header, parseGs2Header } from '../gs2.js'
import { decodeSaslName, strictUtf8 } from '../text.js'

/** Characters of a nonce at most: what a peer sends is kept during the login. */
const MAX_NONCE = 512

export interface ClientFirst {
  readonly header: Gs2Header
  /** The header as it was sent, which `c=` repeats. */
  readonly headerText: string
  /** What the signatures cover. */
  readonly bare: string
  readonly user: string
  readonly nonce: string
}

export function parseClientFirst(text: string): ClientFirst | null {
  // The names in it are UTF-8, and nothing else of the message can hold octets above 127.
  const decoded = strictUtf8(fromLatin1(text))
  const header = decoded === null ? null : parseGs2Header(decoded)
  if (decoded === null || header === null) return null
  const parts = decoded.slice(header.length).split(',')
  const user = attribute(parts[0], 'n')
  const nonce = attribute(parts[1], 'r')
  const name = user === null ? null : decodeSaslName(user)
  if (name === null || nonce === null || !isNonce(nonce)) return null
  const bareAt = text.indexOf(',', text.indexOf(',') + 1) + 1
  return { header, headerText: text.slice(0, bareAt), bare: text.slice(bareAt), user: name, nonce }
}

export interface ServerFirst {
  readonly nonce: string
  readonly salt: Uint8Array
  readonly iterations: number
}

export function parseServerFirst(text: string): ServerFirst | null {
  const parts = text.split(',')
  const nonce = attribute(parts[0], 'r')
  const salt = decoded(attribute(parts[1], 's'))
  const iterations = positiveNumber(attribute(parts[2], 'i'))
  if (nonce === null || !isNonce(nonce) || salt === null || salt.length === 0 || iterations === null) return null
  return { nonce, salt, iterations }
}

export interface ClientFinal {
  /** GS2 header and channel binding data. */
  readonly binding: Uint8Array
  readonly nonce: string
  readonly proof: Uint8Array
  /** What the signatures cover. */
  readonly withoutProof: string
}

export function parseClientFinal(text: string): ClientFinal | null {
  const proofAt = text.lastIndexOf(',')
  if (proofAt === -1) return null
  const parts = text.slice(0, proofAt).split(',')
  const binding = decoded(attribute(parts[0], 'c'))
  const nonce = attribute(parts[1], 'r')
  const proof = decoded(attribute(text.slice(proofAt + 1), 'p'))
  if (binding === null || nonce === null || proof === null) return null
  return { binding, nonce, proof, withoutProof: text.slice(0, proofAt) }
}

/** `v=` with the server's signature, or `e=` with its reason to refuse. */
export type ServerFinal = { readonly signature: Uint8Array } | { readonly error: string }

export function parseServerFinal(text: string): ServerFinal | null {
  const first = text.split(',')[0]
  const error = attribute(first, 'e')
  if (error !== null) return { error }
  const signature = decoded(attribute(first, 'v'))
  return signature === null ? null : { signature }
}

function attribute(part: string | undefined, name: string): string | null {
  return part !== undefined && part.length > 2 && part[0] === name && part[1] === '=' ? part.slice(2) : null
}

function decoded(base64: string | null): Uint8Array | null {
  return base64 === null ? null : decodeBase64(fromLatin1(base64))
}

/** Printable ASCII without a comma (RFC 5802 §7, `printable`). */
function isNonce(text: string): boolean {
  if (text.length > MAX_NONCE) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 33 || code > 126 || code === 44) return false
  }
  return true
}

function positiveNumber(text: string | null): number | null {
  if (text === null || text.length > 10 || text[0] === '0') return null
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return null
    value = value * 10 + digit
  }
  return value
}
