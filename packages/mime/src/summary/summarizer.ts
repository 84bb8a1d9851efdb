/** Makes the summary of a message while its octets stream by, in constant memory. */

import type { CharsetSource } from '../body/charset.js'
import { concat, copyOf } from '../bytes.js'
import { type FieldTable, fieldEnd, fieldStart, scanFields } from '../header/fields.js'
import { isAsciiRange } from '../header/words.js'
import type { Entity } from '../structure/entity.js'
import { type MimeLimits, withDefaultLimits } from '../structure/limits.js'
import { MessageScanner } from '../structure/scanner.js'
import { partFacts, partText } from './body-structure.js'
import { DecodedSizes } from './decoded-size.js'
import { envelopePieces } from './envelope.js'
import { type PartRecord, pack } from './pack.js'
import { previewOf, type TextSample } from './preview.js'

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
  let preview = ''

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
    // A text that is complete by now and has words is the preview: nobody will ask for the HTML beside it.
    if (kind === 'html') preview ||= previewFrom('plain')
    if (preview !== '') return
    samples.set(kind, { entity, pieces: [], limit: kind === 'plain' ? PLAIN_SAMPLE : HTML_SAMPLE, size: 0 })
  }

  const previewFrom = (kind: 'plain' | 'html'): string => {
    const sample = samples.get(kind)
    const record = sample && records.get(sample.entity)
    if (!sample || !record) return ''
    // The last line break seen may belong to a boundary.
    const bytes = concat(sample.pieces).subarray(0, sample.entity.bodyEnd - sample.entity.bodyStart)
    const text: TextSample = { bytes, encoding: record.encoding, charset: record.charset, html: kind === 'html' }
    return previewOf(text, options.charsets)
  }

  return {
    write(chunk) {
      size += chunk.length
      scanner.write(chunk)
    },
    end() {
      const { root } = scanner.end()
      preview ||= previewFrom('plain') || previewFrom('html')
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
