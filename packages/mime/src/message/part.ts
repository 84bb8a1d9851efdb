/** One entity of a message: its header, its place in the octets, its decoded content. Nothing is done before asked. */

import { type CharsetSource, decodeCharset } from '../body/charset.js'
import { decodeHtmlCharset } from '../body/html-charset.js'
import { createTransferDecoder, decodeTransfer, type TransferEncoding, transferEncoding } from '../body/transfer.js'
import { decodeUuencoded, findUuencoded, newUuRoom } from '../body/uuencode.js'
import { parseMessageIds } from '../header/message-ids.js'
import { parameterText, parameterTexts } from '../header/parameter-text.js'
import { findParameter, parseStructured, type RawParameter, type StructuredValue } from '../header/parameters.js'
import { octetsToText, type RawCharset } from '../header/words.js'
import { readTransferEncoding } from '../structure/content-fields.js'
import type { DefectCode } from '../structure/defects.js'
import { countLines, type Entity } from '../structure/entity.js'
import type { MimeLimits } from '../structure/limits.js'
import { Headers } from './headers.js'
import type { Message } from './message.js'

/** What all parts of a message share. */
export interface MessageSource {
  readonly bytes: Uint8Array
  readonly limits: MimeLimits
  readonly charsets: CharsetSource | undefined
  /** The charset of the message's text, for octets above 127 in headers. */
  readonly rawCharset: RawCharset
  /** Adds a defect that decoding met; within the limit. */
  report(code: DefectCode, offset: number): void
  /** Makes the view of a message inside; there is one for each entity. */
  openMessage(bytes: Uint8Array, entity: Entity | null): Message
}

/** Subtypes that hold a message (RFC 2046 §5.2.1, RFC 6532 §3.7; RFC 5537's of Usenet, which IMAP gives as a leaf). */
const MESSAGES: ReadonlySet<string> = new Set(['rfc822', 'global', 'news'])

/** Octets decoded at a time by streams. */
const PIECE = 65_536

/** Where short texts are decoded on their way to strings: memory for each would cost more than decoding it. */
let scratch: Uint8Array | undefined

/** A part of a message: its header, its place in the tree, its body decoded. */
export class Part {
  /** The fields of this part's header block. */
  readonly headers: Headers
  private childParts: Part[] | undefined
  private type: StructuredValue | null | undefined
  private dispositionValue: StructuredValue | null | undefined
  private decoded: Uint8Array | undefined
  private inner: Message | null | undefined
  private reported = false

  /** Made by `parseMessage`. */
  constructor(
    private readonly source: MessageSource,
    /** Where everything lies, as octets of the message. */
    readonly entity: Entity,
    /** The part around it; null for a message. */
    readonly parent: Part | null,
    /** The number IMAP gives it (RFC 9051 §6.4.5), such as `2.1`; empty for a message that is a multipart. */
    readonly number: string,
  ) {
    const { headerStart, bodyStart } = entity
    const { bytes, limits, charsets, rawCharset } = source
    const end = Math.min(bodyStart, headerStart + limits.headerSize)
    this.headers = new Headers(bytes, headerStart, end, limits.headerFields, charsets, rawCharset)
  }

  /** `type/subtype` in lower case; `text/plain` where the field is missing or makes no sense. */
  get contentType(): string {
    return `${this.entity.type}/${this.entity.subtype}`
  }

  /** Parameters of Content-Type as text, by lower-case name. */
  get parameters(): ReadonlyMap<string, string> {
    const value = this.structuredType()
    return value ? parameterTexts(value, this.source.charsets, this.source.rawCharset) : new Map()
  }

  /** One parameter of Content-Type as text, by its lower-case name; null without it. */
  parameter(name: string): string | null {
    const found = findParameter(this.structuredType(), name)
    return found ? parameterText(found, this.source.charsets, this.source.rawCharset) : null
  }

  /** The charset parameter. */
  get charset(): string | null {
    return this.parameter('charset')
  }

  /** First word of Content-Disposition in lower case; null without one. */
  get disposition(): string | null {
    const value = this.structuredDisposition()?.value
    return value ? value.split(' ', 1)[0]! : null
  }

  /** The file name that the sender gave it, from Content-Disposition or else Content-Type; not safe as a path. Null: none. */
  get filename(): string | null {
    const { charsets, rawCharset } = this.source
    const text = (parameter: RawParameter | undefined) => parameter && parameterText(parameter, charsets, rawCharset)
    const named = text(findParameter(this.structuredDisposition(), 'filename'))
    return named || text(findParameter(this.structuredType(), 'name')) || null
  }

  /** Content-ID without angle brackets. */
  get contentId(): string | null {
    const raw = this.headers.raw('content-id')
    const id = raw === undefined ? null : (parseMessageIds(raw)[0] ?? (raw || null))
    return id === null ? null : octetsToText(id).text
  }

  get description(): string | null {
    return this.headers.get('content-description') ?? null
  }

  /** Content-Transfer-Encoding in lower case; `7bit` without one. */
  get encoding(): string {
    return readTransferEncoding(this.headers.raw('content-transfer-encoding') ?? null)
  }

  /** Parts of a multipart, in order. */
  get children(): readonly Part[] {
    if (!this.childParts) {
      const { entity, source } = this
      const prefix = this.number === '' ? '' : `${this.number}.`
      this.childParts =
        entity.boundary === null
          ? []
          : entity.children.map((child, i) => new Part(source, child, this, `${prefix}${i + 1}`))
    }
    return this.childParts
  }

  get isMultipart(): boolean {
    return this.entity.boundary !== null
  }

  /** Octets of the body as it stands in the message, a view. */
  raw(): Uint8Array {
    return this.source.bytes.subarray(this.entity.bodyStart, this.entity.bodyEnd)
  }

  /** Octets of the body as it stands in the message. */
  get size(): number {
    return this.entity.bodyEnd - this.entity.bodyStart
  }

  /** Line breaks in the body as it stands in the message. */
  get lines(): number {
    return countLines(this.source.bytes, this.entity)
  }

  /** The body without its transfer encoding. What is not encoded is given as a view of the message. */
  bytes(): Uint8Array {
    this.decoded ??= decodeTransfer(this.raw(), this.transfer(), () => this.reportDamage())
    return this.decoded
  }

  /** The decoded body in pieces, without ever having all of it. */
  *chunks(pieceSize = PIECE): Generator<Uint8Array, void, undefined> {
    const decoder = createTransferDecoder(this.transfer())
    const raw = this.raw()
    for (let at = 0; at < raw.length; at += pieceSize) {
      const piece = decoder.write(raw.subarray(at, at + pieceSize))
      if (piece.length > 0) yield piece
    }
    const last = decoder.end()
    if (decoder.damaged) this.reportDamage()
    if (last.length > 0) yield last
  }

  /** As {@link chunks}. */
  stream(pieceSize = PIECE): ReadableStream<Uint8Array> {
    const chunks = this.chunks(pieceSize)
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = chunks.next()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
    })
  }

  /** The decoded body as text, in the charset of the part; HTML may name its own. Line ends stay as they are. */
  text(): string {
    const decode = this.contentType === 'text/html' ? decodeHtmlCharset : decodeCharset
    const { text, defect: damage } = decode(this.passingBytes(), this.charset ?? 'us-ascii', this.source.charsets)
    if (damage) this.source.report(damage, this.entity.bodyStart)
    return text
  }

  /** The files that stand uuencoded in this part's text; the text keeps their lines. */
  uuencodedFiles(): { filename: string; bytes: Uint8Array }[] {
    const content = this.bytes()
    const room = newUuRoom()
    return findUuencoded(content).map(({ name, bodyStart, bodyEnd }) => ({
      filename: octetsToText(name, this.source.charsets, this.source.rawCharset).text,
      bytes: decodeUuencoded(content.subarray(bodyStart, bodyEnd), room),
    }))
  }

  /** The message in a message/rfc822, global or news part, base64 or quoted-printable undone; null for others. */
  get message(): Message | null {
    if (this.inner === undefined) {
      const { entity, source } = this
      if (entity.type !== 'message' || !MESSAGES.has(entity.subtype) || entity.depth >= source.limits.depth)
        this.inner = null
      else if (entity.children[0]) this.inner = source.openMessage(source.bytes, entity.children[0])
      else this.inner = source.openMessage(this.bytes(), null)
    }
    return this.inner
  }

  /** As {@link bytes}, for a reader who is done with them before the next text is decoded. */
  private passingBytes(): Uint8Array {
    if (this.decoded || this.size > PIECE) return this.bytes()
    scratch ??= new Uint8Array(PIECE)
    return decodeTransfer(this.raw(), this.transfer(), () => this.reportDamage(), scratch)
  }

  private transfer(): TransferEncoding {
    const kind = transferEncoding(this.encoding)
    if (kind === 'unknown') this.source.report('unknown-transfer-encoding', this.entity.headerStart)
    // RFC 2045 §6.4: a multipart has no encoding of its own.
    return this.isMultipart ? 'identity' : kind
  }

  private reportDamage(): void {
    if (this.reported) return
    this.reported = true
    const code = this.transfer() === 'quoted-printable' ? 'damaged-quoted-printable' : 'damaged-base64'
    this.source.report(code, this.entity.bodyStart)
  }

  private structuredType(): StructuredValue | null {
    if (this.type === undefined) this.type = this.structured('content-type')
    return this.type
  }

  private structuredDisposition(): StructuredValue | null {
    if (this.dispositionValue === undefined) this.dispositionValue = this.structured('content-disposition')
    return this.dispositionValue
  }

  private structured(name: string): StructuredValue | null {
    const raw = this.headers.raw(name)
    return raw === undefined ? null : parseStructured(raw, this.source.limits.parameters)
  }
}
