/** Address fields as applications want them: text instead of octets. */

import type { CharsetSource } from '../body/charset.js'
import { isGroup, parseAddressFields, type RawMailbox } from '../header/address.js'
import { domainToUnicode } from '../header/domain.js'
import { decodeWords, octetsToText, type RawCharset } from '../header/words.js'

/** One mailbox. */
export interface Address {
  /** Display name, encoded words decoded; empty without one. For showing only. */
  readonly name: string
  /** `local@domain` as found, the local part in quotes where it needs them; empty when the field has no address. */
  readonly address: string
  /** Local part without quotes. */
  readonly local: string
  /** Domain as found. */
  readonly domain: string
  /** The domain with its `xn--` labels in Unicode, where they are honest. For showing only. */
  readonly unicodeDomain: string
}

/** A group (RFC 5322 §3.4), such as `undisclosed-recipients:;`. */
export interface AddressGroup {
  readonly name: string
  readonly members: readonly Address[]
}

/** Is it a group (`Friends: a@b, c@d;`)? */
export function isAddressGroup(entry: Address | AddressGroup): entry is AddressGroup {
  return 'members' in entry
}

/** Must the local part have quotes? Dots in odd places are common and stay as found (RFC 5322 §3.2.3, RFC 6532 §3.2). */
function needsQuotes(local: string): boolean {
  for (let i = 0; i < local.length; i++) {
    const code = local.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f || '()<>[]:;@\\,"'.includes(local.charAt(i))) return true
  }
  return false
}

function quoteLocal(local: string): string {
  return `"${local.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function toAddress(raw: RawMailbox, charsets?: CharsetSource, rawCharset?: RawCharset): Address {
  const local = octetsToText(raw.mailbox, charsets, rawCharset).text
  const domain = octetsToText(raw.host, charsets, rawCharset).text
  const written = needsQuotes(local) ? quoteLocal(local) : local
  return {
    name: raw.name === null ? '' : decodeWords(raw.name, charsets, rawCharset).text,
    address: domain === '' ? written : `${written}@${domain}`,
    local,
    domain,
    unicodeDomain: domainToUnicode(domain),
  }
}

/** Reads the value of an address field, or the values of several, given as octets (latin1). */
export function readAddresses(
  value: string | readonly string[],
  maxAddresses?: number,
  charsets?: CharsetSource,
  rawCharset?: RawCharset,
): (Address | AddressGroup)[] {
  return parseAddressFields(typeof value === 'string' ? [value] : value, maxAddresses).entries.map((entry) =>
    isGroup(entry)
      ? {
          name: decodeWords(entry.group, charsets, rawCharset).text,
          members: entry.members.map((member) => toAddress(member, charsets, rawCharset)),
        }
      : toAddress(entry, charsets, rawCharset),
  )
}

/** All mailboxes, those of groups included. */
export function flatAddresses(entries: readonly (Address | AddressGroup)[]): Address[] {
  return entries.flatMap((entry) => (isAddressGroup(entry) ? entry.members : [entry]))
}
