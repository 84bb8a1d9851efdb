/** What is wrong inside a header block: asked for only by who wants to know. */

import { lowerCase } from '../ascii.js'
import type { CharsetSource } from '../body/charset.js'
import { indexOf } from '../bytes.js'
import { parseAddressList } from '../header/address.js'
import { parseDate } from '../header/date.js'
import {
  type FieldTable,
  fieldEnd,
  fieldName,
  fieldStart,
  fieldValue,
  findField,
  foldedValue,
  isMboxLine,
} from '../header/fields.js'
import { readParameterText } from '../header/parameter-text.js'
import { parseStructured } from '../header/parameters.js'
import { decodeWords } from '../header/words.js'
import { type Defect, type DefectCode, defect } from '../structure/defects.js'

/** RFC 5322 §3.6: at most one of each. */
const SINGLE = [
  'date',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'message-id',
  'in-reply-to',
  'references',
  'subject',
]
const ADDRESSES = ['from', 'sender', 'reply-to', 'to', 'cc', 'bcc']
/** The others of RFC 2045 §3 that decide how a part is shown; of Content-Type and the encoding the index tells. */
const CONTENT = ['content-disposition', 'content-id']
const STRUCTURED = ['content-type', 'content-disposition']

/** The defects of the block; `isMessage` says that it is a message's, not a part's. */
export function headerDefects(table: FieldTable, isMessage: boolean, charsets: CharsetSource | undefined): Defect[] {
  const defects: Defect[] = []
  const add = (code: DefectCode, offset: number) => defects.push(defect(code, offset))
  const { bytes, count } = table
  const end = count === 0 ? 0 : fieldEnd(table, count - 1)
  if (table.malformedAt !== -1) {
    const blank = bytes[table.malformedAt] === 0x20 || bytes[table.malformedAt] === 0x09
    const leading = blank && (count === 0 || table.malformedAt < fieldStart(table, 0))
    add(leading ? 'leading-continuation' : 'malformed-header-line', table.malformedAt)
  }
  if (table.truncated) add('too-many-fields', end)
  if (isMessage && count > 0 && fieldStart(table, 0) > table.start && isMboxLine(bytes, table.start))
    add('mbox-from-line', table.start)
  if (count > 0) {
    const nul = indexOf(bytes.subarray(0, end), 0, fieldStart(table, 0))
    if (nul !== -1) add('nul-octet', nul)
  }
  addTextDefects(table, charsets, add)
  addRepeated(table, CONTENT, add)
  for (const name of STRUCTURED) addParameterDefects(table, name, charsets, add)
  if (isMessage) addMessageDefects(table, add)
  return defects
}

type Add = (code: DefectCode, offset: number) => void

function addTextDefects(table: FieldTable, charsets: CharsetSource | undefined, add: Add): void {
  for (let index = 0; index < table.count; index++) {
    const found = decodeWords(fieldValue(table, index), charsets).defect
    // Content types and the like may look like broken words without being any.
    if (found && (found !== 'malformed-encoded-word' || isUnstructured(table, index))) {
      add(found, fieldStart(table, index))
    }
  }
}

function addParameterDefects(table: FieldTable, name: string, charsets: CharsetSource | undefined, add: Add): void {
  const index = findField(table, name)
  if (index === -1) return
  const { parameters, truncated } = parseStructured(foldedValue(table, index))
  if (truncated) add('too-many-parameters', fieldStart(table, index))
  // Words in the others were met as text.
  const found = parameters.filter((one) => one.extended).map((one) => readParameterText(one, charsets).defect)
  for (const code of new Set(found)) if (code) add(code, fieldStart(table, index))
}

function isUnstructured(table: FieldTable, index: number): boolean {
  const name = lowerCase(fieldName(table, index))
  return name === 'subject' || name === 'comments' || name === 'content-description' || ADDRESSES.includes(name)
}

function addRepeated(table: FieldTable, names: readonly string[], add: Add): void {
  for (const name of names) {
    const first = findField(table, name)
    const second = first === -1 ? -1 : findField(table, name, first + 1)
    if (second !== -1) add('duplicate-field', fieldStart(table, second))
  }
}

function addMessageDefects(table: FieldTable, add: Add): void {
  addRepeated(table, SINGLE, add)
  for (const name of ADDRESSES) {
    for (let index = findField(table, name); index !== -1; index = findField(table, name, index + 1)) {
      if (parseAddressList(foldedValue(table, index)).malformed) add('malformed-address', fieldStart(table, index))
    }
  }
  const date = findField(table, 'date')
  if (date !== -1 && parseDate(foldedValue(table, date)) === null) add('malformed-date', fieldStart(table, date))
}
