/** Makes the summary of a message while its octets stream by, in constant memory. */

import type { CharsetSource } from '../body/charset.js'
import { latin1 } from '../bytes.js'
import { type FieldTable, fieldEnd, fieldStart, scanFields } from '../header/fields.js'
import { isAsciiRange } from '../header/words.js'
import type { Entity } from '../structure/entity.js'
import { type MimeLimits, withDefaultLimits } from '../structure/limits.js'
import { MessageScanner } from '../structure/scanner.js'
import { partFacts, partText } from './body-structure.js'
import { DecodedSizes } from './decoded-size.js'
import { envelopePieces } from './envelope.js'
import { type PartRecord, pack, type RootFacts, rootFacts, type Summarized } from './pack.js'
import { PreviewSamples } from './samples.js'

export type { Summarized } from './pack.js'

/** Makes the summary of a message that comes in pieces. */
export interface Summarizer {
  /** The next octets of the message; any cutting gives the same summary. They are not kept. */
  write(chunk: Uint8Array): void
  /** The message has ended. Call it once. */
  end(): Summarized
}

/** What a summary holds, and how the message is read. */
export interface SummarizerOptions {
  readonly limits?: Partial<MimeLimits>
  /** Charsets beyond those of `TextDecoder`, for the preview. */
  readonly charsets?: CharsetSource
}

/** Makes a summary from chunks. */
export function createSummarizer(options: SummarizerOptions = {}): Summarizer {
  const limits = withDefaultLimits(options.limits)
  const records = new Map<Entity, PartRecord>()
  const samples = new PreviewSamples(options.charsets)
  const decoded = new DecodedSizes()
  /** Of the message: as latin1, because short arrays cost more than short texts. */
  let header = ''
  let facts: RootFacts
  let size = 0

  const scanner = new MessageScanner({
    limits,
    countLines: true,
    hooks: {
      header(entity, bytes, start, end) {
        let record: PartRecord
        if (entity.parent === null) {
          header = latin1(bytes, start, end)
          const table = scanFields(bytes, start, end, limits.headerFields)
          facts = rootFacts(table)
          record = readPart(entity, table, limits)
        } else {
          record = readPartHeader(entity, bytes, start, end, limits)
        }
        records.set(entity, record)
        samples.start(entity, record)
        decoded.start(entity, record.encoding)
      },
      body(entity, bytes, start, end) {
        samples.write(entity, bytes, start, end)
        decoded.write(entity, bytes, start, end)
      },
    },
  })

  return {
    write(chunk) {
      size += chunk.length
      decoded.beginChunk(chunk)
      scanner.write(chunk)
      decoded.endChunk()
    },
    end() {
      const { root } = scanner.end()
      return pack({ root, facts, records, decoded, size, preview: samples.end() }, header)
    },
  }
}

/** The summary of a whole message. */
export function summarize(bytes: Uint8Array, options?: SummarizerOptions): Summarized {
  const summarizer = createSummarizer(options)
  summarizer.write(bytes)
  return summarizer.end()
}

/** Header blocks of parts so short that no limit can matter repeat from one message to the next. */
const REPEATED_SIZE = 256
const REPEATED_COUNT = 256

interface Repeated {
  readonly type: string
  readonly subtype: string
  readonly record: PartRecord
}

/** What was read of such header blocks, by their octets as latin1. */
const repeated = new Map<string, Repeated>()

/** The header of a part: as it was read the last time, where it is one of those that all senders write. */
function readPartHeader(entity: Entity, bytes: Uint8Array, start: number, end: number, limits: MimeLimits): PartRecord {
  const read = () => readPart(entity, scanFields(bytes, start, end, limits.headerFields), limits)
  const limited = Math.min(limits.headerFields, limits.parameters) < REPEATED_SIZE / 2
  if (end - start > REPEATED_SIZE || limited || entity.parent?.type === 'message') return read()
  const { type, subtype } = entity
  const header = latin1(bytes, start, end)
  const known = repeated.get(header)
  // In a digest the same header may stand for another type.
  if (known && known.type === type && known.subtype === subtype) return known.record
  const record = read()
  if (repeated.size === REPEATED_COUNT) repeated.clear()
  repeated.set(header, { type, subtype, record })
  return record
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
