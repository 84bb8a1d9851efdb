/**
 * What a client that has not said UTF8 gets of a header in UTF-8 (RFC 6856 §2.1): fields that ASCII can say are encoded,
 * addresses that it cannot are replaced, and what is left goes away (RFC 6858 §2). Headers of parts and bodies stay.
 */

import type { Group, Mailbox } from '@posthouse/mime/compose'
import { type HeaderField, parseMessage } from '@posthouse/mime/core'
import { editHeader, type NewField } from '@posthouse/mime/edit'
import { decodeWords, isGroup, parseAddressList, type RawMailbox } from '@posthouse/mime/header'
import { concat, fromLatin1, hasEightBit, indexOfByte, latin1, strictUtf8, utf8 } from '@posthouse/wire'

const ADDRESS_FIELDS = new Set(
  ['from', 'sender', 'reply-to', 'to', 'cc', 'bcc'].flatMap((name) => [name, `resent-${name}`]),
)
const TEXT_FIELDS = new Set(['subject', 'comments', 'content-description'])
const PARAMETER_FIELDS = new Set(['content-type', 'content-disposition'])
/** RFC 6858 §2.1: an address that nobody can have, with what is left of the real one as its name. */
const REPLACEMENT = 'invalid@internationalized-address.invalid'
const NOTHING = new Uint8Array(0)
const LF = 10

/**
 * The header, empty line and all, in ASCII. A header that is not UTF-8 stays as it is: it has 8-bit octets of an old
 * charset, which POP3 clients have always got.
 */
export function surrogateHeader(header: Uint8Array): Uint8Array {
  if (!hasEightBit(header) || strictUtf8(header) === null) return header
  const pieces: Uint8Array[] = []
  let at = 0
  for (const field of parseMessage(header).headers) {
    const start = field.bytes.byteOffset - header.byteOffset
    // Lines between fields that are no fields.
    pieces.push(...asciiLines(header.subarray(at, start)), hasEightBit(field.bytes) ? rewritten(field) : field.bytes)
    at = start + field.bytes.length
  }
  pieces.push(...asciiLines(header.subarray(at)))
  return concat(pieces)
}

function asciiLines(lines: Uint8Array): Uint8Array[] {
  if (!hasEightBit(lines)) return [lines]
  const kept: Uint8Array[] = []
  for (let at = 0; at < lines.length; ) {
    const lf = indexOfByte(lines, LF, at)
    const line = lines.subarray(at, lf === -1 ? lines.length : lf + 1)
    if (!hasEightBit(line)) kept.push(line)
    at += line.length
  }
  return kept
}

function rewritten(field: HeaderField): Uint8Array {
  const name = field.name.toLowerCase()
  try {
    if (ADDRESS_FIELDS.has(name)) return write({ name: field.name, addresses: addressesOf(field) })
    if (TEXT_FIELDS.has(name) || name.startsWith('x-')) return write({ name: field.name, value: field.value })
    if (PARAMETER_FIELDS.has(name)) return withoutParameters(field)
  } catch {
    // What cannot be written in ASCII goes away (RFC 6858 §2.4).
  }
  return NOTHING
}

function write(field: NewField): Uint8Array {
  return editHeader(NOTHING, [{ prepend: field }])
}

/** The field's value as octets (latin1), still folded. */
function rawValue({ bytes }: HeaderField): string {
  const text = latin1(bytes)
  return text.slice(text.indexOf(':') + 1)
}

function addressesOf(field: HeaderField): (Mailbox | Group)[] {
  return parseAddressList(rawValue(field)).entries.map((entry) =>
    isGroup(entry)
      ? { group: decodeWords(entry.group).text, members: entry.members.map(asciiMailbox) }
      : asciiMailbox(entry),
  )
}

function asciiMailbox({ name, mailbox, host }: RawMailbox): Mailbox {
  const shown = name === null ? '' : decodeWords(name).text
  const address = `${utf8(fromLatin1(mailbox))}@${utf8(fromLatin1(host))}`
  if (hasEightBit(fromLatin1(mailbox))) return { name: shown || address, address: REPLACEMENT }
  return shown === '' ? { address } : { name: shown, address }
}

/** RFC 6858 §2.2: parameters beyond ASCII are left out. */
function withoutParameters(field: HeaderField): Uint8Array {
  const [first, ...parameters] = splitParameters(rawValue(field).trimEnd())
  const kept = parameters.filter((one) => !hasEightBit(fromLatin1(one)))
  if (hasEightBit(fromLatin1(first))) return NOTHING
  return fromLatin1(`${field.name}:${[first, ...kept].join(';')}\r\n`)
}

/** At semicolons outside of quotes. */
function splitParameters(value: string): string[] {
  const parts: string[] = []
  let from = 0
  let quoted = false
  for (let i = 0; i < value.length; i++) {
    if (quoted && value[i] === '\\') i++
    else if (value[i] === '"') quoted = !quoted
    else if (value[i] === ';' && !quoted) {
      parts.push(value.slice(from, i))
      from = i + 1
    }
  }
  return [...parts, value.slice(from)]
}
