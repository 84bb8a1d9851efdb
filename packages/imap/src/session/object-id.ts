/** Identifiers of a store as the wire may carry them. */
import type { MailboxInfo, MessageRow } from '@posthouse/store-api'
import { fromUtf8, md5Hex } from '@posthouse/wire'

/** Characters that an identifier has at most. */
const MOST = 255

/**
 * An identifier as RFC 8474 §7 allows it: up to 255 letters, digits, `_` and `-`. Others are told in hexadecimal, or as
 * their hash where that is too long.
 */
export function objectId(id: string): string {
  let plain = id.length > 0 && id.length <= MOST
  for (let i = 0; i < id.length && plain; i++) {
    const code = id.charCodeAt(i)
    const letter = code | 32
    plain = (letter >= 97 && letter <= 122 && code < 128) || (code >= 48 && code <= 57) || code === 45 || code === 95
  }
  if (plain) return id
  const octets = fromUtf8(id)
  if (2 + 2 * octets.length > MOST) return `h-${md5Hex(octets)}`
  let hex = 'x-'
  for (const octet of octets) hex += octet.toString(16).padStart(2, '0')
  return hex
}

/** The EMAILID of a message. Where the store has none each message has its own: what names it for ever, in a mailbox. */
export function emailIdOf(
  { emailId, uid }: Pick<MessageRow, 'emailId' | 'uid'>,
  { id, uidValidity }: Pick<MailboxInfo, 'id' | 'uidValidity'>,
): string {
  return objectId(emailId === '' ? `${id}-${uidValidity}-${uid}` : emailId)
}
