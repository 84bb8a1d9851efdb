/**
 * Mailboxes and paths (RFC 5321 §4.1.2, with the UTF-8 of RFC 6531 §3.3).
 *
 * One grammar for every address in the protocol. It is strict: what looks like two addresses to two readers is refused.
 */

import { asciiDomain } from './ascii-domain.js'

/** An address of the envelope. */
export interface Mailbox {
  /** As it goes over the wire, without the angle brackets; the local part is quoted only where it must be. */
  readonly address: string
  /** Without quotes and backslashes. Its case matters to nobody but the domain's owner. */
  readonly localPart: string
  /** As it was written; `''` for `<Postmaster>`, the one recipient without a domain. */
  readonly domain: string
}

/**
 * Octets at most. RFC 5321 §4.5.3.1 asks for 64, 255 and 256 at least, and for no limits where possible:
 * return paths of mailing lists are longer than that.
 */
const MAX_LOCAL_PART = 256
const MAX_DOMAIN = 255
const MAX_PATH = 512

/** atext of RFC 5322 §3.2.3 as a table over ASCII. */
const ATEXT = new Uint8Array(128)
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~") {
  ATEXT[character.charCodeAt(0)] = 1
}

/** An atom of ASCII characters (RFC 5322 §3.2.3). */
export function isAtom(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (ATEXT[text.charCodeAt(i)] !== 1) return false
  return text !== ''
}

/** A mailbox, or where and why there is none. */
export type PathResult =
  | { readonly type: 'path'; readonly mailbox: Mailbox | null; readonly end: number }
  | { readonly type: 'malformed'; readonly message: string }

/**
 * Reads `<path>` at `start` of a text. `mailbox` is `null` for `<>`. A source route (RFC 5321 §4.1.1.3) is read
 * and forgotten. `end` is behind the `>`.
 */
export function parsePath(text: string, start: number): PathResult {
  if (text.charCodeAt(start) !== 60) return malformed('a path is written in angle brackets')
  let at = start + 1
  if (text.charCodeAt(at) === 62) return { type: 'path', mailbox: null, end: at + 1 }
  if (text.charCodeAt(at) === 64) {
    at = skipSourceRoute(text, at)
    if (at === -1) return malformed('source route')
  }
  const local = parseLocalPart(text, at)
  if (local === null) return malformed('local part')
  at = local.end
  if (text.charCodeAt(at) === 62) {
    // RFC 5321 §4.1.1.3: "<Postmaster>" needs no domain; nobody else may lack one.
    if (local.value.toLowerCase() !== 'postmaster') return malformed('the address has no domain')
    return { type: 'path', mailbox: makeMailbox(local.value, ''), end: at + 1 }
  }
  if (text.charCodeAt(at) !== 64) return malformed('local part')
  const close = parseDomain(text, at + 1)
  if (close === -1 || text.charCodeAt(close) !== 62) return malformed('domain')
  if (octets(text, start, close + 1) > MAX_PATH) return malformed(`the path is longer than ${MAX_PATH} octets`)
  return { type: 'path', mailbox: makeMailbox(local.value, text.slice(at + 1, close)), end: close + 1 }
}

/** Reads a mailbox without angle brackets; `null` when the text is none. */
export function parseMailbox(text: string): Mailbox | null {
  const result = parsePath(`<${text}>`, 0)
  return result.type === 'path' && result.end === text.length + 2 && text.charCodeAt(0) !== 64 ? result.mailbox : null
}

/** Makes the mailbox of a local part and a domain that are known to be sound. */
export function makeMailbox(localPart: string, domain: string): Mailbox {
  const local = isDotString(localPart) ? localPart : quote(localPart)
  return { address: domain === '' ? local : `${local}@${domain}`, localPart, domain }
}

/** True when an address needs SMTPUTF8 (RFC 6531 §3.2). */
export function needsUtf8(mailbox: Mailbox): boolean {
  for (let i = 0; i < mailbox.address.length; i++) if (mailbox.address.charCodeAt(i) > 127) return true
  return false
}

/**
 * The mailbox with a domain of A-labels (RFC 5890 §2.3.2.1), which needs no SMTPUTF8; the same one where it has no such
 * form, or a local part beyond ASCII, of which nobody but its domain's owner knows another spelling.
 */
export function asciiMailbox(mailbox: Mailbox): Mailbox {
  const { localPart, domain } = mailbox
  if (!needsUtf8(mailbox) || needsUtf8({ ...mailbox, address: localPart })) return mailbox
  const ascii = asciiDomain(domain)
  // What becomes plain ASCII, or an address, was no domain name to begin with.
  return ascii.includes('xn--') && isDomain(ascii) ? makeMailbox(localPart, ascii) : mailbox
}

function parseLocalPart(text: string, start: number): { value: string; end: number } | null {
  if (text.charCodeAt(start) === 34) return parseQuoted(text, start)
  let at = start
  let dot = true
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 46) {
      if (dot) return null
      dot = true
    } else if (code > 159 || (code < 128 && ATEXT[code] === 1)) dot = false
    else break
  }
  if (dot || octets(text, start, at) > MAX_LOCAL_PART) return null
  return { value: text.slice(start, at), end: at }
}

/** Quoted-string (RFC 5321 §4.1.2): no control characters, neither plain nor behind a backslash. */
function parseQuoted(text: string, start: number): { value: string; end: number } | null {
  let value = ''
  for (let at = start + 1; at < text.length; at++) {
    let code = text.charCodeAt(at)
    if (code === 34) {
      return value === '' || octets(value, 0, value.length) > MAX_LOCAL_PART ? null : { value, end: at + 1 }
    }
    if (code === 92) {
      code = text.charCodeAt(++at)
      if (!(code >= 32 && code < 127)) return null
    } else if (code < 32 || (code > 126 && code < 160)) return null
    value += text[at]
  }
  return null
}

/** Where a domain or an address literal ends, or -1. */
function parseDomain(text: string, start: number): number {
  if (text.charCodeAt(start) === 91) {
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 93) return isAddressLiteral(text.slice(start + 1, at)) ? at + 1 : -1
      if (code < 33 || code > 126) return -1
    }
    return -1
  }
  let at = start
  while (at < text.length && isDomainCharacter(text.charCodeAt(at))) at++
  return isDomain(text.slice(start, at)) ? at : -1
}

function isDomainCharacter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 45 ||
    code === 46 ||
    code === 95 ||
    code > 159
  )
}

/** A domain name: labels of 1 to 63 octets that neither start nor end with a hyphen. Underscores are let through. */
export function isDomain(text: string): boolean {
  if (text.length === 0 || octets(text, 0, text.length) > MAX_DOMAIN) return false
  let label = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46) {
      if (label === 0 || text.charCodeAt(i - 1) === 45) return false
      label = 0
      continue
    }
    if (!isDomainCharacter(code) || (label === 0 && code === 45) || ++label > 63) return false
  }
  return label > 0 && text.charCodeAt(text.length - 1) !== 45
}

/** What stands between the brackets of an address literal (RFC 5321 §4.1.3). */
export function isAddressLiteral(text: string): boolean {
  if (text.length > 5 && text.slice(0, 5).toUpperCase() === 'IPV6:') return isIpv6(text.slice(5))
  return isIpv4(text)
}

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  if (parts.length !== 4) return false
  for (const part of parts) {
    if (part.length < 1 || part.length > 3) return false
    for (let i = 0; i < part.length; i++) if (part.charCodeAt(i) < 48 || part.charCodeAt(i) > 57) return false
    if (Number(part) > 255) return false
  }
  return true
}

function isIpv6(text: string): boolean {
  const gap = text.indexOf('::')
  if (gap !== text.lastIndexOf('::')) return false
  const groups = (side: string): number => {
    if (side === '') return 0
    const parts = side.split(':')
    let count = 0
    for (const [index, part] of parts.entries()) {
      if (part.includes('.')) {
        if (index !== parts.length - 1 || !isIpv4(part)) return -100
        count += 2
      } else if (isHexGroup(part)) count++
      else return -100
    }
    return count
  }
  if (gap === -1) return groups(text) === 8
  const left = text.slice(0, gap)
  if (left.includes('.')) return false
  const before = groups(left)
  const after = groups(text.slice(gap + 2))
  return before >= 0 && after >= 0 && before + after <= 7
}

function isHexGroup(text: string): boolean {
  if (text.length < 1 || text.length > 4) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) | 32
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false
  }
  return true
}

/** `@a,@b:` in front of a mailbox: where it ends, or -1. */
function skipSourceRoute(text: string, start: number): number {
  let at = start
  for (;;) {
    if (text.charCodeAt(at) !== 64) return -1
    at = parseDomain(text, at + 1)
    if (at === -1) return -1
    const code = text.charCodeAt(at)
    if (code === 58) return at + 1
    if (code !== 44) return -1
    at++
  }
}

function isDotString(text: string): boolean {
  const result = parseLocalPart(text, 0)
  return text.charCodeAt(0) !== 34 && result !== null && result.end === text.length
}

function quote(text: string): string {
  let out = '"'
  for (const character of text) out += character === '"' || character === '\\' ? `\\${character}` : character
  return `${out}"`
}

/** Octets in UTF-8. */
function octets(text: string, start: number, end: number): number {
  let count = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    // Each half of a surrogate pair stands for two of the four octets.
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xd800 && code <= 0xdfff ? 2 : 3
  }
  return count
}

function malformed(message: string): PathResult {
  return { type: 'malformed', message }
}
