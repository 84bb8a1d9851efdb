/** The header of a message that has come in. */
import {
  type FieldTable,
  fieldEnd,
  fieldName,
  fieldStart,
  foldedValue,
  isGroup,
  parseAddressList,
  scanFields,
} from '@posthouse/mime/header'
import { type ReceivedMessage, type Reply, type RewrittenPiece, reply } from '@posthouse/smtp'
import { concat, fromLatin1, latin1, utf8 } from '@posthouse/wire'
import { domainOf } from '../syntax/domains.js'
import type { MailAuthLimits } from './limits.js'

/** A header field: its name in lower case, its value still folded, and where it stands in the message. */
export interface Field {
  readonly name: string
  /** Its octets as latin1. */
  readonly value: string
  readonly start: number
  readonly end: number
  /** All of it, with its name and the line break at its end: a view. */
  readonly octets: Uint8Array
}

export interface Header {
  readonly fields: readonly Field[]
  /** Where a field goes that is to stand in front of all others: behind an mbox `From ` line. */
  readonly top: number
  /** The first line is no field (a continuation of nothing, or text): all is body. */
  readonly missing: boolean
}

const CRLF = Uint8Array.of(13, 10)
/** Octets of From fields that are looked at: one address with a long name takes a tenth. */
const MAX_FROM = 8192

/** Reads the header of a message; `null`: it is bigger than it may be. */
export async function readHeader(
  message: Pick<ReceivedMessage, 'read' | 'size'>,
  limits: MailAuthLimits,
): Promise<Header | null> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of message.read({ start: 0, end: limits.header })) {
    pieces.push(new Uint8Array(piece))
    length += piece.length
    // Most headers are in the first piece. Other pieces may begin anywhere in a line.
    if (headerEnd(piece, pieces.length === 1 ? 0 : piece.indexOf(10) + 1) !== -1) break
  }
  if (length === 0) return { fields: [], top: 0, missing: false }
  const octets = concat(pieces)
  const end = headerEnd(octets)
  if (end === -1 && message.size > limits.header) return null
  const header = end === -1 ? octets : octets.subarray(0, end)
  if (hasMoreLines(header, limits.headerLines)) return null
  const table = scanFields(header, 0, header.length, limits.headerLines)
  if (table.truncated) return null
  // `From : a` is a field (RFC 5322 §4.5): what continues it must not continue ours.
  const top = table.count > 0 && fieldStart(table, 0) === 0 ? 0 : mboxLineEnd(header)
  const missing = table.malformedAt === top
  return { fields: missing ? [] : Array.from({ length: table.count }, (_, i) => fieldOf(table, i)), top, missing }
}

/** The answer to a message whose header is bigger than it may be. */
export function headerTooBig({ header, headerLines }: MailAuthLimits): Reply {
  return reply(552, '5.3.4', `Header bigger than ${header} octets or ${headerLines} lines`)
}

/**
 * The message with a field in front of all others and without some of them. What was no header must not become one:
 * text behind our field would be a continuation of it.
 */
export function withField(
  field: Uint8Array,
  { top, missing }: Header,
  size: number,
  leftOut: readonly Field[] = [],
): readonly RewrittenPiece[] {
  const pieces: RewrittenPiece[] = [{ start: 0, end: top }, field]
  if (missing) pieces.push(CRLF)
  return [...pieces, ...without(leftOut, size, top)]
}

/** The message from `start` on, without some of its fields. */
export function without(fields: readonly Field[], size: number, start = 0): readonly RewrittenPiece[] {
  const pieces: RewrittenPiece[] = []
  for (const field of fields) {
    pieces.push({ start, end: field.start })
    start = field.end
  }
  return [...pieces, { start, end: size }]
}

function fieldOf(table: FieldTable, i: number): Field {
  return {
    name: fieldName(table, i).toLowerCase(),
    value: foldedValue(table, i),
    start: fieldStart(table, i),
    end: fieldEnd(table, i),
    octets: table.bytes.subarray(fieldStart(table, i), fieldEnd(table, i)),
  }
}

/** Behind the empty line; -1 when it is not there. A line begins at `at`. */
function headerEnd(octets: Uint8Array, at = 0): number {
  do {
    if (octets[at] === 10) return at + 1
    if (octets[at] === 13 && octets[at + 1] === 10) return at + 2
    at = octets.indexOf(10, at) + 1
  } while (at > 0)
  return -1
}

/** A bare CR counts as well. Several things that are done with the lines take time by their square. */
function hasMoreLines(header: Uint8Array, limit: number): boolean {
  if (header.length <= limit) return false
  let breaks = 0
  for (const octet of header) if (octet === 10 || octet === 13) breaks++
  return breaks > 2 * limit
}

/** Behind the line `From ` of an mbox file on top of the message; else 0. */
function mboxLineEnd(octets: Uint8Array): number {
  const start = latin1(octets, 0, Math.min(6, octets.length))
  return start.startsWith('From ') || start === '>From ' ? octets.indexOf(10) + 1 : 0
}

/** From fields of more octets than anybody's address has; neither we nor the library reads such ones. */
export function hugeFrom(fields: readonly Field[]): readonly Field[] {
  const from = fields.filter(isFrom)
  return from.reduce((sum, { start, end }) => sum + end - start, 0) > MAX_FROM ? from : []
}

/**
 * The one address of the From field, as UTF-8 (RFC 6532); `null`: there is none, or there are several. Words without a
 * domain are none: many a name has a comma that should be in quotes.
 */
export function fromAddress(fields: readonly Field[]): string | null {
  const from = fromAddresses(fields)
  return from.length === 1 ? from[0] : null
}

/** The one domain of the addresses of the From field (RFC 9989 §5.3.1); `null`: there is none, or there are several. */
export function fromDomain(fields: readonly Field[]): string | null {
  const from = fromAddresses(fields)
  const domains = new Set(from.map(domainOf))
  // Of two From fields nobody knows which one a reader shows.
  const isOne = from.length === 1 || fields.filter(isFrom).length === 1
  return isOne && domains.size === 1 ? [...domains][0] : null
}

function fromAddresses(fields: readonly Field[]): readonly string[] {
  if (hugeFrom(fields).length > 0) return []
  return fields
    .filter(isFrom)
    .flatMap(({ value }) => parseAddressList(value).entries)
    .flatMap((entry) => (isGroup(entry) ? entry.members : [entry]))
    .filter(({ host }) => host !== '')
    .map(({ mailbox, host }) => utf8(fromLatin1(`${mailbox}@${host}`)))
}

function isFrom({ name }: Field): boolean {
  return name === 'from'
}
