/** BINARY (RFC 3516, RFC 9051 §6.4.5): parts without their Content-Transfer-Encoding. */
import { createTransferDecoder, transferEncoding } from '@posthouse/mime/body'
import { type Partial, parseBinarySection, parsePartial } from '../../syntax/section.js'
import { no, Refusal } from '../../syntax/status.js'
import type { ResponseWriter } from '../../syntax/writer.js'
import type { FetchItem, ImapExtension } from '../extension.js'
import type { FetchedMessage } from '../fetch/message.js'
import type { ImapSession } from '../session.js'

interface BinaryArgs {
  readonly path: readonly number[]
  readonly partial: Partial | null
}

/** Gives the decoded octets of a part piece by piece; `null` when there is no such part. */
async function decoded(
  message: FetchedMessage,
  path: readonly number[],
): Promise<(() => AsyncGenerator<Uint8Array>) | null> {
  const summary = await message.summary()
  const shift = message.prefix.length
  if (path.length === 0) return () => whole(message)
  const part = summary.part(path)
  if (!part) return null
  const encoding = transferEncoding(part.encoding)
  // RFC 9051 §7.1, UNKNOWN-CTE.
  if (encoding === 'unknown') throw new Refusal(no('The encoding of the part is not known', 'UNKNOWN-CTE'))
  return async function* () {
    const decoder = createTransferDecoder(encoding)
    for await (const piece of message.pieces(part.start + shift, part.end + shift)) yield decoder.write(piece)
    yield decoder.end()
  }
}

async function* whole(message: FetchedMessage): AsyncGenerator<Uint8Array> {
  yield* message.pieces(0, message.row.size)
}

interface Measured {
  readonly size: number
  /** There is a NUL among the octets that are told. */
  readonly binary: boolean
}

/** Octets of a part when it is decoded: only decoding tells, so it is done twice rather than kept in memory. */
async function measure(open: () => AsyncGenerator<Uint8Array>, partial: Partial | null): Promise<Measured> {
  const from = partial?.origin ?? 0
  const to = partial ? from + partial.size : Number.POSITIVE_INFINITY
  let size = 0
  let binary = false
  for await (const piece of open()) {
    if (!binary) binary = piece.subarray(Math.max(from - size, 0), Math.max(to - size, 0)).includes(0)
    size += piece.length
  }
  return { size, binary }
}

async function writeBinary(
  out: ResponseWriter,
  message: FetchedMessage,
  { path, partial }: BinaryArgs,
  session: ImapSession,
): Promise<void> {
  const open = await decoded(message, path)
  const { size, binary } = open ? await measure(open, partial) : { size: 0, binary: false }
  out.text(`BINARY[${path.join('.')}]${partial ? `<${partial.origin}>` : ''} `)
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
    if (at >= end) break
  }
}

const binaryItem = (name: 'BINARY' | 'BINARY.PEEK'): FetchItem<BinaryArgs> => ({
  name,
  parse: (cursor) => ({ path: parseBinarySection(cursor), partial: parsePartial(cursor) }),
  needs: () => ['summary', 'inline'],
  seen: () => name === 'BINARY',
  write: writeBinary,
})

const binarySize: FetchItem<readonly number[]> = {
  name: 'BINARY.SIZE',
  parse: (cursor) => parseBinarySection(cursor),
  needs: () => ['summary', 'inline'],
  async write(out, message, path) {
    const open = await decoded(message, path)
    out.text(`BINARY.SIZE[${path.join('.')}] ${open ? (await measure(open, null)).size : 0}`)
  },
}

export const binary: ImapExtension = {
  name: 'BINARY',
  capabilities: ['BINARY'],
  fetchItems: [binaryItem('BINARY'), binaryItem('BINARY.PEEK'), binarySize] as readonly FetchItem[],
}
