/** Writes a summary: the envelope, the structure, and what else was found, in the order of the format. */

import { writeLatin1 } from '../bytes.js'
import { type HeaderDate, parseDate } from '../header/date.js'
import { type FieldTable, findField, foldedValue } from '../header/fields.js'
import { normalMessageId, parseMessageIds } from '../header/message-ids.js'
import type { Entity } from '../structure/entity.js'
import { type PartFacts, type PartText, renderBodyStructure } from './body-structure.js'
import type { DecodedSizes } from './decoded-size.js'
import { compress, type Dictionary } from './dictionary.js'
import { type EnvelopePieces, joinEnvelope } from './envelope.js'
import { Flags, NO_ZONE, SUMMARY_VERSION } from './format.js'
import { ByteWriter, utf8Octets } from './octets.js'
import { writeParts } from './part-table.js'
import { previewDictionary } from './preview-dictionary.js'
import { structureDictionary } from './structure-dictionary.js'

/** References that are kept: the first, which names the thread, and the latest. */
const MAX_REFERENCES = 100
/** Octets of all their identifiers. */
const MAX_REFERENCES_SIZE = 16_384

/** What is kept of a part until the end. */
export interface PartRecord extends PartFacts {
  readonly text: PartText
  readonly utf8Text: PartText
  readonly envelope: EnvelopePieces | null
  readonly utf8Envelope: EnvelopePieces | null
}

/** What a summary takes from the header of the message, beside what it takes from each part's. */
export interface RootFacts {
  readonly references: string
  /** The last reference was left out: it is the first of In-Reply-To. */
  readonly replied: boolean
  readonly date: HeaderDate | null
}

/** Reads the header of the message. */
export function rootFacts(table: FieldTable): RootFacts {
  const { text, replied } = referencesOf(table)
  const index = findField(table, 'date')
  return { references: text, replied, date: index === -1 ? null : parseDate(foldedValue(table, index)) }
}

/** Identifiers of References, and whether the last was left out because In-Reply-To says it (its first counts). */
function referencesOf(table: FieldTable): { text: string; replied: boolean } {
  let ids = idsOf(table, 'references')
  if (ids.length > MAX_REFERENCES) ids = [ids[0]!, ...ids.slice(1 - MAX_REFERENCES)]
  const replied = ids.length > 0 && ids.at(-1) === idsOf(table, 'in-reply-to')[0]
  const text = (replied ? ids.slice(0, -1) : ids).join(' ')
  if (text.length <= MAX_REFERENCES_SIZE) return { text, replied }
  return { text: text.slice(0, text.lastIndexOf(' ', MAX_REFERENCES_SIZE)), replied }
}

function idsOf(table: FieldTable, name: string): string[] {
  const index = findField(table, name)
  return index === -1 ? [] : parseMessageIds(foldedValue(table, index)).map(normalMessageId)
}

/** What goes behind the numbers at the front, in the order of the format. */
interface Packed {
  flags: number
  readonly pieces: ByteWriter
  /** Octets of each piece. */
  readonly lengths: number[]
}

type Records = ReadonlyMap<Entity, PartRecord>

/** Where pieces and numbers gather until their sizes are known: made once, a summary is packed in one go. */
const PIECES = new ByteWriter(4096)
const NUMBERS = new ByteWriter(256)

/** What is made of a message. */
export interface Summarized {
  /** For `openSummary`. */
  readonly summary: Uint8Array
  /**
   * The header block of the message with its empty line, at most `limits.headerSize` octets of it. It lies in the same
   * memory as `summary`.
   */
  readonly header: Uint8Array
  /** Octets of the message. */
  readonly size: number
}

/** A message that has ended, and what was found in it. */
export interface Message {
  readonly root: Entity
  readonly facts: RootFacts
  readonly records: Records
  readonly decoded: DecodedSizes
  /** Octets. */
  readonly size: number
  readonly preview: string
}

/** The summary, and the header block that was kept as latin1 beside it. */
export function pack(message: Message, header: string): Summarized {
  const { root, facts, records, decoded, size, preview } = message
  PIECES.reset()
  const packed: Packed = { flags: 0, pieces: PIECES, lengths: [] }
  addEnvelope(packed, records.get(root)!.envelope!)
  addStructure(packed, root, records)
  addPreview(packed, preview)
  addReferences(packed, facts)
  addUtf8Forms(packed, root, records)
  addParts(packed, root, records, decoded)
  writeNumbers(packed, size, root.bodyStart, facts.date)
  // One piece of memory for both: to get it takes longer than to fill it.
  const summarySize = NUMBERS.length + PIECES.length
  const all = new Uint8Array(summarySize + header.length)
  NUMBERS.copyTo(all, 0)
  PIECES.copyTo(all, NUMBERS.length)
  writeLatin1(all, header, summarySize)
  return { summary: all.subarray(0, summarySize), header: all.subarray(summarySize), size }
}

function addText({ pieces, lengths }: Packed, text: string): void {
  pieces.latin1(text)
  lengths.push(text.length)
}

function addEnvelope(packed: Packed, { head, from, sender, replyTo, tail }: EnvelopePieces): void {
  addText(packed, head)
  addText(packed, from)
  if (sender !== null) {
    packed.flags |= Flags.sender
    addText(packed, sender)
  }
  if (replyTo !== null) {
    packed.flags |= Flags.replyTo
    addText(packed, replyTo)
  }
  addText(packed, tail)
}

function addStructure(packed: Packed, root: Entity, records: Records): void {
  const structure = renderBodyStructure(
    root,
    (one) => records.get(one)!.text,
    (one) => joinEnvelope(records.get(one)!.envelope!),
  )
  addPacked(packed, structureDictionary, structure, Flags.packedStructure)
}

function addPreview(packed: Packed, preview: string): void {
  addPacked(packed, previewDictionary, utf8Octets(preview), Flags.packedPreview)
}

/** Octets as latin1, packed where that makes them fewer. */
function addPacked(packed: Packed, dictionary: Dictionary, text: string, flag: number): void {
  const { pieces } = packed
  const start = pieces.length
  if (!compress(dictionary, text, pieces)) return addText(packed, text)
  packed.flags |= flag
  packed.lengths.push(pieces.length - start)
}

function addReferences(packed: Packed, { references, replied }: RootFacts): void {
  if (replied) packed.flags |= Flags.repliedReference
  if (references === '') return
  packed.flags |= Flags.references
  addText(packed, references)
}

function addUtf8Forms(packed: Packed, root: Entity, records: Records): void {
  const record = records.get(root)!
  if (record.utf8Envelope !== record.envelope) {
    packed.flags |= Flags.utf8Envelope
    addText(packed, joinEnvelope(record.utf8Envelope!))
  }
  if (!hasUtf8Forms(records)) return
  packed.flags |= Flags.utf8Structure
  const structure = renderBodyStructure(
    root,
    (one) => records.get(one)!.utf8Text,
    (one) => joinEnvelope(records.get(one)!.utf8Envelope!),
  )
  addText(packed, structure)
}

function hasUtf8Forms(records: Records): boolean {
  for (const { text, utf8Text, envelope, utf8Envelope } of records.values()) {
    if (utf8Text !== text || utf8Envelope !== envelope) return true
  }
  return false
}

function addParts({ pieces, lengths }: Packed, root: Entity, records: Records, decoded: DecodedSizes): void {
  const start = pieces.length
  writeParts(pieces, root, 0, (entity) => {
    const { encoding, charset } = records.get(entity)!
    return { encoding, charset, decodedSize: decoded.sizeOf(entity) }
  })
  lengths.push(pieces.length - start)
}

function writeNumbers({ flags, lengths }: Packed, size: number, headerSize: number, date: HeaderDate | null): void {
  NUMBERS.reset()
  NUMBERS.number(SUMMARY_VERSION)
  NUMBERS.number(flags | (date ? Flags.date : 0))
  NUMBERS.number(size)
  NUMBERS.number(headerSize)
  if (date) {
    NUMBERS.signed(date.time / 1000)
    NUMBERS.signed(date.zone ?? NO_ZONE)
  }
  for (const length of lengths) NUMBERS.number(length)
}
