/** Text of messages for search keys: decoded, folded (i;unicode-casemap), streamed where it is long. */
import { createCharsetDecoder, createTransferDecoder, transferEncoding } from '@posthouse/mime/body'
import {
  decodeWords,
  type FieldTable,
  fieldName,
  fieldValue,
  findField,
  isGroup,
  parseAddressList,
  type RawMailbox,
  scanFields,
} from '@posthouse/mime/header'
import type { OctetRange, Summary, SummaryPart } from '@posthouse/mime/summary'
import { casemap } from './casemap.js'
import type { SearchedMessage } from './message.js'

/** Is shown text, piece by piece. */
export interface Looker {
  /** The next piece; true when nothing more needs to be shown. */
  look(text: string): boolean
  /** What comes next does not continue what came before. */
  break(): void
  /** Nothing more needs to be shown. */
  readonly done: boolean
}

/** Looks for folded texts in text that comes in pieces. */
export class Finder implements Looker {
  readonly #wanted: readonly string[]
  readonly #found: boolean[]
  readonly #overlap: number
  #left: number
  /** What a match may begin with stays in front of the next piece. */
  #rest = ''

  constructor(wanted: readonly string[]) {
    this.#wanted = wanted
    this.#found = wanted.map((one) => one === '')
    this.#left = this.#found.filter((one) => !one).length
    this.#overlap = wanted.reduce((most, one) => Math.max(most, one.length), 1) - 1
  }

  get done(): boolean {
    return this.#left === 0
  }

  /** Which of them were found. */
  get found(): readonly boolean[] {
    return this.#found
  }

  look(text: string): boolean {
    if (this.#left === 0) return true
    if (text === '') return false
    const piece = this.#rest + casemap(text)
    for (let i = 0; i < this.#wanted.length; i++) {
      if (this.#found[i] || !piece.includes(this.#wanted[i])) continue
      this.#found[i] = true
      this.#left--
    }
    this.#rest = this.#overlap > 0 ? piece.slice(-this.#overlap) : ''
    return this.#left === 0
  }

  break(): void {
    this.#rest = ''
  }
}

/** The value of a field for people: unfolded, encoded words decoded. */
function decoded(table: FieldTable, index: number): string {
  return decodeWords(fieldValue(table, index)).text
}

/** Looks at all fields of that name; its lower case is given. An empty text asks for the field alone. */
export function lookAtField(header: Uint8Array, lowerName: string, looker: Looker): boolean {
  const table = scanFields(header)
  let at = findField(table, lowerName)
  if (at === -1) return false
  for (; at !== -1; at = findField(table, lowerName, at + 1)) {
    looker.break()
    if (looker.look(decoded(table, at))) return true
  }
  return looker.done
}

/**
 * The same for fields of addresses, which are looked at as ENVELOPE tells them, too (RFC 9051 §6.4.4, FROM): comments and
 * blanks within an address are no part of it.
 */
export function lookAtAddresses(header: Uint8Array, lowerName: string, looker: Looker): boolean {
  if (lookAtField(header, lowerName, looker)) return true
  const table = scanFields(header)
  for (let at = findField(table, lowerName); at !== -1; at = findField(table, lowerName, at + 1)) {
    const value = fieldValue(table, at)
    if (!isDecorated(value)) continue
    for (const entry of parseAddressList(value).entries) {
      for (const mailbox of isGroup(entry) ? entry.members : [entry]) {
        looker.break()
        if (looker.look(addressText(mailbox))) return true
      }
    }
  }
  return false
}

/** May an address be written in another way than ENVELOPE tells it? */
function isDecorated(value: string): boolean {
  return value.includes('(') || value.includes('\\') || value.includes(' @') || value.includes('@ ')
}

function addressText({ name, mailbox, host }: RawMailbox): string {
  const address = `<${mailbox}@${host}>`
  return decodeWords(name === null ? address : `${name} ${address}`).text
}

/** Looks at all fields of a header, names included. */
export function lookAtHeader(header: Uint8Array, looker: Looker): boolean {
  const table = scanFields(header)
  for (let i = 0; i < table.count; i++) {
    looker.break()
    if (looker.look(`${fieldName(table, i)}: ${decoded(table, i)}`)) return true
  }
  return false
}

/** Parts that are looked at; beyond it a message is an attack. */
const MAX_PARTS = 1_000

interface PathPart {
  readonly path: readonly number[]
  readonly part: SummaryPart
}

/** The parts of a message, each before those in it. */
function* partsOf(summary: Summary): Generator<PathPart> {
  const stack: (readonly number[])[] = [[1]]
  for (let seen = 0; stack.length > 0 && seen < MAX_PARTS; seen++) {
    const path = stack.pop() as readonly number[]
    const part = summary.part(path)
    if (!part) continue
    yield { path, part }
    stack.push([...path.slice(0, -1), path[path.length - 1] + 1])
    if (part.type === 'multipart' || part.type === 'message') stack.push([...path, 1])
  }
}

/** Bodies that are text: of text parts, and of reports on messages. */
function isText({ type, subtype }: SummaryPart): boolean {
  return type === 'text' || (type === 'message' && subtype !== 'rfc822' && subtype !== 'global')
}

/** The text bodies of a message, in order, and without doubles: a single part has more than one number. */
function* textParts(summary: Summary): Generator<SummaryPart> {
  let last = -1
  for (const { part } of partsOf(summary)) {
    if (part.start === last || !isText(part)) continue
    last = part.start
    yield part
  }
}

/** Header blocks below the message's own: of its parts, and of messages within it. */
function* innerHeaders(summary: Summary): Generator<OctetRange> {
  for (const { path } of partsOf(summary)) {
    for (const text of ['MIME', 'HEADER'] as const) {
      const range = summary.section(path, text)
      if (range && range.start >= summary.headerSize && range.end > range.start) yield range
    }
  }
}

/** Looks at the text bodies (RFC 9051 §6.4.4, BODY); true when everything was found. */
export async function lookAtBody(message: SearchedMessage, looker: Looker): Promise<boolean> {
  if (looker.done) return true
  const summary = await message.summary()
  for (const part of textParts(summary)) {
    looker.break()
    if (await lookAtPart(message, part, looker)) return true
  }
  return false
}

/** Looks at the header and at the headers of parts (RFC 9051 §6.4.4, TEXT). */
export async function lookAtHeaders(message: SearchedMessage, looker: Looker): Promise<boolean> {
  // What was put before the message at its delivery is of no interest to who searches in its text.
  const shift = message.prefix.length
  const header = await message.header()
  if (lookAtHeader(header.subarray(shift), looker)) return true
  const summary = await message.summary()
  for (const { start, end } of innerHeaders(summary)) {
    if (lookAtHeader(await message.octets(start + shift, end + shift), looker)) return true
  }
  return false
}

async function lookAtPart(message: SearchedMessage, part: SummaryPart, looker: Looker): Promise<boolean> {
  const transfer = createTransferDecoder(transferEncoding(part.encoding))
  const charset = createCharsetDecoder(part.charset ?? undefined)
  const shift = message.prefix.length
  for await (const piece of message.pieces(part.start + shift, part.end + shift)) {
    if (looker.look(charset.write(transfer.write(piece)))) return true
    const slow = message.pause()
    if (slow) await slow
  }
  return looker.look(charset.write(transfer.end()) + charset.end())
}
