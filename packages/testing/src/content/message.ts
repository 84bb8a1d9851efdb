import type { Address, Headers, Message, Part } from '@posthouse/mime'
import { flatAddresses, parseMessage } from '@posthouse/mime/core'
import { addressKey } from '../address.js'
import { TestMailError } from '../errors.js'
import { checkText, matches, type Text } from '../match.js'
import { lazyCharsets } from '../node/charsets.js'
import { type CodeOptions, findCode } from './codes.js'
import { findLinks, type Link, oneLink } from './links.js'
import { visibleLines } from './visible-text.js'

/** How a message came: what SMTP said, whatever its header says. */
export interface TestEnvelope {
  /** `''` for the null reverse-path. */
  readonly from: string
  readonly to: readonly string[]
  /** BODY of MAIL (RFC 6152, RFC 3030). */
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME'
  readonly smtputf8: boolean
  /** What the sender wants to be told of the delivery (RFC 3461); `null`: nothing was said. */
  readonly dsn: TestDsn | null
}

/** Parameters of DSN. */
export interface TestDsn {
  /** RET: what a notice shall return. */
  readonly ret: 'FULL' | 'HDRS' | null
  readonly envid: string | null
  /** Those for whom something was said. `notify`: empty means never. */
  readonly recipients: readonly {
    readonly address: string
    readonly notify: readonly ('SUCCESS' | 'FAILURE' | 'DELAY')[] | null
    readonly orcpt: string | null
  }[]
}

/** Over which connection it came; `null` for messages that `deliver` put there. */
export interface TestMessageOrigin {
  /** The session in `mail.sessions`. */
  readonly session: string
  readonly remote: string
  readonly helo: string
  readonly tls: { readonly protocol: string; readonly cipher: string } | null
  /** Who had logged in. */
  readonly user: string | null
}

/** An attached file. */
export interface TestAttachment {
  /** `''` when it has none. */
  readonly filename: string
  /** `image/png`. */
  readonly contentType: string
  /** Without angle brackets, or `null`. */
  readonly contentId: string | null
  /** Decoded. */
  readonly bytes: Uint8Array
  /** Decoded by its charset. */
  text(): string
  json(): unknown
}

/** A message that has arrived. Everything but the octets is computed when it is asked. */
export interface TestMessage {
  /** Unique in its server. */
  readonly id: string
  /** Position in order of arrival, from 1. */
  readonly sequence: number
  readonly receivedAt: Date
  /** The octets as they came, dots removed; no trace fields added. */
  readonly raw: Uint8Array
  readonly envelope: TestEnvelope
  readonly origin: TestMessageOrigin | null
  readonly subject: string
  readonly from: readonly TestAddress[]
  readonly to: readonly TestAddress[]
  readonly cc: readonly TestAddress[]
  readonly replyTo: readonly TestAddress[]
  /** Envelope recipients that no header field names. */
  readonly bcc: readonly string[]
  readonly date: Date | null
  /** Without angle brackets. */
  readonly messageId: string | null
  readonly headers: TestHeaders
  /** Lines end with `\n`. `''` when there is none. */
  readonly text: string
  /** Lines end with `\n`. `''` when there is none. */
  readonly html: string
  /** What a reader of the HTML sees: a line for each block. `''` without HTML. */
  readonly visibleText: string
  readonly attachments: readonly TestAttachment[]
  /** Of the HTML and of the text, each address once. */
  readonly links: readonly Link[]
  /**
   * The link whose text or address is, contains or matches `which`; without it the only web link there is.
   * @throws TestMailError `missing`, `ambiguous`; the text lists the links.
   */
  link(which?: Text): URL
  /** The attachment whose file name fits. @throws TestMailError `missing`; the text lists the names. */
  attachment(filename: Text): TestAttachment
  /**
   * The one-time code. @throws TestMailError `missing`, `ambiguous`; the text lists the candidates.
   */
  code(options?: CodeOptions): string
  /** The message as `@posthouse/mime` reads it: the part tree, defects, everything. */
  readonly mime: Message
}

/** An address of a header field. */
export interface TestAddress {
  /** `''` without one. */
  readonly name: string
  readonly address: string
}

/** Header fields, decoded. */
export interface TestHeaders {
  /** The first field of a name; `null` without one. */
  get(name: string): string | null
  /** All fields of a name, in order. */
  all(name: string): readonly string[]
  /** All fields, in order, with their names as they were written. */
  readonly list: readonly { readonly name: string; readonly value: string }[]
}

export interface MessageSource {
  readonly id: string
  readonly sequence: number
  readonly receivedAt: Date
  readonly raw: Uint8Array
  readonly envelope: TestEnvelope
  readonly origin: TestMessageOrigin | null
}

/** To be awaited before a message of these octets is created. */
export { loadHtmlParserFor as prepareFor } from './html-parser.js'

/** Getters of its own, so that `expect(message).toMatchObject(...)` sees them. */
export function createTestMessage({ id, sequence, receivedAt, raw, envelope, origin }: MessageSource): TestMessage {
  const mime = lazily(() => parseMessage(raw, { charsets: lazyCharsets }))
  const text = lazily(() => newlines(mime().text))
  const html = lazily(() => newlines(mime().html))
  const links = lazily(() => findLinks(html(), text()))
  const attachments = lazily(() => mime().bodies.attachments.map(attachment))
  const visibleText = lazily(() =>
    visibleLines(html())
      .map(({ text }) => text)
      .join('\n'),
  )
  const message: TestMessage = {
    id,
    sequence,
    receivedAt,
    raw,
    envelope,
    origin,
    get mime() {
      return mime()
    },
    get subject() {
      return mime().subject
    },
    get from() {
      return addresses(mime().from)
    },
    get to() {
      return addresses(mime().to)
    },
    get cc() {
      return addresses(mime().cc)
    },
    get replyTo() {
      return addresses(mime().replyTo)
    },
    get bcc() {
      const named = new Set([...message.to, ...message.cc].map(({ address }) => addressKey(address)))
      return envelope.to.filter((address) => !named.has(addressKey(address)))
    },
    get date() {
      return mime().date
    },
    get messageId() {
      return mime().messageId
    },
    get headers() {
      return headersOf(mime().headers)
    },
    get text() {
      return text()
    },
    get html() {
      return html()
    },
    get visibleText() {
      return visibleText()
    },
    get attachments() {
      return attachments()
    },
    get links() {
      return links()
    },
    link: (which) => oneLink(links(), which, html()),
    attachment: (filename) => attachmentNamed(attachments(), filename),
    code: (options) => findCode({ html: html(), text: text(), subject: message.subject }, options),
  }
  // `JSON.stringify` and comparisons look at what can be counted: the part tree goes round in circles.
  return Object.defineProperty(message, 'mime', { enumerable: false })
}

/** Line ends as JavaScript has them; `raw` keeps those of the message. */
function newlines(text: string | null): string {
  return (text ?? '').replaceAll('\r\n', '\n')
}

/** Makes a value when it is first asked for. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

function addresses(found: Message['from']): readonly TestAddress[] {
  return flatAddresses(found).map((one: Address) => ({ name: one.name ?? '', address: one.address }))
}

function headersOf(headers: Headers): TestHeaders {
  return {
    get: (name) => headers.get(name) ?? null,
    all: (name) => headers.all(name),
    get list() {
      return [...headers].map(({ name, value }) => ({ name, value }))
    },
  }
}

function attachment(part: Part): TestAttachment {
  return {
    filename: part.filename ?? '',
    contentType: part.contentType,
    contentId: part.contentId,
    get bytes() {
      return part.bytes()
    },
    text: () => part.text(),
    json: () => JSON.parse(part.text()),
  }
}

function attachmentNamed(attachments: readonly TestAttachment[], filename: Text): TestAttachment {
  checkText('attachment(): the file name', filename)
  const found = attachments.find((one) => matches(filename, one.filename))
  if (found) return found
  const names = attachments.map((one) => one.filename || `(${one.contentType} without a name)`)
  throw new TestMailError('missing', `no such attachment; there are: ${names.join(', ') || 'none'}`)
}
