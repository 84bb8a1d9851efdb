/** BODY[...] and its kin (RFC 9051 §6.4.5): sections to octets, partials, literals that stream. */
import { filterHeader, type OctetRange, type SectionText } from '@posthouse/mime/summary'
import type { Column } from '@posthouse/store-api'
import type { Partial, Section } from '../../syntax/section.js'
import type { ResponseWriter } from '../../syntax/writer.js'
import type { ImapSession } from '../session.js'
import type { FetchedMessage } from './message.js'

/** Arguments of BODY and BODY.PEEK with a section. */
export interface BodyArgs {
  readonly section: Section
  readonly partial: Partial | null
}

/** What a NUL is shown as. */
const NUL_SHOWN = 0x80

/** What a section reads from the row. */
export function sectionNeeds({ path, text }: Section): readonly Column[] {
  if (path.length > 0) return ['summary', 'inline']
  if (text === null) return ['inline']
  return text === 'TEXT' ? ['summary', 'inline'] : ['header']
}

/** Writes the name of the response: the section as it was asked, without `.PEEK` and the partial's size. */
export function writeSectionName(
  out: ResponseWriter,
  section: Section,
  partial: Partial | null,
  item: 'BODY' | 'BINARY' | 'BINARY.SIZE' = 'BODY',
): void {
  out.text(item).text('[').text(section.path.join('.'))
  if (section.text !== null) out.text(section.path.length > 0 ? `.${section.text}` : section.text)
  if (section.fields.length > 0) {
    out.text(' (')
    for (const [i, field] of section.fields.entries()) {
      if (i > 0) out.text(' ')
      if (isToken(field)) out.text(field)
      else out.string(field)
    }
    out.text(')')
  }
  out.text(partial ? `]<${partial.origin}> ` : '] ')
}

function isToken(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code <= 32 || code > 126 || '(){%*"\\]'.includes(name[i])) return false
  }
  return name !== ''
}

/** Writes the value of a section. */
export function writeSection(
  session: ImapSession,
  message: FetchedMessage,
  { section, partial }: BodyArgs,
): void | Promise<void> {
  const { path, text } = section
  if (path.length === 0) {
    if (text === null) return writeRange(session, message, { start: 0, end: message.row.size }, partial)
    if (text !== 'TEXT') {
      const header = message.header()
      if (header instanceof Promise) return header.then((bytes) => writeHeader(session, bytes, section, partial))
      writeHeader(session, header, section, partial)
      return
    }
  }
  return writePart(session, message, section, partial)
}

function writeHeader(session: ImapSession, header: Uint8Array, section: Section, partial: Partial | null): void {
  session.out.literal(withoutNul(session, cut(headerText(header, section), partial)))
}

/** RFC 9051 §4.3: no literal but BINARY's may hold a NUL. Other octets stand in their places, so that sizes stay. */
function withoutNul({ server }: ImapSession, bytes: Uint8Array): Uint8Array {
  return !server.preservesNul && bytes.includes(0) ? bytes.map((octet) => (octet === 0 ? NUL_SHOWN : octet)) : bytes
}

function headerText(header: Uint8Array, { text, fields }: Section): Uint8Array {
  return text === 'HEADER' ? header : filterHeader(header, fields, text === 'HEADER.FIELDS.NOT')
}

function cut(bytes: Uint8Array, partial: Partial | null): Uint8Array {
  return partial ? bytes.subarray(partial.origin, partial.origin + partial.size) : bytes
}

async function writePart(
  session: ImapSession,
  message: FetchedMessage,
  section: Section,
  partial: Partial | null,
): Promise<void> {
  if (isFiltered(section)) {
    const header = await headerOctets(message, section)
    if (header) session.out.literal(withoutNul(session, cut(header, partial)))
    else session.out.text('NIL')
    return
  }
  const range = await rangeOf(message, section)
  if (range) return writeRange(session, message, range, partial)
  session.out.text('NIL')
}

function isFiltered({ text }: Section): boolean {
  return text === 'HEADER.FIELDS' || text === 'HEADER.FIELDS.NOT'
}

function textOf({ text }: Section): SectionText | undefined {
  return text === 'HEADER.FIELDS' || text === 'HEADER.FIELDS.NOT' ? 'HEADER' : (text ?? undefined)
}

/** Where a section lies in the stored message, fields that are left out included; `null`: there is no such part. */
async function rangeOf(message: FetchedMessage, section: Section): Promise<OctetRange | null> {
  const summary = await message.summary()
  const found = summary.section(section.path, textOf(section))
  const shift = message.prefix.length
  return found && { start: found.start + shift, end: found.end + shift }
}

/** The octets of a section that is a header or some of its fields; `null`: there is no such part. */
export async function headerOctets(message: FetchedMessage, section: Section): Promise<Uint8Array | null> {
  const { path, text } = section
  if (path.length === 0) return headerText(await message.header(), section)
  const range = await rangeOf(message, section)
  if (!range) return null
  const header = await message.octets(range.start, range.end)
  return text === 'MIME' ? header : headerText(header, section)
}

/**
 * Writes octets of a message as a literal, as fast as the client reads. What cannot be opened is NIL; when octets end
 * before the literal does, there is no way back: the connection ends.
 */
export async function writeRange(
  session: ImapSession,
  message: FetchedMessage,
  range: OctetRange,
  partial: Partial | null,
): Promise<void> {
  const { out } = session
  const start = partial ? Math.min(range.start + partial.origin, range.end) : range.start
  const end = partial ? Math.min(start + partial.size, range.end) : range.end
  let left = end - start
  if (left === 0) {
    out.literalHead(0)
    return
  }
  const source = message.pieces(start, end, true)
  const pieces = Symbol.iterator in source ? source[Symbol.iterator]() : source[Symbol.asyncIterator]()
  let step: IteratorResult<Uint8Array>
  try {
    step = await pieces.next()
  } catch (error) {
    session.log({ level: 'error', event: 'message.unreadable', uid: message.row.uid, error })
    out.text('NIL')
    return
  }
  out.literalHead(left)
  try {
    for (; !step.done; step = await pieces.next()) {
      const piece = step.value.length > left ? step.value.subarray(0, left) : step.value
      left -= piece.length
      const slow = session.pass(withoutNul(session, piece))
      if (slow) await slow
      if (left === 0 || session.link.signal.aborted) break
    }
  } finally {
    await pieces.return?.()
  }
  if (left > 0) {
    session.link.abort(`the store gave ${left} octets less than the message has`)
  }
}
