/** Names as they are compared. */
import { type Mailbox, parseMailbox } from '@posthouse/smtp'
import { RelayError } from '../errors.js'

/** A domain in lower case, without a dot at the end, in its ASCII form (`xn--`) where there is one. */
export function domainName(domain: string): string {
  const lower = (domain.endsWith('.') ? domain.slice(0, -1) : domain).toLowerCase()
  if (lower.startsWith('[')) return lower
  return isAscii(lower) ? lower : asciiDomain(lower)
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

function asciiDomain(domain: string): string {
  try {
    return new URL(`http://${domain}`).hostname
  } catch {
    return domain
  }
}

/**
 * The spellings under which an address is looked up in tables: as it was written, then in lower case. Only the owner
 * of a domain knows whether case matters (RFC 5321 §2.4), so that an exact match comes first.
 */
export function spellings({ address, domain, localPart }: Mailbox): readonly string[] {
  if (domain === '') return [address, 'postmaster']
  const exact = `${address.slice(0, address.length - domain.length)}${domainName(domain)}`
  const lower = exact.normalize('NFC').toLowerCase()
  return lower === exact || localPart === '' ? [exact] : [exact, lower]
}

/** The address that a table holds. @throws RelayError `address` */
export function addressOf(text: string, what: string): Mailbox {
  const mailbox = parseMailbox(text)
  if (!mailbox) throw new RelayError('address', `${what} names ${text}, which is no address`)
  return mailbox
}
