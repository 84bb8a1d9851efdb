/** BINARY (RFC 3516, RFC 9051 §6.4.5): parts without their Content-Transfer-Encoding. */
import { createTransferDecoder, transferEncoding } from '@posthouse/mime/body'
import { type Partial, parsePartial, parseSection, type Section } from '../../syntax/section.js'
import { no, Refusal } from '../../syntax/status.js'
import type { ResponseWriter } from '../../syntax/writer.js'
import type { FetchItem, ImapExtension } from '../extension.js'
import { headerOctets, sectionNeeds, writeSectionName } from '../fetch/body.js'
import type { FetchedMessage } from '../fetch/message.js'
import type { ImapSession } from '../session.js'

/** RFC 3516 §7 has part numbers only; Dovecot takes all that BODY takes, and so do its clients' tests: so do we. */
interface BinaryArgs {
  readonly section: Section
  readonly partial: Partial | null
}

/** Gives the octets of a section piece by piece, as often as it is called. */
type Open = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** The decoded octets of a section; `null` when there is no such part. */
async function decoded(message: FetchedMessage, section: Section): Promise<Open | null> {
  const { path, text } = section
  if (text === null) return path.length === 0 ? () => message.pieces(0, message.row.size) : part(message, path)
  if (text === 'TEXT') return body(message, path)
  const octets = await headerOctets(message, section)
  return octets && (() => [octets])
}

async function part(message: FetchedMessage, path: readonly number[]): Promise<Open | null> {
  const found = (await message.summary()).part(path)
  if (!found) return null
  const encoding = transferEncoding(found.encoding)
  // RFC 9051 §7.1, UNKNOWN-CTE.
  if (encoding === 'unknown') throw new Refusal(no('The encoding of the part is not known', 'UNKNOWN-CTE'))
  const shift = message.prefix.length
  return async function* () {
    const decoder = createTransferDecoder(encoding)
    for await (const piece of message.pieces(found.start + shift, found.end + shift)) yield decoder.write(piece)
    yield decoder.end()
  }
}

/** An encoding that is not known, while there is time to say so. @throws Refusal */
async function requireKnown(message: FetchedMessage, section: Section): Promise<void> {
  const encoded = section.text === null ? section.path.length > 0 : section.text === 'TEXT'
  if (encoded) await decoded(message, section)
}

/** What stands below a message's header: the one part that it is, or as it stands when it has several. */
async function body(message: FetchedMessage, path: readonly number[]): Promise<Open | null> {
  const summary = await message.summary()
  const range = summary.section(path, 'TEXT')
  if (!range) return null
  const only = summary.part([...path, 1])
  if (only && only.start === range.start && only.end === range.end) return part(message, [...path, 1])
  const shift = message.prefix.length
  return () => message.pieces(range.start + shift, range.end + shift)
}

interface Measured {
  readonly size: number
  /** There is a NUL among the octets that are told. */
  readonly binary: boolean
}

/** Octets of a part when it is decoded: only decoding tells, so it is done twice rather than kept in memory. */
async function measure(session: ImapSession, open: Open, partial: Partial | null): Promise<Measured> {
  const from = partial?.origin ?? 0
  const to = partial ? from + partial.size : Number.POSITIVE_INFINITY
  let size = 0
  let binary = false
  for await (const piece of open()) {
    if (!binary) binary = piece.subarray(Math.max(from - size, 0), Math.max(to - size, 0)).includes(0)
    size += piece.length
    const turn = session.pause()
    if (turn) await turn
    if (session.link.signal.aborted) break
  }
  return { size, binary }
}

async function writeBinary(
  out: ResponseWriter,
  message: FetchedMessage,
  { section, partial }: BinaryArgs,
  session: ImapSession,
): Promise<void> {
  const open = await decoded(message, section)
  const { size, binary } = open ? await measure(session, open, partial) : { size: 0, binary: false }
  writeSectionName(out, section, partial, 'BINARY')
  if (!open) {
    out.text('NIL')
    return
  }
  const start = partial ? Math.min(partial.origin, size) : 0
  const end = partial ? Math.min(size, start + partial.size) : size
  // RFC 3516 §4.3: a literal8 only where there is a NUL.
  out.literalHead(end - start, binary)
  let at = 0
  for await (const piece of open()) {
    const from = Math.max(start - at, 0)
    const to = Math.min(end - at, piece.length)
    if (from < to) out.octets(piece.subarray(from, to))
    at += piece.length
    const slow = session.flushMuch()
    if (slow) await slow
    if (at >= end || session.link.signal.aborted) break
  }
}

const binaryItem = (name: 'BINARY' | 'BINARY.PEEK'): FetchItem<BinaryArgs> => ({
  name,
  parse: (cursor) => ({ section: parseSection(cursor), partial: parsePartial(cursor) }),
  needs: ({ section }) => sectionNeeds(section),
  seen: () => name === 'BINARY',
  check: (message, { section }) => requireKnown(message, section),
  write: writeBinary,
})

const binarySize: FetchItem<Section> = {
  name: 'BINARY.SIZE',
  parse: (cursor) => parseSection(cursor),
  needs: sectionNeeds,
  check: requireKnown,
  async write(out, message, section, session) {
    const open = await decoded(message, section)
    writeSectionName(out, section, null, 'BINARY.SIZE')
    out.text(String(open ? (await measure(session, open, null)).size : 0))
  },
}

/** BINARY (RFC 3516). */
export const binary: ImapExtension = {
  name: 'BINARY',
  capabilities: ['BINARY'],
  fetchItems: [binaryItem('BINARY'), binaryItem('BINARY.PEEK'), binarySize] as readonly FetchItem[],
}
