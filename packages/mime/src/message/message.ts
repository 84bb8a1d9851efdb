/** A message as applications want it. Everything is computed when asked, from the index and the octets. */

import { lowerCase } from '../ascii.js'
import type { CharsetSource } from '../body/charset.js'
import { reflow } from '../body/flowed.js'
import { fromUtf8, latin1, utf8 } from '../bytes.js'
import { parseDate } from '../header/date.js'
import { parseMessageIds } from '../header/message-ids.js'
import { percentDecode } from '../header/parameter-text.js'
import { octetsToText } from '../header/words.js'
import { type Defect, type DefectCode, defect } from '../structure/defects.js'
import type { Entity } from '../structure/entity.js'
import { indexMessage } from '../structure/index-message.js'
import { type MimeLimits, withDefaultLimits } from '../structure/limits.js'
import type { MessageIndex } from '../structure/scanner-options.js'
import { type Address, type AddressGroup, readAddresses } from './addresses.js'
import { type Bodies, findBodies } from './bodies.js'
import { headerDefects } from './header-defects.js'
import type { Headers } from './headers.js'
import { type MessageSource, Part } from './part.js'

/** How a message is read. */
export interface ParseOptions {
  readonly limits?: Partial<MimeLimits>
  /** Charsets beyond those of `TextDecoder`; `iconvCharsets` of `@posthouse/mime/charsets` brings all. */
  readonly charsets?: CharsetSource
}

/** A message, of which nothing is decoded before it is asked for: what `parseMessage` gives. */
export class Message {
  /** The message as a part: its header block and body. */
  readonly root: Part
  private sorted: Bodies | undefined
  private found: Defect[] | undefined
  private readonly late: Defect[] = []
  private rawCharset: string | null | undefined

  /** Made by `parseMessage`. */
  constructor(
    /** The octets that were parsed; of a message inside another, those of the outer one. */
    readonly source: Uint8Array,
    /** The structure alone. */
    readonly index: MessageIndex,
    private readonly limits: MimeLimits,
    private readonly charsets: CharsetSource | undefined,
    entity: Entity = index.root,
  ) {
    const shared: MessageSource = {
      bytes: source,
      limits,
      charsets,
      rawCharset: () => this.textCharset(),
      report: (code, offset) => this.report(code, offset),
      openMessage: (bytes, inner) =>
        inner ? new Message(bytes, index, limits, charsets, inner) : openMessage(bytes, limits, charsets),
    }
    this.root = new Part(shared, entity, null, entity.boundary === null ? '1' : '')
  }

  get headers(): Headers {
    return this.root.headers
  }

  /** The octets of this message, a view. */
  bytes(): Uint8Array {
    const { headerStart, bodyEnd } = this.root.entity
    return this.source.subarray(headerStart, bodyEnd)
  }

  /** Decoded; empty without one. */
  get subject(): string {
    return this.headers.get('subject') ?? ''
  }

  /** The Date field; null when it is missing or no date. */
  get date(): Date | null {
    const raw = this.headers.raw('date')
    const date = raw === undefined ? null : parseDate(raw)
    return date ? new Date(date.time) : null
  }

  /** The first From field; `[]` without one. */
  get from(): (Address | AddressGroup)[] {
    return this.addresses('from')
  }

  get sender(): (Address | AddressGroup)[] {
    return this.addresses('sender')
  }

  get replyTo(): (Address | AddressGroup)[] {
    return this.addresses('reply-to')
  }

  get to(): (Address | AddressGroup)[] {
    return this.addresses('to')
  }

  get cc(): (Address | AddressGroup)[] {
    return this.addresses('cc')
  }

  get bcc(): (Address | AddressGroup)[] {
    return this.addresses('bcc')
  }

  /** The addresses of any field. Several To, Cc or Bcc fields add up (RFC 5322 §4.5.3), of others the first counts. */
  addresses(field: string): (Address | AddressGroup)[] {
    const name = lowerCase(field)
    const values = this.headers.allRaw(name)
    const addsUp = name === 'to' || name === 'cc' || name === 'bcc'
    return readAddresses(addsUp ? values : values.slice(0, 1), this.limits.addresses, this.charsets, () =>
      this.textCharset(),
    )
  }

  /** Without angle brackets, as found; null without one. One that is no identifier (RFC 5322 §3.6.4) is given whole. */
  get messageId(): string | null {
    return this.ids('message-id')[0] ?? (this.headers.get('message-id') || null)
  }

  get inReplyTo(): string[] {
    return this.ids('in-reply-to')
  }

  get references(): string[] {
    return this.ids('references')
  }

  /** The plain text of the message; null when there is none. Flowed text (RFC 3676) has its paragraphs joined. */
  get text(): string | null {
    return joinTexts(
      this.bodies.text.filter((part) => part.contentType !== 'text/html' && part.entity.type !== 'image'),
    )
  }

  /** The HTML of the message as sent, not made safe; null when there is none. */
  get html(): string | null {
    return joinTexts(this.bodies.html.filter((part) => part.contentType === 'text/html'))
  }

  /** Which parts are shown, and which are attachments. */
  get bodies(): Bodies {
    this.sorted ??= findBodies(this.root)
    return this.sorted
  }

  /** All leaves that are no text of the message, messages inside it included. */
  get attachments(): readonly Part[] {
    return this.bodies.attachments
  }

  /** The part with the Content-ID, given as it is, in brackets, or as a `cid:` URL (RFC 2392); null when there is none. */
  byContentId(id: string): Part | null {
    const isUrl = lowerCase(id.slice(0, 4)) === 'cid:'
    const wanted = isUrl ? id.slice(4) : id.startsWith('<') ? id.slice(1, -1) : id
    // Many senders do not encode what they write there: it may stand for itself.
    for (const one of isUrl ? [utf8(percentDecode(latin1(fromUtf8(wanted)))), wanted] : [wanted])
      for (const part of this.walk()) if (part.contentId === one) return part
    return null
  }

  /** The part with the IMAP number, such as `2.1`; numbers go on inside messages (RFC 9051 §6.4.5). */
  part(number: string): Part | null {
    let part: Part = this.root
    let message: Message | null = this
    for (const piece of number.split('.')) {
      const holder: Part | null = message ? message.root : part
      if (!holder) return null
      const index = Number(piece)
      const next: Part | undefined = holder.isMultipart
        ? holder.children[index - 1]
        : message && index === 1
          ? holder
          : undefined
      if (!next) return null
      part = next
      message = part.message
    }
    return part
  }

  /** All parts in the order of the message, the message itself first. Does not go into messages inside. */
  *walk(): Generator<Part, void, undefined> {
    const stack = [this.root]
    for (let part = stack.pop(); part; part = stack.pop()) {
      yield part
      for (let i = part.children.length - 1; i >= 0; i--) stack.push(part.children[i]!)
    }
  }

  /**
   * What is wrong with the message, in the order it was met: structure and headers first, then what decoding found so
   * far (`text`, `bytes()` and the like add to it).
   */
  get defects(): readonly Defect[] {
    if (!this.found) {
      this.found = [...this.index.defects]
      for (const part of this.walk())
        this.found.push(...headerDefects(part.headers.table, part === this.root, this.charsets))
    }
    return [...this.found, ...this.late].slice(0, this.limits.defects)
  }

  private ids(name: string): string[] {
    const raw = this.headers.raw(name)
    return raw === undefined ? [] : parseMessageIds(raw).map((id) => octetsToText(id).text)
  }

  /** The charset of the first text that has one: mail readers take it for raw octets in the header too. */
  private textCharset(): string | null {
    if (this.rawCharset === undefined) {
      this.rawCharset = null
      for (const part of this.walk()) {
        if (part.entity.type !== 'text' || part.charset === null) continue
        this.rawCharset = part.charset
        break
      }
    }
    return this.rawCharset
  }

  private report(code: DefectCode, offset: number): void {
    if (this.late.length >= this.limits.defects) return
    if (!this.late.some((one) => one.code === code && one.offset === offset)) this.late.push(defect(code, offset))
  }
}

function joinTexts(parts: readonly Part[]): string | null {
  const texts = parts.filter((part) => part.entity.type === 'text' || part.entity.type === 'multipart').map(shownText)
  return texts.length === 0 ? null : texts.join('\n')
}

function shownText(part: Part): string {
  if (part.contentType !== 'text/plain' || lowerCase(part.parameter('format') ?? '') !== 'flowed') return part.text()
  return reflow(part.text(), { delSp: lowerCase(part.parameter('delsp') ?? '') === 'yes' })
}

function openMessage(bytes: Uint8Array, limits: MimeLimits, charsets: CharsetSource | undefined): Message {
  return new Message(bytes, indexMessage(bytes, limits), limits, charsets)
}

/** Reads a message. Never throws on what is in it; see {@link Message.defects}. `bytes` must not change afterwards. */
export function parseMessage(bytes: Uint8Array, options: ParseOptions = {}): Message {
  return openMessage(bytes, withDefaultLimits(options.limits), options.charsets)
}
