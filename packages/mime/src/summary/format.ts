/**
 * The summary of a message as octets: what IMAP answers without opening it. Version 3:
 *
 *     version  flags  size  header size  [date: seconds, zone]
 *     lengths of: envelope head, from, [sender], [reply-to], tail, body structure, preview, [references],
 *                 [utf8 envelope], [utf8 body structure], part table
 *     the pieces in that order
 *
 * The envelope is IMAP text ready to be copied; sender and reply-to are left out where they repeat `from`. Body structure
 * and preview are packed with dictionaries. References are left out where they are what In-Reply-To says, and so is the
 * last of them. The UTF-8 forms are there only if the header has octets above 127. Numbers have seven bits per octet.
 */

import { fromLatin1, utf8 } from '../bytes.js'
import { decompress } from './dictionary.js'
import { ByteReader, ByteWriter, type OctetSink } from './octets.js'
import { previewDictionary } from './preview-dictionary.js'
import { structureDictionary } from './structure-dictionary.js'

export const SUMMARY_VERSION = 3

/** Bits of the number behind the version. */
export const Flags = {
  sender: 1,
  replyTo: 2,
  date: 4,
  references: 8,
  utf8Envelope: 16,
  utf8Structure: 32,
  packedStructure: 64,
  packedPreview: 128,
  /** The identifier of In-Reply-To is one more reference. */
  repliedReference: 256,
} as const

/** A date whose zone is not known. */
export const NO_ZONE = 2000

/** The numbers at the front of a summary: where each piece begins; a piece ends where the next begins. */
export interface SummaryLayout {
  readonly flags: number
  readonly size: number
  readonly headerSize: number
  readonly sentSeconds: number | null
  readonly sentZone: number | null
  readonly head: number
  readonly from: number
  readonly sender: number
  readonly replyTo: number
  readonly tail: number
  readonly structure: number
  readonly preview: number
  readonly references: number
  readonly utf8Envelope: number
  readonly utf8Structure: number
  readonly parts: number
  readonly end: number
}

/** Reads the numbers at the front; null when another version wrote them. */
export function readLayout(bytes: Uint8Array): SummaryLayout | null {
  if (bytes[0] !== SUMMARY_VERSION || bytes.length < 8) return null
  const reader = new ByteReader(bytes, 1)
  const flags = reader.number()
  const size = reader.number()
  const headerSize = reader.number()
  const dated = (flags & Flags.date) !== 0
  const sentSeconds = dated ? reader.signed() : null
  const zone = dated ? reader.signed() : NO_ZONE
  const headLength = reader.number()
  const fromLength = reader.number()
  const senderLength = flags & Flags.sender ? reader.number() : 0
  const replyToLength = flags & Flags.replyTo ? reader.number() : 0
  const tailLength = reader.number()
  const structureLength = reader.number()
  const previewLength = reader.number()
  const referencesLength = flags & Flags.references ? reader.number() : 0
  const utf8EnvelopeLength = flags & Flags.utf8Envelope ? reader.number() : 0
  const utf8StructureLength = flags & Flags.utf8Structure ? reader.number() : 0
  const partsLength = reader.number()
  const head = reader.at
  const from = head + headLength
  const sender = from + fromLength
  const replyTo = sender + senderLength
  const tail = replyTo + replyToLength
  const structure = tail + tailLength
  const preview = structure + structureLength
  const references = preview + previewLength
  const utf8Envelope = references + referencesLength
  const utf8Structure = utf8Envelope + utf8EnvelopeLength
  const parts = utf8Structure + utf8StructureLength
  const end = parts + partsLength
  if (end !== bytes.length) return null
  return {
    flags,
    size,
    headerSize,
    sentSeconds,
    sentZone: zone === NO_ZONE ? null : zone,
    head,
    from,
    sender,
    replyTo,
    tail,
    structure,
    preview,
    references,
    utf8Envelope,
    utf8Structure,
    parts,
    end,
  }
}

const OPEN = fromLatin1('(')
const CLOSE = fromLatin1(')')
const SPACE = fromLatin1(' ')

/** Writes the envelope list. */
export function writeLayoutEnvelope(bytes: Uint8Array, layout: SummaryLayout, asUtf8: boolean, sink: OctetSink): void {
  const { flags, head, from, sender, replyTo, tail, structure } = layout
  if (asUtf8 && flags & Flags.utf8Envelope) {
    sink.octets(bytes, layout.utf8Envelope, layout.utf8Structure)
    return
  }
  sink.octets(OPEN, 0, 1)
  sink.octets(bytes, head, from)
  sink.octets(SPACE, 0, 1)
  sink.octets(bytes, from, sender)
  sink.octets(SPACE, 0, 1)
  if (flags & Flags.sender) sink.octets(bytes, sender, replyTo)
  else sink.octets(bytes, from, sender)
  sink.octets(SPACE, 0, 1)
  if (flags & Flags.replyTo) sink.octets(bytes, replyTo, tail)
  else sink.octets(bytes, from, sender)
  sink.octets(SPACE, 0, 1)
  sink.octets(bytes, tail, structure)
  sink.octets(CLOSE, 0, 1)
}

/** Writes BODYSTRUCTURE, with extension data. */
export function writeLayoutStructure(bytes: Uint8Array, layout: SummaryLayout, asUtf8: boolean, sink: OctetSink): void {
  const { flags, structure, preview } = layout
  if (asUtf8 && flags & Flags.utf8Structure) sink.octets(bytes, layout.utf8Structure, layout.parts)
  else if (flags & Flags.packedStructure) decompress(structureDictionary, bytes, structure, preview, sink)
  else sink.octets(bytes, structure, preview)
}

/** The preview text. */
export function layoutPreview(bytes: Uint8Array, layout: SummaryLayout): string {
  const { flags, preview, references } = layout
  if (!(flags & Flags.packedPreview)) return utf8(bytes, preview, references)
  const text = new ByteWriter(2 * (references - preview))
  decompress(previewDictionary, bytes, preview, references, text)
  return utf8(text.finish())
}
