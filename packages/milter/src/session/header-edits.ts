/**
 * Changes of a header that a milter asks for. Fields that are not changed keep their octets, and so does all behind
 * the header: signatures stay valid.
 */
import { fieldEnd, fieldName, fieldStart, scanFields } from '@posthouse/mime/header'
import { concat, fromLatin1, latin1 } from '@posthouse/wire'
import type { MilterModification } from '../syntax/index.js'

/** A field as a milter is shown it; a character is an octet. */
export interface ShownField {
  readonly name: string
  /** Folded with LF alone. */
  readonly value: string
}

/** A header block, to be shown and changed. */
export interface HeaderBlock {
  readonly fields: readonly ShownField[]
  /** Where the header ends and what belongs to the body begins: at the empty line, or at a line that is no field. */
  readonly end: number
  /** What stands between the header and the body when it is written anew: `CRLF`, or nothing when it is there. */
  readonly separator: string
  /** False when the change cannot be made: a name that is none, or too much in all. */
  edit(modification: Extract<MilterModification, { type: `${string}-header` }>): boolean
  /** True when something was changed. */
  readonly edited: boolean
  /** The header as it is now, without the empty line. */
  octets(): Uint8Array
}

/** A field; one that was deleted counts on, as it does in Sendmail: milters go by the numbers they were shown. */
interface Entry {
  readonly name: string
  octets: Uint8Array
}

const CR = 13
const LF = 10

/**
 * Reads the header at the start of a message.
 * @param octets The header and the empty line behind it, if there is one; more is not looked at.
 * @param leadingSpace Values are exchanged with the blank behind the colon.
 * @param limit Octets that may be added.
 */
export function readHeaderBlock(octets: Uint8Array, leadingSpace: boolean, limit: number): HeaderBlock {
  const table = scanFields(octets)
  // What is no field ends the header, as it does for other mail servers.
  const within = table.malformedAt === -1 ? octets.length : table.malformedAt
  const entries: Entry[] = []
  const fields: ShownField[] = []
  let end = 0
  for (let i = 0; i < table.count && fieldStart(table, i) < within; i++) {
    const start = fieldStart(table, i)
    end = fieldEnd(table, i)
    const name = fieldName(table, i)
    entries.push({ name: name.toLowerCase(), octets: octets.subarray(start, end) })
    fields.push({ name, value: shownValue(octets, start + name.length, end, leadingSpace) })
  }
  const top = entries.length === 0 ? 0 : fieldStart(table, 0)
  let edited = false
  let added = 0

  /** The octets of a field; `null` when it cannot be written. */
  function write(name: string, value: string): Uint8Array | null {
    const field = writeField(name, value, leadingSpace)
    if (field === null || added + field.length > limit) return null
    added += field.length
    return field
  }

  return {
    fields,
    end,
    get separator() {
      return octets[end] === CR || octets[end] === LF ? '' : '\r\n'
    },
    get edited() {
      return edited
    },
    edit(modification) {
      const { type, name, value } = modification
      const key = name.toLowerCase()
      let at = entries.length
      let replaced = 0
      if (type === 'insert-header') {
        // Number 0 is the server's own Received field, which stands before all of these when the message leaves.
        at = Math.min(Math.max(0, modification.index - 1), entries.length)
      } else if (type === 'change-header') {
        const found = findEntry(entries, key, modification.index)
        if (found !== -1) {
          at = found
          replaced = 1
        }
      }
      const deleted = type === 'change-header' && value === ''
      if (deleted && replaced === 0) return true
      const field = deleted ? new Uint8Array(0) : write(name, value)
      if (field === null) return false
      entries.splice(at, replaced, { name: key, octets: field })
      edited = true
      return true
    },
    octets: () => concat([octets.subarray(0, top), ...entries.flatMap((entry) => withLineEnd(entry.octets))]),
  }
}

/** The last line of a message that came by BDAT may lack its end. */
function withLineEnd(field: Uint8Array): readonly Uint8Array[] {
  return field.length === 0 || field[field.length - 1] === LF ? [field] : [field, Uint8Array.of(CR, LF)]
}

function findEntry(entries: readonly Entry[], name: string, index: number): number {
  let left = Math.max(1, index)
  for (let i = 0; i < entries.length; i++) if (entries[i].name === name && --left === 0) return i
  return -1
}

/** `at` is behind the name. */
function shownValue(octets: Uint8Array, at: number, end: number, leadingSpace: boolean): string {
  let value = latin1(octets, octets.indexOf(58, at) + 1, end).replaceAll('\r\n', '\n')
  if (value.endsWith('\n')) value = value.slice(0, -1)
  return leadingSpace ? value : value.slice(blanks(value))
}

function blanks(value: string): number {
  let count = 0
  while (value[count] === ' ' || value[count] === '\t') count++
  return count
}

/**
 * The one place where a milter's words become a field: nothing gets through that would end it or begin another.
 * `null` when the name is none.
 */
export function writeField(name: string, value: string, leadingSpace: boolean): Uint8Array | null {
  if (name === '' || name.length > 256) return null
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code < 33 || code > 126 || code === 58) return null
  }
  const lines: string[] = []
  for (const line of value.replaceAll('\r\n', '\n').replaceAll('\r', '').replaceAll('\0', '').split('\n')) {
    // A continued line that is empty or has no blank before it would end the header or begin another field.
    if (blanks(line) === line.length && lines.length > 0) continue
    lines.push(lines.length > 0 && blanks(line) === 0 ? `\t${line}` : line)
  }
  return fromLatin1(`${name}:${leadingSpace ? '' : ' '}${lines.join('\r\n')}\r\n`)
}
