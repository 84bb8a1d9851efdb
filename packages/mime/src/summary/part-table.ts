/** The parts of a message in a summary: offsets and what BINARY and SEARCH need of each, in the order of the message. */

import { isCounted, transferEncoding } from '../body/transfer.js'
import { type Entity, isMessage, isMultipart } from '../structure/entity.js'
import type { ByteReader, ByteWriter } from './octets.js'

/** A part as read back. */
export interface PartRow {
  readonly kind: 'leaf' | 'multipart' | 'message'
  readonly headerStart: number
  readonly bodyStart: number
  readonly bodyEnd: number
  readonly type: string
  readonly subtype: string
  readonly encoding: string
  readonly charset: string | null
  /** Null for encodings that are not known. */
  readonly decodedSize: number | null
  readonly children: readonly PartRow[]
}

/** What of a part's header, and of its body, goes into the table. */
export interface PartLabels {
  readonly encoding: string
  readonly charset: string | null
  /** Octets of the decoded body where they were counted. */
  readonly decodedSize: number | null
}

/** Stands for no charset parameter; no token has a blank. */
const NO_CHARSET = ' '

/** Common values have a number; the lists are part of the format. Number 0 means that the text follows. */
const TYPES = [
  '',
  'text/plain',
  'text/html',
  'multipart/alternative',
  'multipart/mixed',
  'multipart/related',
  'multipart/report',
  'multipart/signed',
  'message/rfc822',
  'message/delivery-status',
  'application/octet-stream',
  'application/pdf',
  'image/png',
  'image/jpeg',
  'image/gif',
  'text/calendar',
]
const ENCODINGS = ['', '7bit', '8bit', 'binary', 'quoted-printable', 'base64']
const CHARSETS = ['', NO_CHARSET, 'utf-8', 'UTF-8', 'us-ascii', 'iso-8859-1', 'ISO-8859-1', 'windows-1252', 'US-ASCII']
const KINDS = ['leaf', 'multipart', 'message'] as const
/** A label longer than this names nothing; it only takes room. */
const MAX_LABEL = 200

function writeName(writer: ByteWriter, name: string, known: readonly string[]): void {
  const index = known.indexOf(name)
  writer.number(Math.max(index, 0))
  if (index > 0) return
  const label = name.slice(0, MAX_LABEL)
  writer.number(label.length)
  writer.latin1(label)
}

function readName(reader: ByteReader, known: readonly string[]): string {
  const index = reader.number()
  return index === 0 ? reader.text(reader.number()) : (known[index] ?? '')
}

/** Is the decoded size of such a part written down? */
function hasDecodedSize(kind: PartRow['kind'], encoding: string): boolean {
  return kind !== 'multipart' && isCounted(transferEncoding(encoding))
}

/** The decoded size of a part where it is not: the size as it stands, or unknown. */
function plainSize(kind: PartRow['kind'], encoding: string, size: number): number | null {
  return kind === 'multipart' || transferEncoding(encoding) === 'identity' ? size : null
}

/** Writes the entity and what is in it. `cursor` is where its header may begin at the earliest. */
export function writeParts(
  writer: ByteWriter,
  entity: Entity,
  cursor: number,
  factsOf: (entity: Entity) => PartLabels,
): void {
  const facts = factsOf(entity)
  const kind = isMultipart(entity) ? 1 : isMessage(entity) ? 2 : 0
  writer.number(entity.children.length * 4 + kind)
  writer.number(entity.headerStart - cursor)
  writer.number(entity.bodyStart - entity.headerStart)
  writer.number(entity.bodyEnd - entity.bodyStart)
  writeName(writer, `${entity.type}/${entity.subtype}`, TYPES)
  writeName(writer, facts.encoding, ENCODINGS)
  writeName(writer, facts.charset ?? NO_CHARSET, CHARSETS)
  if (hasDecodedSize(KINDS[kind], facts.encoding)) writer.number(facts.decodedSize ?? 0)
  let at = entity.bodyStart
  for (const child of entity.children) {
    writeParts(writer, child, at, factsOf)
    at = child.bodyEnd
  }
}

/** Reads back what {@link writeParts} wrote. */
export function readParts(reader: ByteReader, cursor = 0): PartRow {
  const shape = reader.number()
  const headerStart = cursor + reader.number()
  const bodyStart = headerStart + reader.number()
  const bodyEnd = bodyStart + reader.number()
  const media = readName(reader, TYPES)
  const slash = media.indexOf('/')
  const encoding = readName(reader, ENCODINGS)
  const charset = readName(reader, CHARSETS)
  const children: PartRow[] = []
  const kind = KINDS[shape % 4] ?? 'leaf'
  const decodedSize = hasDecodedSize(kind, encoding) ? reader.number() : plainSize(kind, encoding, bodyEnd - bodyStart)
  let at = bodyStart
  for (let count = Math.floor(shape / 4); count > 0; count--) {
    const child = readParts(reader, at)
    children.push(child)
    at = child.bodyEnd
  }
  return {
    kind,
    headerStart,
    bodyStart,
    bodyEnd,
    type: media.slice(0, slash),
    subtype: media.slice(slash + 1),
    encoding,
    charset: charset === NO_CHARSET ? null : charset,
    decodedSize,
    children,
  }
}
