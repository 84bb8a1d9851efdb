/** Makes the summary of a message while its octets stream by, in constant memory. */

import type { CharsetSource } from '../body/charset.js'
import { concat, copyOf, utf8Octets } from '../bytes.js'
import { parseDate } from '../header/date.js'
import { type FieldTable, fieldEnd, fieldStart, findField, foldedValue, scanFields } from '../header/fields.js'
import { normalMessageId, parseMessageIds } from '../header/message-ids.js'
import { isAsciiRange } from '../header/words.js'
import type { Entity } from '../structure/entity.js'
import { type MimeLimits, withDefaultLimits } from '../structure/limits.js'
import { MessageScanner } from '../structure/scanner.js'
import { type PartFacts, type PartText, partFacts, partText, renderBodyStructure } from './body-structure.js'
import { DecodedSizes } from './decoded-size.js'
import { compress, type Dictionary } from './dictionary.js'
import { type EnvelopePieces, envelopePieces, joinEnvelope } from './envelope.js'
import { Flags, NO_ZONE, SUMMARY_VERSION } from './format.js'
import { ByteWriter } from './octets.js'
import { writeParts } from './part-table.js'
import { previewOf, type TextSample } from './preview.js'
import { previewDictionary } from './preview-dictionary.js'
import { structureDictionary } from './structure-dictionary.js'

export interface Summarizer {
  /** The next octets of the message; any cutting gives the same summary. They are not kept. */
  write(chunk: Uint8Array): void
  /** The message has ended. Call it once. */
  end(): Summarized
}

export interface Summarized {
  /** For `openSummary`. */
  readonly summary: Uint8Array
  /** The header block of the message with its empty line, at most `limits.headerSize` octets of it. */
  readonly header: Uint8Array
  /** Octets of the message. */
  readonly size: number
}

export interface SummarizerOptions {
  readonly limits?: Partial<MimeLimits>
  /** Charsets beyond those of `TextDecoder`, for the preview. */
  readonly charsets?: CharsetSource
}

/** Octets of a text part that are looked at for the preview: HTML begins with its style sheets. */
const PLAIN_SAMPLE = 4096
const HTML_SAMPLE = 32_768
/** References that are kept: the first, which names the thread, and the latest. */
const MAX_REFERENCES = 100
/** Octets of all their identifiers. */
const MAX_REFERENCES_SIZE = 16_384

/** What is kept of a part until the end. */
interface PartRecord extends PartFacts {
  readonly text: PartText
  readonly utf8Text: PartText
  readonly envelope: EnvelopePieces | null
  readonly utf8Envelope: EnvelopePieces | null
}

/** The beginning of a body. */
interface Sample {
  readonly entity: Entity
  readonly pieces: Uint8Array[]
  readonly limit: number
  size: number
}

/** Makes a summary from chunks. */
export function createSummarizer(options: SummarizerOptions = {}): Summarizer {
  const limits = withDefaultLimits(options.limits)
  const records = new Map<Entity, PartRecord>()
  const samples = new Map<'plain' | 'html', Sample>()
  const decoded = new DecodedSizes()
  let header: Uint8Array = new Uint8Array(0)
  let rootTable: FieldTable | undefined
  let size = 0

  const scanner = new MessageScanner({
    limits,
    countLines: true,
    hooks: {
      header(entity, bytes, start, end) {
        let table: FieldTable
        if (entity.parent === null) {
          header = copyOf(bytes, start, end)
          table = rootTable = scanFields(header, 0, header.length, limits.headerFields)
        } else {
          table = scanFields(bytes, start, end, limits.headerFields)
        }
        const record = readPart(entity, table, limits)
        records.set(entity, record)
        startSample(entity, record)
        decoded.start(entity, record.encoding)
      },
      body(entity, bytes, start, end) {
        for (const sample of samples.values()) if (sample.entity === entity) addToSample(sample, bytes, start, end)
        decoded.write(entity, bytes, start, end)
      },
    },
  })

  const startSample = (entity: Entity, record: PartRecord) => {
    if (entity.type !== 'text' || record.disposition === 'attachment') return
    const kind = entity.subtype === 'plain' ? 'plain' : entity.subtype === 'html' ? 'html' : undefined
    if (!kind || samples.has(kind)) return
    samples.set(kind, { entity, pieces: [], limit: kind === 'plain' ? PLAIN_SAMPLE : HTML_SAMPLE, size: 0 })
  }

  return {
    write(chunk) {
      size += chunk.length
      scanner.write(chunk)
    },
    end() {
      const { root } = scanner.end()
      const preview = makePreview(samples, records, options.charsets)
      return { summary: pack(root, records, decoded, rootTable!, size, preview), header, size }
    },
  }
}

/** The summary of a whole message. */
export function summarize(bytes: Uint8Array, options?: SummarizerOptions): Summarized {
  const summarizer = createSummarizer(options)
  summarizer.write(bytes)
  return summarizer.end()
}

function addToSample(sample: Sample, bytes: Uint8Array, start: number, end: number): void {
  const room = sample.limit - sample.size
  if (room <= 0) return
  const piece = copyOf(bytes, start, Math.min(end, start + room))
  sample.pieces.push(piece)
  sample.size += piece.length
}

function readPart(entity: Entity, table: FieldTable, limits: MimeLimits): PartRecord {
  const facts = partFacts(table, limits.parameters)
  const raw = hasHighOctets(table)
  const text = partText(entity, table, facts, false, limits.parameters)
  const isMessageHeader = entity.parent === null || entity.parent.type === 'message'
  const envelope = isMessageHeader ? envelopePieces(table, false, limits.addresses) : null
  // Spelled out: a spread of `facts` here takes longer than all of the header parsing.
  return {
    encoding: facts.encoding,
    charset: facts.charset,
    disposition: facts.disposition,
    contentType: facts.contentType,
    text,
    utf8Text: raw ? partText(entity, table, facts, true, limits.parameters) : text,
    envelope,
    utf8Envelope: raw && envelope ? envelopePieces(table, true, limits.addresses) : envelope,
  }
}

function hasHighOctets(table: FieldTable): boolean {
  return table.count > 0 && !isAsciiRange(table.bytes, fieldStart(table, 0), fieldEnd(table, table.count - 1))
}

function makePreview(
  samples: ReadonlyMap<'plain' | 'html', Sample>,
  records: ReadonlyMap<Entity, PartRecord>,
  charsets?: CharsetSource,
): string {
  for (const kind of ['plain', 'html'] as const) {
    const sample = samples.get(kind)
    const record = sample && records.get(sample.entity)
    if (!sample || !record) continue
    // The last line break seen may belong to a boundary.
    const bytes = concat(sample.pieces).subarray(0, sample.entity.bodyEnd - sample.entity.bodyStart)
    const text: TextSample = { bytes, encoding: record.encoding, charset: record.charset, html: kind === 'html' }
    const preview = previewOf(text, charsets)
    if (preview !== '') return preview
  }
  return ''
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

function pack(
  root: Entity,
  records: Records,
  decoded: DecodedSizes,
  table: FieldTable,
  size: number,
  preview: string,
): Uint8Array {
  PIECES.reset()
  const packed: Packed = { flags: 0, pieces: PIECES, lengths: [] }
  addEnvelope(packed, records.get(root)!.envelope!)
  addStructure(packed, root, records)
  addPreview(packed, preview)
  addReferences(packed, table)
  addUtf8Forms(packed, root, records)
  addParts(packed, root, records, decoded)
  return writeSummary(packed, size, root.bodyStart, table)
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

function addReferences(packed: Packed, table: FieldTable): void {
  const { text, replied } = referencesOf(table)
  if (replied) packed.flags |= Flags.repliedReference
  if (text === '') return
  packed.flags |= Flags.references
  addText(packed, text)
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

function writeSummary(
  { flags, pieces, lengths }: Packed,
  size: number,
  headerSize: number,
  table: FieldTable,
): Uint8Array {
  const index = findField(table, 'date')
  const date = index === -1 ? null : parseDate(foldedValue(table, index))
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
  return NUMBERS.finish(pieces)
}
