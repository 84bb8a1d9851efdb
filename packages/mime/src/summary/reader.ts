/** Reads summaries; touches only what is asked. */

import type { CharsetSource } from '../body/charset.js'
import { fromLatin1, latin1 } from '../bytes.js'
import { normalMessageId, parseMessageIds } from '../header/message-ids.js'
import { decodeWords, octetsToText } from '../header/words.js'
import { withoutExtensions } from './body-structure.js'
import {
  Flags,
  layoutPreview,
  readLayout,
  type SummaryLayout,
  writeLayoutEnvelope,
  writeLayoutStructure,
} from './format.js'
import { ByteReader, ByteWriter, type OctetSink } from './octets.js'
import { type PartRow, readParts } from './part-table.js'
import { findPart, type OctetRange, type SectionText, sectionRange } from './section.js'
import { type BaseSubject, baseSubject } from './subject.js'
import { readWire, type WireValue } from './wire.js'

/** One mailbox of an address field, decoded for people; groups give their members. */
export interface SummaryAddress {
  /** Display name, encoded words decoded; empty without one. */
  readonly name: string
  readonly mailbox: string
  readonly host: string
}

/** A field of addresses that a summary holds. */
export type AddressField = 'from' | 'sender' | 'reply-to' | 'to' | 'cc' | 'bcc'
/** A key of SORT that a summary answers (RFC 5256 §3, RFC 5957). */
export type SortField = 'from' | 'to' | 'cc' | 'subject' | 'displayfrom' | 'displayto'

/** A part of a message as BODYSTRUCTURE shows it. */
export interface SummaryPart {
  /** Lower case. */
  readonly type: string
  readonly subtype: string
  /** Content-Transfer-Encoding in lower case; `7bit` without one. */
  readonly encoding: string
  /** The charset parameter as the message has it. */
  readonly charset: string | null
  /** The body of the part. */
  readonly start: number
  readonly end: number
  /** Its header block, with the empty line. */
  readonly headerStart: number
  readonly headerEnd: number
  /** Octets of the decoded body (BINARY.SIZE); null where the encoding is none of RFC 2045's. */
  readonly decodedSize: number | null
}

/** What a summary knows. Offsets are octets from the beginning of the message that was summarised. */
export interface Summary {
  /** Octets of the message. */
  readonly size: number
  /** Octets of its header block with the empty line. */
  readonly headerSize: number
  /** ENVELOPE list (RFC 9051 §7.5.2), ready to be sent. `utf8`: the session has UTF8=ACCEPT or IMAP4rev2. */
  envelope(utf8?: boolean): Uint8Array
  /** The same, written without a copy between. */
  writeEnvelope(sink: OctetSink, utf8?: boolean): void
  /** BODYSTRUCTURE list, or BODY without `extended`. */
  bodyStructure(extended: boolean, utf8?: boolean): Uint8Array
  /** The same, written. */
  writeBodyStructure(sink: OctetSink, extended: boolean, utf8?: boolean): void
  /** Where the section lies (RFC 9051 §6.4.5); null when there is no such part. An empty path is the message. */
  section(path: readonly number[], text?: SectionText): OctetRange | null
  /** The part with that number. */
  part(path: readonly number[]): SummaryPart | null
  /** Milliseconds since 1970 of the Date field; null without a readable one. */
  readonly sentDate: number | null
  /** Minutes east of UTC that the Date field says: SENTON and its like compare the date as written. Null: unknown. */
  readonly sentZone: number | null
  /** Decoded. */
  readonly subject: string
  /** RFC 5256 §2.1. */
  readonly baseSubject: string
  /** The subject has the marks of a reply or forward (RFC 5256 §3). */
  readonly isReply: boolean
  /** Compares with `<`: RFC 5256 §3, and RFC 5957 for the display fields. */
  sortKey(field: SortField): string
  /** Without angle brackets, in the normal form of RFC 5256 §3. */
  readonly messageId: string | null
  /** Identifiers of References, or else the first of In-Reply-To (RFC 5256 §3). */
  readonly references: readonly string[]
  /** At most 200 characters (RFC 8970). */
  readonly preview: string
  addresses(field: AddressField): readonly SummaryAddress[]
}

/** How a summary is read. */
export interface SummaryReaderOptions {
  /** Charsets beyond those of `TextDecoder`, for names and subjects. */
  readonly charsets?: CharsetSource
}

/** Opens a summary; null when another version wrote it or it is damaged: make it anew from the message. */
export function openSummary(summary: Uint8Array, options: SummaryReaderOptions = {}): Summary | null {
  const layout = readLayout(summary)
  return layout && new PackedSummary(summary, layout, options.charsets)
}

/** Positions in the tail of an envelope. */
const TAIL = { to: 0, cc: 1, bcc: 2, inReplyTo: 3, messageId: 4 } as const

class PackedSummary implements Summary {
  private parts: PartRow | undefined
  private tailValues: readonly WireValue[] | undefined
  private subjectText: string | undefined
  private base: BaseSubject | undefined

  constructor(
    private readonly bytes: Uint8Array,
    private readonly layout: SummaryLayout,
    private readonly charsets: CharsetSource | undefined,
  ) {}

  get size(): number {
    return this.layout.size
  }

  get headerSize(): number {
    return this.layout.headerSize
  }

  envelope(utf8 = false): Uint8Array {
    const made = new ByteWriter(this.bytes.length)
    this.writeEnvelope(made, utf8)
    return made.finish()
  }

  writeEnvelope(sink: OctetSink, utf8 = false): void {
    writeLayoutEnvelope(this.bytes, this.layout, utf8, sink)
  }

  bodyStructure(extended: boolean, utf8 = false): Uint8Array {
    const made = new ByteWriter(this.bytes.length)
    writeLayoutStructure(this.bytes, this.layout, utf8, made)
    const structure = made.finish()
    return extended ? structure : fromLatin1(withoutExtensions(latin1(structure)))
  }

  writeBodyStructure(sink: OctetSink, extended: boolean, utf8 = false): void {
    if (extended) return writeLayoutStructure(this.bytes, this.layout, utf8, sink)
    const body = this.bodyStructure(false, utf8)
    sink.octets(body, 0, body.length)
  }

  section(path: readonly number[], text?: SectionText): OctetRange | null {
    if (path.length === 0) {
      // The commonest sections need no part table.
      const { size, headerSize } = this.layout
      if (text === undefined) return { start: 0, end: size }
      if (text === 'HEADER') return { start: 0, end: headerSize }
      if (text === 'TEXT') return { start: headerSize, end: size }
      return null
    }
    return sectionRange(this.root(), path, text)
  }

  part(path: readonly number[]): SummaryPart | null {
    const row = findPart(this.root(), path)
    if (!row) return null
    const { type, subtype, encoding, charset, headerStart, decodedSize } = row
    return {
      type,
      subtype,
      encoding,
      charset,
      start: row.bodyStart,
      end: row.bodyEnd,
      headerStart,
      headerEnd: row.bodyStart,
      decodedSize,
    }
  }

  get sentDate(): number | null {
    return this.layout.sentSeconds === null ? null : this.layout.sentSeconds * 1000
  }

  get sentZone(): number | null {
    return this.layout.sentZone
  }

  get subject(): string {
    if (this.subjectText === undefined) {
      const { value } = readWire(`(${latin1(this.bytes, this.layout.head, this.layout.from)})`)
      const subject = Array.isArray(value) ? value[1] : null
      this.subjectText = typeof subject === 'string' ? this.decode(subject) : ''
    }
    return this.subjectText
  }

  get baseSubject(): string {
    return this.subjectParts().base
  }

  get isReply(): boolean {
    return this.subjectParts().reply
  }

  sortKey(field: SortField): string {
    if (field === 'subject') return collationKey(this.baseSubject)
    const name = field === 'displayfrom' ? 'from' : field === 'displayto' ? 'to' : field
    const first = this.rawAddresses(name)[0]
    if (!Array.isArray(first)) return ''
    const mailbox = typeof first[2] === 'string' ? first[2] : ''
    if (field === name) return collationKey(mailbox)
    // RFC 5957 §3: the decoded display name, else the address.
    const display = typeof first[0] === 'string' ? this.decode(first[0]).trim() : ''
    return collationKey(display || (typeof first[3] === 'string' ? `${mailbox}@${first[3]}` : mailbox))
  }

  get messageId(): string | null {
    const value = this.tail()[TAIL.messageId]
    const id = typeof value === 'string' ? parseMessageIds(value)[0] : undefined
    return id === undefined ? null : normalMessageId(id)
  }

  get references(): readonly string[] {
    const { flags, references, utf8Envelope } = this.layout
    const stored = flags & Flags.references ? latin1(this.bytes, references, utf8Envelope).split(' ') : []
    if (stored.length > 0 && !(flags & Flags.repliedReference)) return stored
    const value = this.tail()[TAIL.inReplyTo]
    const replied = typeof value === 'string' ? parseMessageIds(value).slice(0, 1).map(normalMessageId) : []
    return [...stored, ...replied]
  }

  get preview(): string {
    return layoutPreview(this.bytes, this.layout)
  }

  addresses(field: AddressField): readonly SummaryAddress[] {
    const addresses: SummaryAddress[] = []
    for (const entry of this.rawAddresses(field)) {
      // A group's name and its end have no host.
      if (!Array.isArray(entry) || typeof entry[3] !== 'string') continue
      const name = typeof entry[0] === 'string' ? this.decode(entry[0]) : ''
      addresses.push({ name, mailbox: this.text(entry[2]), host: this.text(entry[3]) })
    }
    return addresses
  }

  private decode(value: string): string {
    return decodeWords(value, this.charsets, () => textCharset(this.root())).text
  }

  /** Addresses have no encoded words; octets above 127 are UTF-8 (RFC 6532). */
  private text(value: WireValue | undefined): string {
    return typeof value === 'string' ? octetsToText(value, this.charsets, () => textCharset(this.root())).text : ''
  }

  private root(): PartRow {
    this.parts ??= readParts(new ByteReader(this.bytes, this.layout.parts))
    return this.parts
  }

  private subjectParts(): BaseSubject {
    this.base ??= baseSubject(this.subject)
    return this.base
  }

  private tail(): readonly WireValue[] {
    if (!this.tailValues) {
      const { value } = readWire(`(${latin1(this.bytes, this.layout.tail, this.layout.structure)})`)
      this.tailValues = Array.isArray(value) ? value : []
    }
    return this.tailValues
  }

  private rawAddresses(field: AddressField): readonly WireValue[] {
    const { flags, from, sender, replyTo, tail } = this.layout
    let list: WireValue | undefined
    if (field === 'to' || field === 'cc' || field === 'bcc') {
      list = this.tail()[TAIL[field]]
    } else {
      let [start, end] = [from, sender]
      if (field === 'sender' && flags & Flags.sender) [start, end] = [sender, replyTo]
      if (field === 'reply-to' && flags & Flags.replyTo) [start, end] = [replyTo, tail]
      list = readWire(latin1(this.bytes, start, end)).value
    }
    return Array.isArray(list) ? list : []
  }
}

/** The charset of the first text that has one, for raw octets in the header. Messages inside speak for themselves. */
function textCharset(row: PartRow): string | null {
  if (row.kind === 'leaf') return row.type === 'text' ? row.charset : null
  if (row.kind === 'message') return null
  for (const child of row.children) {
    const charset = textCharset(child)
    if (charset !== null) return charset
  }
  return null
}

/** i;unicode-casemap (RFC 5051), near enough: decomposed, without case. */
function collationKey(value: string): string {
  return value.normalize('NFKD').toUpperCase()
}
