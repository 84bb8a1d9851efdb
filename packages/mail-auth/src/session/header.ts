/** The header of a message that has come in. */
import {
  type FieldTable,
  fieldEnd,
  fieldName,
  fieldStart,
  foldedValue,
  isGroup,
  parseAddressList,
  scanFields,
} from '@posthouse/mime/header'
import type { ReceivedMessage } from '@posthouse/smtp'
import { concat } from '@posthouse/wire'
import { MailAuthError } from '../errors.js'

/** A header field: its name in lower case, its value still folded, and where it stands in the message. */
export interface Field {
  readonly name: string
  readonly value: string
  readonly start: number
  readonly end: number
}

/**
 * Reads the header of a message.
 * @throws MailAuthError `header-limit`
 */
export async function readHeader(message: ReceivedMessage, limit: number): Promise<readonly Field[]> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of message.read({ start: 0, end: limit })) {
    pieces.push(piece.slice())
    length += piece.length
    // Most headers are in the first piece.
    if (headerEnd(piece) !== -1) break
  }
  if (length === 0) return []
  const octets = concat(pieces)
  const end = headerEnd(octets)
  if (end === -1 && message.size > limit)
    throw new MailAuthError('header-limit', `a header of more than ${limit} octets`)
  const table = scanFields(end === -1 ? octets : octets.subarray(0, end))
  return Array.from({ length: table.count }, (_, i) => fieldOf(table, i))
}

function fieldOf(table: FieldTable, i: number): Field {
  return {
    name: fieldName(table, i).toLowerCase(),
    value: foldedValue(table, i),
    start: fieldStart(table, i),
    end: fieldEnd(table, i),
  }
}

/** Behind the empty line; -1 when it is not there. */
function headerEnd(octets: Uint8Array): number {
  for (let at = octets.indexOf(10); at !== -1; at = octets.indexOf(10, at + 1)) {
    if (octets[at + 1] === 10) return at + 2
    if (octets[at + 1] === 13 && octets[at + 2] === 10) return at + 3
  }
  return -1
}

/** The addresses of all From fields. */
export function fromAddresses(fields: readonly Field[]): readonly string[] {
  return fields
    .filter(({ name }) => name === 'from')
    .flatMap(({ value }) =>
      parseAddressList(value)
        .entries.flatMap((entry) => (isGroup(entry) ? entry.members : [entry]))
        .map(({ mailbox, host }) => `${mailbox}@${host ?? ''}`),
    )
}
