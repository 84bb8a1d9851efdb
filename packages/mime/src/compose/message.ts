/** Whole messages from what an application has to say. */

import { isAscii } from '../ascii.js'
import { concat } from '../bytes.js'
import { type AddressInput, addressTokens, envelopeAddresses, readAddresses } from './addresses.js'
import { formatDate } from './date.js'
import { combinedNeed, type TransportNeed } from './encoding.js'
import { ComposeError } from './errors.js'
import { type Field, type Token, writeField } from './field.js'
import { messageIdToken, messageIdTokens } from './message-id.js'
import { type Attachment, attachmentPart, type ExtraField, multipart, type Part, textPart } from './part.js'
import { type Plan, planPart, planPieces, textField, writePieces } from './plan.js'

/** What a message says. Only `from` is needed. */
export interface MessageContent {
  from: AddressInput
  /** Default: the first address of `from` if it has several (RFC 5322 §3.6.2). */
  sender?: AddressInput
  replyTo?: AddressInput
  to?: AddressInput
  cc?: AddressInput
  /** In the envelope only: no field is written. */
  bcc?: AddressInput
  /** Plain Unicode on one line. */
  subject?: string
  text?: string
  html?: string
  /** Further ways to say the same, best last, for example a `text/calendar` part. */
  alternatives?: readonly Part[]
  attachments?: readonly Attachment[]
  /** A tree of one's own instead of `text`, `html`, `alternatives` and `attachments`. */
  body?: Part
  /** With or without angle brackets. */
  inReplyTo?: string | readonly string[]
  references?: string | readonly string[]
  /** Default: the present time. */
  date?: Date
  /** Minutes east of UTC in which `date` is written. Default 0. */
  zone?: number
  /** Default: a random one at the domain of the first `from` address. */
  messageId?: string
  /** Further fields, in order; their values are free text in plain Unicode. */
  headers?: readonly ExtraField[] | Readonly<Record<string, string>>
}

/** How a message is written. */
export interface ComposeSettings {
  /** Write header text and addresses as UTF-8 (RFC 6532), for SMTPUTF8 transport. Default false. */
  smtputf8?: boolean
  /** Write 8bit bodies, for 8BITMIME transport. Default: as `smtputf8`. */
  eightBit?: boolean
  /** The clock. Default: the platform's. */
  now?: () => Date
  /** A new token for Message-ID and boundaries each time, of letters and digits. Default: 128 random bits. */
  createId?: () => string
  /** Domain of the Message-ID. Default: that of the first `from` address. */
  hostname?: string
}

/**
 * A message that is decided but not written. Iterating writes it, in chunks of some 64 KB; it can be done again if no
 * body is a stream that was read.
 */
export interface ComposedMessage extends AsyncIterable<Uint8Array> {
  /** With angle brackets. */
  readonly messageId: string
  /** For SMTP: the bare address of the sender and those of To, Cc and Bcc, each once. */
  readonly envelope: { readonly from: string; readonly to: readonly string[] }
  /** What the transport must be able to carry. */
  readonly bodyType: TransportNeed
  /** A header field has UTF-8: the transport must have SMTPUTF8 (RFC 6531). */
  readonly needsSmtputf8: boolean
}

/** Fields that options write; nothing else may. */
const RESERVED = new Map([
  ['from', 'from'],
  ['sender', 'sender'],
  ['reply-to', 'replyTo'],
  ['to', 'to'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
  ['subject', 'subject'],
  ['date', 'date'],
  ['message-id', 'messageId'],
  ['in-reply-to', 'inReplyTo'],
  ['references', 'references'],
  ['mime-version', 'body'],
  ['content-type', 'body'],
  ['content-transfer-encoding', 'body'],
  ['content-disposition', 'body'],
  ['content-id', 'body'],
  ['content-description', 'body'],
])

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

function randomId(): string {
  let id = ''
  for (const octet of crypto.getRandomValues(new Uint8Array(26))) id += BASE32[octet & 31]
  return id
}

/**
 * Decides everything about a message: structure (mixed, alternative, related), encodings, fields and boundaries.
 * Throws ComposeError for what cannot be written; nothing is repaired silently.
 */
export function composeMessage(content: MessageContent, settings: ComposeSettings = {}): ComposedMessage {
  const smtputf8 = settings.smtputf8 === true
  const createId = settings.createId ?? randomId
  const body = content.body ?? standardBody(content)
  const plan = planPart(body, {
    smtputf8,
    eightBit: settings.eightBit ?? smtputf8,
    // "=_" is in no base64 and in no quoted-printable text.
    createBoundary: () => `=_${createId()}`,
  })
  const envelope = readEnvelope(content, smtputf8)
  const host = settings.hostname ?? envelope.from.slice(envelope.from.lastIndexOf('@') + 1)
  const messageId = messageIdToken(content.messageId ?? `${createId()}@${host}`, smtputf8)
  const date = formatDate(content.date ?? settings.now?.() ?? new Date(), content.zone)
  const fields = messageFields(content, date, messageId, smtputf8)
  // Those of the outermost part stand there too.
  extraFields(body.headers ?? [], smtputf8)
  const needsSmtputf8 = hasUtf8Field(plan, fields)
  return {
    messageId: messageId.text,
    envelope,
    bodyType: needsSmtputf8 ? combinedNeed([plan.need, '8bit']) : plan.need,
    needsSmtputf8,
    [Symbol.asyncIterator]: () => writePieces(planPieces(plan, fields), plan.lineEnd),
  }
}

/** The whole message as one array. */
export async function composeBytes(content: MessageContent, settings: ComposeSettings = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of composeMessage(content, settings)) chunks.push(chunk)
  return concat(chunks)
}

function hasUtf8Field(plan: Plan, fields: readonly Field[]): boolean {
  // Writing them once here also finds what cannot be written, before anything is sent.
  const written = [...fields, ...plan.fields].map(writeField)
  return !written.every(isAscii) || plan.children.some((child) => hasUtf8Field(child, []))
}

/** mixed(alternative(text, related(html, inline parts)), attachments), without the layers that have one member. */
function standardBody(content: MessageContent): Part {
  const attachments = content.attachments ?? []
  const isInline = (attachment: Attachment) =>
    content.html !== undefined && attachment.contentId !== undefined && attachment.disposition !== 'attachment'
  const related = attachments.filter(isInline).map(attachmentPart)
  const attached = attachments.filter((attachment) => !isInline(attachment)).map(attachmentPart)
  const alternatives: Part[] = []
  if (content.text !== undefined) alternatives.push(textPart(content.text))
  if (content.html !== undefined) {
    const html = textPart(content.html, 'html')
    alternatives.push(related.length > 0 ? multipart('related', [html, ...related], { type: 'text/html' }) : html)
  }
  alternatives.push(...(content.alternatives ?? []))
  if (alternatives.length === 0 && attached.length === 0) return textPart('')
  const parts = alternatives.length > 1 ? [multipart('alternative', alternatives)] : alternatives
  const all = [...parts, ...attached]
  return all.length === 1 && attached.length === 0 ? all[0]! : multipart('mixed', all)
}

function readEnvelope(content: MessageContent, smtputf8: boolean): ComposedMessage['envelope'] {
  const from = envelopeAddresses(content.sender ?? content.from, smtputf8)[0]
  if (from === undefined) throw new ComposeError('invalid-address', 'A message needs an address in `from`')
  const to = [content.to, content.cc, content.bcc].flatMap((list) => envelopeAddresses(list, smtputf8))
  return { from, to: [...new Set(to)] }
}

function messageFields(content: MessageContent, date: string, messageId: Token, smtputf8: boolean): Field[] {
  const fields: Field[] = []
  const addAddresses = (name: string, input: AddressInput | undefined): void => {
    const tokens = input === undefined ? [] : addressTokens(input, smtputf8)
    if (tokens.length > 0) fields.push({ name, tokens })
  }
  const addIds = (name: string, ids: string | readonly string[] | undefined): void => {
    const tokens = ids === undefined ? [] : messageIdTokens(ids, smtputf8)
    if (tokens.length > 0) fields.push({ name, tokens })
  }
  const from = readAddresses(content.from)
  addAddresses('From', from)
  addAddresses('Sender', content.sender ?? (from.length > 1 ? from[0] : undefined))
  addAddresses('Reply-To', content.replyTo)
  addAddresses('To', content.to)
  addAddresses('Cc', content.cc)
  if (content.subject !== undefined) fields.push(textField('Subject', content.subject, smtputf8))
  fields.push({ name: 'Date', tokens: [{ space: ' ', text: date }] })
  fields.push({ name: 'Message-ID', tokens: [messageId] })
  addIds('In-Reply-To', content.inReplyTo)
  addIds('References', content.references)
  fields.push(...extraFields(content.headers ?? [], smtputf8))
  fields.push({ name: 'MIME-Version', tokens: [{ space: ' ', text: '1.0' }] })
  return fields
}

function extraFields(headers: readonly ExtraField[] | Readonly<Record<string, string>>, smtputf8: boolean): Field[] {
  const isList = (value: typeof headers): value is readonly ExtraField[] => Array.isArray(value)
  const list = isList(headers) ? headers : Object.entries(headers).map(([name, value]) => ({ name, value }))
  return list.map(({ name, value }) => {
    const option = RESERVED.get(name.toLowerCase())
    if (option !== undefined) throw new ComposeError('reserved-field', `Use the option \`${option}\` for ${name}`)
    return textField(name, value, smtputf8)
  })
}
