/**
 * From a tree of parts to the octets of a message, in two steps: `planPart` decides everything (encodings, boundaries,
 * fields) and finds every mistake; `planPieces` then only writes. Streams are opened while writing.
 */

import { isAscii, lowerCase } from '../ascii.js'
import { createBase64Encoder } from '../body/base64-encode.js'
import { concat, copyOf, fromLatin1, fromUtf8, indexOf, latin1 } from '../bytes.js'
import { headerEnd } from '../header/fields.js'
import {
  combinedNeed,
  encodePieces,
  messageEncoding,
  type TransportNeed,
  textEncoding,
  transportNeed,
  type WrittenEncoding,
} from './encoding.js'
import { ComposeError } from './errors.js'
import { type Field, writeHeader } from './field.js'
import { messageIdToken } from './message-id.js'
import { isToken, parameterTokens } from './parameters.js'
import type { BodySource, BodyStream, ExtraField, LeafPart, MultiPart, Part } from './part.js'
import { textTokens } from './words.js'

/** What planning needs beside the tree. */
export interface PlanSettings {
  /** 8bit bodies may be written. */
  eightBit: boolean
  /** Header text may be written as UTF-8. */
  smtputf8: boolean
  /** Gives another boundary each time. */
  createBoundary: () => string
}

/** Octets, or a stream that is opened when its turn comes. */
export type Piece = Uint8Array | (() => AsyncIterable<Uint8Array>)

/** A part with everything decided. */
export interface Plan {
  /** Content fields, and what the part adds. */
  fields: Field[]
  need: TransportNeed
  boundary?: string
  children: readonly Plan[]
  /** The encoded body of a leaf. */
  body?: () => Iterable<Piece>
  /** Put behind the body at the end of a message, if it ends no line. A soft break where that is no content. */
  lineEnd: Uint8Array
  /** Octets of the body as they will be written, where they are neither encoded nor a stream. */
  raw?: Uint8Array
}

/** Tries for a boundary that no body contains. */
const MAX_BOUNDARIES = 20
/** RFC 2046 §5.1.1, without the blank, which gets lost. */
const BOUNDARY_SPECIALS = "'()+_,-./:=?"

export function planPart(part: Part, settings: PlanSettings): Plan {
  return 'children' in part ? planMultipart(part, settings) : planLeaf(part, settings)
}

function planMultipart(part: MultiPart, settings: PlanSettings): Plan {
  const children = part.children.map((child) => planPart(child, settings))
  const boundary = chooseBoundary(children, settings)
  const need = combinedNeed(children.map((child) => child.need))
  const fields = contentFields(part, [['boundary', boundary]], need, settings)
  return { fields, need, boundary, children, lineEnd: CRLF }
}

/** RFC 2046 §5.1: no line of any part inside may begin with the delimiter. */
function chooseBoundary(children: readonly Plan[], settings: PlanSettings): string {
  for (let attempt = 0; attempt < MAX_BOUNDARIES; attempt++) {
    const boundary = settings.createBoundary()
    checkBoundary(boundary)
    const delimiter = fromLatin1(`--${boundary}`)
    if (!children.some((child) => contains(child, boundary, delimiter))) return boundary
  }
  throw new ComposeError(
    'invalid-boundary',
    `${MAX_BOUNDARIES} boundaries occur in the parts: createId must give another one each time`,
  )
}

function contains(plan: Plan, boundary: string, delimiter: Uint8Array): boolean {
  // A boundary that another one begins with would be taken for it.
  if (plan.boundary?.startsWith(boundary)) return true
  if (plan.raw && indexOf(plan.raw, delimiter) !== -1) return true
  return plan.children.some((child) => contains(child, boundary, delimiter))
}

function checkBoundary(boundary: string): void {
  for (const character of boundary) {
    const isPlain = (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z')
    if (isPlain || (character >= 'a' && character <= 'z') || BOUNDARY_SPECIALS.includes(character)) continue
    throw new ComposeError('invalid-boundary', `A boundary cannot have ${JSON.stringify(character)} (RFC 2046 §5.1.1)`)
  }
  if (boundary.length < 1 || boundary.length > 68) {
    throw new ComposeError('invalid-boundary', 'A boundary has 1 to 68 characters')
  }
}

function planLeaf(part: LeafPart, settings: PlanSettings): Plan {
  const type = part.contentType.toLowerCase()
  const isText = type.startsWith('text/')
  const isMessage = type === 'message/rfc822' || type === 'message/global'
  const parameters: [string, string][] = []
  if (isText && typeof part.body === 'string') parameters.push(['charset', 'utf-8'])
  const bytes = wholeBody(part.body, isText)
  // RFC 2046 §5.2.1 and RFC 2045 §6.4: neither has an encoding of its own. Whoever has signed a multipart has its octets.
  const isWhole = isMessage || type.startsWith('multipart/')
  const encoding = leafEncoding(bytes, type, isText, isWhole, settings)
  const named = isMessage && bytes && hasUtf8Header(bytes) ? { ...part, contentType: 'message/global' } : part
  const plan: Plan = {
    fields: contentFields(named, parameters, encoding, settings),
    need: transportNeed(encoding),
    children: [],
    body: bytes ? () => encodePieces(bytes, encoding) : streamBody(part.body as StreamSource, encoding),
    lineEnd: encoding === 'quoted-printable' ? SOFT_BREAK : CRLF,
  }
  if (bytes && transportNeed(encoding) === encoding) plan.raw = bytes
  return plan
}

function leafEncoding(
  bytes: Uint8Array | undefined,
  type: string,
  isText: boolean,
  isWhole: boolean,
  settings: PlanSettings,
): WrittenEncoding {
  if (isWhole) return bytes ? messageEncoding(bytes) : '8bit'
  // RFC 3464 §2.1, RFC 8098 §3 and RFC 5965 §2: field groups that readers want to see.
  const isFieldGroup = type.startsWith('message/') || type === 'text/rfc822-headers'
  return bytes && (isText || isFieldGroup) ? textEncoding(bytes, settings.eightBit) : 'base64'
}

/** RFC 6532 §3.7: a message with UTF-8 in its header is a message/global. */
function hasUtf8Header(bytes: Uint8Array): boolean {
  return !isAscii(latin1(bytes, 0, headerEnd(bytes)))
}

const CRLF = fromLatin1('\r\n')
const SOFT_BREAK = fromLatin1('=\r\n')

/** The octets of a body that is at hand; undefined for streams. Text of a text part gets CRLF (RFC 2046 §4.1.1). */
function wholeBody(body: BodySource, isText: boolean): Uint8Array | undefined {
  if (typeof body === 'string') return fromUtf8(isText ? canonicalLines(body) : body)
  return body instanceof Uint8Array ? body : undefined
}

/** Every line end as CRLF: LF, CR and CRLF each end one line. */
export function canonicalLines(text: string): string {
  if (!text.includes('\r')) return text.replaceAll('\n', '\r\n')
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').replaceAll('\n', '\r\n')
}

/** Two of one of these are two messages to two readers. */
const CONTENT_FIELDS = new Set(
  ['type', 'transfer-encoding', 'disposition', 'id', 'description'].map((name) => `content-${name}`),
)

function contentFields(
  part: Part,
  added: readonly (readonly [string, string])[],
  encoding: WrittenEncoding,
  settings: PlanSettings,
): Field[] {
  const [type, subtype, ...rest] = part.contentType.split('/')
  if (!isToken(type ?? '') || !isToken(subtype ?? '') || rest.length > 0) {
    throw new ComposeError('invalid-media-type', `${JSON.stringify(part.contentType)} is not of the form type/subtype`)
  }
  // Whoever writes the body knows its boundary and the charset of its text, nobody else.
  const isAdded = (name: string) => added.some(([own]) => own === lowerCase(name))
  const given = Object.entries(part.parameters ?? {}).filter(([name]) => !isAdded(name))
  const parameters = [...added, ...given]
  const fields: Field[] = [{ name: 'Content-Type', tokens: parameterTokens(part.contentType, parameters) }]
  if (encoding !== '7bit') {
    fields.push({ name: 'Content-Transfer-Encoding', tokens: [{ space: ' ', text: encoding }] })
  }
  if (part.disposition !== undefined || part.filename !== undefined) {
    const filename: [string, string][] = part.filename === undefined ? [] : [['filename', part.filename]]
    const tokens = parameterTokens(part.disposition ?? 'attachment', filename)
    fields.push({ name: 'Content-Disposition', tokens })
  }
  if (part.contentId !== undefined) {
    fields.push({ name: 'Content-ID', tokens: [messageIdToken(part.contentId, settings.smtputf8)] })
  }
  for (const { name } of part.headers ?? []) {
    if (CONTENT_FIELDS.has(lowerCase(name)))
      throw new ComposeError('reserved-field', `${name} has an option of its own`)
  }
  const texts: ExtraField[] = [...(part.headers ?? [])]
  if (part.description !== undefined) texts.unshift({ name: 'Content-Description', value: part.description })
  for (const { name, value } of texts) fields.push(textField(name, value, settings.smtputf8))
  return fields
}

/** A field of free text. */
export function textField(name: string, value: string, smtputf8: boolean): Field {
  return { name, tokens: textTokens(value, name.length + 1, smtputf8) }
}

/** The header block, with `fields` in front of the part's own, and the body. */
export function* planPieces(plan: Plan, fields: readonly Field[] = []): Generator<Piece> {
  yield writeHeader([...fields, ...plan.fields])
  if (plan.body) yield* plan.body()
  if (plan.boundary === undefined) return
  for (const child of plan.children) {
    yield fromLatin1(`--${plan.boundary}\r\n`)
    yield* planPieces(child)
    yield CRLF
  }
  yield fromLatin1(`--${plan.boundary}--`)
}

type StreamSource = BodyStream | (() => Uint8Array | BodyStream)

/** The body of a stream, or of streams that a function makes. */
function streamBody(body: StreamSource, encoding: WrittenEncoding): () => Piece[] {
  let used = false
  const open = (): Uint8Array | BodyStream => {
    if (typeof body === 'function') return body()
    if (used) throw new ComposeError('body-used', 'A body stream was read already: give a function that makes streams')
    used = true
    return body
  }
  return () => [() => encodeStream(open, encoding)]
}

async function* encodeStream(open: () => Uint8Array | BodyStream, encoding: WrittenEncoding) {
  const source = open()
  if (source instanceof Uint8Array) {
    yield* encodePieces(source, encoding)
    return
  }
  const encoder = encoding === 'base64' ? createBase64Encoder() : undefined
  for await (const chunk of readStream(source)) {
    if (!(chunk instanceof Uint8Array)) {
      throw new ComposeError('invalid-chunk', 'A body stream must give Uint8Arrays: encode its text first')
    }
    // What is asked for next may be put into the same memory.
    yield encoder ? encoder.write(chunk) : copyOf(chunk, 0, chunk.length)
  }
  if (encoder) yield encoder.end()
}

/** Not every platform can iterate over a ReadableStream, whatever the types say. */
async function* readStream(source: BodyStream): AsyncGenerator<unknown> {
  if (Symbol.asyncIterator in source) {
    yield* source
    return
  }
  const reader = (source as ReadableStream<Uint8Array>).getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel()
  }
}

/** Octets that are collected before they leave, so that a message of many small pieces is not many small writes. */
const CHUNK = 1 << 16

/**
 * All pieces in order, in chunks of some size; streams are awaited, everything else is not. What does not end a line
 * at the end gets `lineEnd` (RFC 5321 §2.3.8).
 */
export async function* writePieces(pieces: Iterable<Piece>, lineEnd: Uint8Array): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = []
  let size = 0
  let last = 0
  for (const piece of pieces) {
    const parts = piece instanceof Uint8Array ? [piece] : piece()
    for await (const bytes of parts) {
      if (bytes.length === 0) continue
      pending.push(bytes)
      last = bytes[bytes.length - 1]!
      size += bytes.length
      if (size < CHUNK) continue
      yield concat(pending)
      pending = []
      size = 0
    }
  }
  if (last !== 0x0a) pending.push(lineEnd)
  if (pending.length > 0) yield concat(pending)
}
