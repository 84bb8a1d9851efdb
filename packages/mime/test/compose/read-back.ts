import { decodeCharset } from '../../src/body/charset.js'
import { decodeTransfer, transferEncoding } from '../../src/body/transfer.js'
import { fromLatin1, latin1, utf8 } from '../../src/bytes.js'
import {
  decodeWords,
  type FieldTable,
  fieldName,
  fieldValue,
  findField,
  isGroup,
  parameterTexts,
  parseAddressList,
  parseMessageIds,
  parseStructured,
  type RawMailbox,
  scanFields,
} from '../../src/header/index.js'
import { type Entity, indexMessage } from '../../src/structure/index.js'

/** What a reader makes of a message: the counterpart of what composeMessage is told. */
export interface ReadPart {
  type: string
  parameters: Map<string, string>
  encoding: string
  disposition: string | undefined
  filename: string | undefined
  contentId: string | undefined
  /** Fields as text, by name in lower case; the first of each name. */
  fields: Map<string, string>
  /** Decoded octets of a leaf. */
  bytes: Uint8Array
  /** Decoded text of a text part. */
  text: string
  children: ReadPart[]
}

export interface ReadMessage extends ReadPart {
  defects: string[]
  addresses(name: string): unknown[]
  messageIds(name: string): string[]
}

function text(octets: string): string {
  return utf8(fromLatin1(octets))
}

/** Not `trim`: octet A0 is a blank to it. */
function trimBlanks(octets: string): string {
  let start = 0
  let end = octets.length
  while (octets[start] === ' ' || octets[start] === '\t') start++
  while (end > start && (octets[end - 1] === ' ' || octets[end - 1] === '\t')) end--
  return octets.slice(start, end)
}

function valueOfField(table: FieldTable, name: string): string | undefined {
  const index = findField(table, name)
  return index === -1 ? undefined : trimBlanks(fieldValue(table, index))
}

function readPart(message: Uint8Array, entity: Entity): ReadPart {
  const table = scanFields(message, entity.headerStart, entity.bodyStart)
  const fields = new Map<string, string>()
  for (let i = 0; i < table.count; i++) {
    const name = fieldName(table, i).toLowerCase()
    if (!fields.has(name)) fields.set(name, decodeWords(trimBlanks(fieldValue(table, i))).text)
  }
  const type = parseStructured(valueOfField(table, 'content-type') ?? '')
  const disposition = parseStructured(valueOfField(table, 'content-disposition') ?? '')
  const parameters = parameterTexts(type)
  const encoding = valueOfField(table, 'content-transfer-encoding') ?? '7bit'
  const body = message.subarray(entity.bodyStart, entity.bodyEnd)
  const bytes = entity.boundary === null ? decodeTransfer(body, transferEncoding(encoding)) : body
  return {
    type: type.value,
    parameters,
    encoding,
    disposition: disposition.value || undefined,
    filename: parameterTexts(disposition).get('filename'),
    contentId: parseMessageIds(valueOfField(table, 'content-id') ?? '')[0],
    fields,
    bytes,
    text: decodeCharset(bytes, parameters.get('charset')).text,
    children: entity.children.map((child) => readPart(message, child)),
  }
}

function readMailbox({ name, mailbox, host }: RawMailbox) {
  const address = text(`${mailbox}@${host}`)
  return name ? { name: decodeWords(name).text, address } : { address }
}

export function readBack(message: Uint8Array): ReadMessage {
  const { root, defects } = indexMessage(message)
  const table = scanFields(message, root.headerStart, root.bodyStart)
  return {
    ...readPart(message, root),
    defects: defects.map((defect) => defect.code),
    addresses(name) {
      const { entries, malformed } = parseAddressList(valueOfField(table, name) ?? '')
      if (malformed) throw new Error(`malformed: ${valueOfField(table, name)}`)
      return entries.map((entry) =>
        isGroup(entry)
          ? { group: decodeWords(entry.group).text, members: entry.members.map(readMailbox) }
          : readMailbox(entry),
      )
    },
    messageIds: (name) => parseMessageIds(valueOfField(table, name) ?? ''),
  }
}

/** What every message on its way into SMTP must keep to; gives the header block. */
export function checkForm(message: Uint8Array, options: { ascii?: boolean } = {}): string {
  const octets = latin1(message)
  const lines = octets.split('\r\n')
  for (const line of lines) {
    if (line.includes('\r') || line.includes('\n')) throw new Error(`bare CR or LF: ${JSON.stringify(line)}`)
    if (line.length > 998) throw new Error('a line is too long')
  }
  if (lines.at(-1) !== '') throw new Error('the last line has no end')
  const header = octets.slice(0, octets.indexOf('\r\n\r\n') + 2)
  for (let i = 0; i < octets.length && options.ascii !== false; i++) {
    if (octets.charCodeAt(i) > 0x7f || octets[i] === '\0') throw new Error(`octet ${octets.charCodeAt(i)} at ${i}`)
  }
  return header
}
