import type { Mailbox } from '../syntax/address.js'
import { asciiDomain } from '../syntax/ascii-domain.js'

/**
 * The one form in which two spellings of a domain are compared: lower case, without a dot at the end, and in its
 * ASCII form (`xn--`) where the runtime's URL parser knows one.
 */
export function domainKey(domain: string): string {
  const lower = (domain.endsWith('.') ? domain.slice(0, -1) : domain).toLowerCase()
  for (let i = 0; i < lower.length; i++) {
    if (lower.charCodeAt(i) > 127) return asciiDomain(lower)
  }
  return lower
}

/**
 * The spellings under which an address is looked up: as it was written, then in lower case and composed (NFC).
 * Only the domain's owner knows whether case matters (RFC 5321 §2.4), so an exact match comes first.
 */
export function addressForms(mailbox: Mailbox, home?: string): readonly string[] {
  const address = mailbox.domain === '' && home !== undefined ? `${mailbox.localPart}@${home}` : mailbox.address
  const at = address.lastIndexOf('@')
  const exact = at === -1 ? address : `${address.slice(0, at)}@${domainKey(address.slice(at + 1))}`
  const lower = exact.normalize('NFC').toLowerCase()
  return lower === exact ? [exact] : [exact, lower]
}
