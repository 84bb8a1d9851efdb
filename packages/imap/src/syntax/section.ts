/** Sections of a message in FETCH (RFC 9051 §6.4.5): `BODY[1.2.HEADER.FIELDS (FROM)]<0.100>`. */
import { latin1 } from '@posthouse/wire'
import type { Cursor } from './cursor.js'

/** What stands between the brackets. */
export interface Section {
  readonly path: readonly number[]
  readonly text: 'HEADER' | 'TEXT' | 'MIME' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | null
  /** Field names as the client wrote them. */
  readonly fields: readonly string[]
}

/** `<origin.size>`. */
export interface Partial {
  readonly origin: number
  readonly size: number
}

/** Part numbers within each other; real messages have few. */
const MAX_PATH = 100

/** Reads `[...]`. */
export function parseSection(cursor: Cursor): Section {
  cursor.expect('[')
  const path: number[] = []
  let text: Section['text'] = null
  const fields: string[] = []
  while (!cursor.take(']')) {
    const code = cursor.peek()
    if (code >= 49 && code <= 57) {
      path.push(cursor.nzNumber('Part number'))
      if (path.length > MAX_PATH) cursor.fail('Too many part numbers')
      // RFC 9051 §9, section-spec: behind a dot stands another part of it.
      if (cursor.take('.') === (cursor.peek() === 93)) cursor.fail('"." or "]" expected')
      continue
    }
    text = sectionText(cursor, path)
    if (text === 'HEADER.FIELDS' || text === 'HEADER.FIELDS.NOT') {
      cursor.space()
      cursor.list(() => fields.push(latin1(cursor.astring('Field name'))))
      if (fields.length === 0) cursor.fail('Field name expected')
    }
    cursor.expect(']')
    break
  }
  return { path, text, fields }
}

function sectionText(cursor: Cursor, path: readonly number[]): NonNullable<Section['text']> {
  const name = cursor.itemName()
  switch (name) {
    case 'HEADER':
    case 'TEXT':
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      return name
    case 'MIME':
      if (path.length > 0) return name
  }
  return cursor.fail(`${name} is no section`)
}

/** Reads `<0.100>` if it is there. */
export function parsePartial(cursor: Cursor): Partial | null {
  if (!cursor.take('<')) return null
  const origin = cursor.number('Origin')
  cursor.expect('.')
  const size = cursor.nzNumber('Size')
  cursor.expect('>')
  return { origin, size }
}
