/**
 * Addresses as keys: which two spellings mean the same mailbox.
 *
 * Domains are compared without case, without a final dot, and in their ASCII form: `BÜCHER.example` and
 * `xn--bcher-kva.example` are one domain (RFC 5890 §2.3.2.4). Local parts belong to their host (RFC 5321 §2.4); here
 * they are brought to NFC and, unless told otherwise, compared without case. `"john"@` and `john@` are the same
 * (RFC 5321 §4.1.2).
 */

export interface AddressParts {
  /** Without quotes. */
  readonly localPart: string
  /** As it was written. An address literal keeps its brackets. */
  readonly domain: string
}

/** How addresses are compared. */
export interface AddressRules {
  /** Compare local parts with their case. Default false. */
  readonly caseSensitive?: boolean
}

/** Splits at the last `@` and takes quotes off the local part. `null` when that is no address of a mailbox. */
export function splitAddress(address: string): AddressParts | null {
  const at = address.lastIndexOf('@')
  if (at < 1 || at === address.length - 1 || address.length > 1000) return null
  const localPart = unquote(address.slice(0, at))
  if (localPart === null || localPart === '' || hasControl(address)) return null
  return { localPart, domain: address.slice(at + 1) }
}

/** A quoted string without its quotes and backslashes; other text as it is; `null` when the quoting is broken. */
function unquote(text: string): string | null {
  if (!text.startsWith('"')) return text.includes('"') || text.includes('@') ? null : text
  let out = ''
  for (let i = 1; i < text.length; i++) {
    const char = text[i]!
    if (char === '"') return i === text.length - 1 ? out : null
    if (char !== '\\') out += char
    else if (++i < text.length - 1) out += text[i]
    else return null
  }
  return null
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true
  }
  return false
}

/** The domain as a key: lower case, A-labels, no final dot. `null` when it is none. */
export function normaliseDomain(domain: string): string | null {
  const name = (domain.endsWith('.') ? domain.slice(0, -1) : domain).toLowerCase()
  if (name === '' || name.length > 255) return null
  if (name.startsWith('[')) return name.endsWith(']') ? name : null
  return isAscii(name) ? (isHostName(name) ? name : null) : toAscii(name)
}

/** UTS #46 by way of the URL standard, which every runtime has. */
function toAscii(name: string): string | null {
  for (const char of name) if (char < '\x80' && !isHostName(char) && char !== '.') return null
  let host: string
  try {
    host = new URL(`http://${name}/`).hostname
  } catch {
    return null
  }
  // The URL standard reads digits as an IPv4 address, which no mail domain is.
  const last = host.slice(host.lastIndexOf('.') + 1)
  return isHostName(host) && !/^\d*$/.test(last) ? host : null
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** Letters, digits, hyphens and underscores in labels that are not empty. */
function isHostName(name: string): boolean {
  let label = 0
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code === 0x2e) {
      if (label === 0) return false
      label = 0
      continue
    }
    const letter = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f
    if (!letter || ++label > 63) return false
  }
  return label > 0
}

/** The address as a key for a `Map` or a database column, or `null` when it is no address. */
export function normaliseAddress(address: string, rules: AddressRules = {}): string | null {
  const parts = splitAddress(address)
  const domain = parts && normaliseDomain(parts.domain)
  if (!parts || !domain) return null
  const localPart = parts.localPart.normalize('NFC')
  return `${rules.caseSensitive ? localPart : localPart.toLowerCase()}@${domain}`
}

/** `ann+lists@example.org` without its detail: `ann@example.org` (RFC 5233 §1). The address itself when it has none. */
export function withoutDetail(address: string, separator = '+'): string {
  const at = address.lastIndexOf('@')
  const cut = address.indexOf(separator)
  return cut > 0 && cut < at ? address.slice(0, cut) + address.slice(at) : address
}
