/** Text of messages for search keys: decoded, without case (i;unicode-casemap, RFC 5051), streamed where it is long. */
import { createCharsetDecoder, createTransferDecoder, transferEncoding } from '@posthouse/mime/body'
import { decodeWords, fieldName, fieldValue, scanFields } from '@posthouse/mime/header'
import type { Summary, SummaryPart } from '@posthouse/mime/summary'
import type { FetchedMessage } from '../fetch/message.js'

/** How text is compared. */
export function fold(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return text.normalize('NFKD').toUpperCase()
  }
  return text.toUpperCase()
}

/** Does the field of that name (any case) hold the text? An empty text asks for the field alone. */
export async function headerHas(message: FetchedMessage, name: string, folded: string): Promise<boolean> {
  const header = await message.header()
  const table = scanFields(header)
  const wanted = name.toLowerCase()
  for (let i = 0; i < table.count; i++) {
    if (fieldName(table, i).toLowerCase() !== wanted) continue
    if (folded === '' || fold(decodeWords(fieldValue(table, i)).text).includes(folded)) return true
  }
  return false
}

/** Is the text anywhere in the header? */
export async function anyHeaderHas(message: FetchedMessage, folded: string): Promise<boolean> {
  const table = scanFields(await message.header())
  for (let i = 0; i < table.count; i++) {
    if (fold(`${fieldName(table, i)}: ${decodeWords(fieldValue(table, i)).text}`).includes(folded)) return true
  }
  return false
}

/** Parts that are looked at; beyond it a message is an attack. */
const MAX_PARTS = 1_000

/** The text parts of a message, in order. */
function* textParts(summary: Summary): Generator<SummaryPart> {
  const stack: (readonly number[])[] = [[1]]
  for (let seen = 0; stack.length > 0 && seen < MAX_PARTS; seen++) {
    const path = stack.pop() as readonly number[]
    const part = summary.part(path)
    if (!part) continue
    stack.push([...path.slice(0, -1), path[path.length - 1] + 1])
    if (part.type === 'text') yield part
    else if (part.type === 'multipart' || part.type === 'message') stack.push([...path, 1])
  }
}

/** Is the text in the body, in any of its text parts? */
export async function bodyHas(message: FetchedMessage, folded: string): Promise<boolean> {
  if (folded === '') return true
  const summary = await message.summary()
  for (const part of textParts(summary)) if (await partHas(message, part, folded)) return true
  return false
}

async function partHas(message: FetchedMessage, part: SummaryPart, folded: string): Promise<boolean> {
  const transfer = createTransferDecoder(transferEncoding(part.encoding))
  const charset = createCharsetDecoder(part.charset ?? undefined)
  const shift = message.prefix.length
  // What a match may begin with stays in front of the next piece.
  let rest = ''
  const look = (text: string): boolean => {
    rest += fold(text)
    if (rest.includes(folded)) return true
    rest = folded.length > 1 ? rest.slice(1 - folded.length) : ''
    return false
  }
  for await (const piece of message.pieces(part.start + shift, part.end + shift)) {
    if (look(charset.write(transfer.write(piece)))) return true
  }
  return look(charset.write(transfer.end()) + charset.end())
}
