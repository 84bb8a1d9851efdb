/** Names as they are compared. */
import { domainKey, type Mailbox, parseMailbox } from '@posthouse/smtp'
import { RelayError } from '../errors.js'

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/**
 * The spellings under which an address is looked up in tables: as it was written, then in lower case. Only the owner
 * of a domain knows whether case matters (RFC 5321 §2.4), so that an exact match comes first.
 */
export function spellings({ address, domain, localPart }: Mailbox): readonly string[] {
  if (domain === '') return [address, 'postmaster']
  const exact = `${address.slice(0, address.length - domain.length)}${domainKey(domain)}`
  const lower = exact.normalize('NFC').toLowerCase()
  return lower === exact || localPart === '' ? [exact] : [exact, lower]
}

/** The address that a table holds. @throws RelayError `address` */
export function addressOf(text: string, what: string): Mailbox {
  const mailbox = parseMailbox(text)
  if (!mailbox) throw new RelayError('address', `${what} names ${text}, which is no address`)
  return mailbox
}
