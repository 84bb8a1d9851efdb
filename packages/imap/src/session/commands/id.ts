/** ID (RFC 2971). Any state. */
import { utf8 } from '@posthouse/wire'
import type { Cursor } from '../../syntax/cursor.js'
import { ok } from '../../syntax/status.js'
import type { Command } from '../extension.js'

/** RFC 2971 §3.3. */
const MAX_FIELDS = 30
const MAX_VALUE = 1024

function parse(cursor: Cursor): ReadonlyMap<string, string> {
  const told = new Map<string, string>()
  cursor.space()
  if (cursor.takeWord('NIL')) return told
  let name: string | null = null
  cursor.list(() => {
    if (name === null) {
      name = utf8(cursor.string('Field name')).toLowerCase()
      return
    }
    const value = cursor.nstring('Value or NIL')
    if (value && value.length <= MAX_VALUE && told.size < MAX_FIELDS) told.set(name, utf8(value))
    name = null
  })
  if (name !== null) cursor.fail('Value expected')
  return told
}

export const id: Command<ReadonlyMap<string, string>> = {
  name: 'ID',
  states: ['not-authenticated', 'authenticated', 'selected'],
  parse,
  run(session, told) {
    session.identify(told)
    session.log({ level: 'debug', event: 'client.identified', client: [...told] })
    const { out } = session
    const { identification } = session.server
    if (identification.length === 0) {
      out.line('* ID NIL')
      return ok('ID completed')
    }
    out.text('* ID (')
    for (const [i, [name, value]] of identification.entries()) {
      if (i > 0) out.text(' ')
      out.string(name).text(' ').string(value)
    }
    out.line(')')
    return ok('ID completed')
  },
}
