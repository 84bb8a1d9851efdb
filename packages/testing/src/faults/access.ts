/** Scripted faults of IMAP and POP3: an event is answered by a line in place of the session. */
import type { ImapEvent } from '@posthouse/imap'
import type { Pop3Event } from '@posthouse/pop3'
import { fromUtf8, utf8 } from '@posthouse/wire'
import type { FaultAction } from './script.js'
import type { Dialect } from './wire.js'

const TYPES: readonly FaultAction['type'][] = ['line', 'delay', 'stall', 'drop', 'throttle', 'run']

/** UID commands are the steps of their plain forms; AUTHENTICATE is a login. */
function imapStep(name: string): string {
  const plain = name.startsWith('UID ') ? name.slice(4) : name
  return plain === 'AUTHENTICATE' ? 'login' : plain === 'EXAMINE' ? 'select' : plain.toLowerCase()
}

export const imapDialect: Dialect = {
  protocol: 'imap',
  types: TYPES,
  step(event) {
    const { type, name, bytes, at } = event as Extract<ImapEvent, { type: 'command' }>
    if (type !== 'command' && (type as string) !== 'literal-start') return null
    return { name: imapStep(name), argument: utf8(bytes, at).trim() }
  },
  answer(event, line, engine) {
    if (line.startsWith('BYE')) {
      engine.send({ type: 'untagged', bytes: fromUtf8(`* ${line}\r\n`) })
      return
    }
    engine.send({
      type: 'completion',
      bytes: fromUtf8(`${(event as Extract<ImapEvent, { type: 'command' }>).tag} ${line}\r\n`),
    })
  },
}

const LOGIN = new Set(['PASS', 'AUTH', 'APOP'])

export const pop3Dialect: Dialect = {
  protocol: 'pop3',
  types: TYPES,
  step(event) {
    const { type, command } = event as Extract<Pop3Event, { type: 'command' }>
    if (type !== 'command') return null
    return { name: LOGIN.has(command.keyword) ? 'login' : command.keyword.toLowerCase(), argument: command.argument }
  },
  answer(_event, line, engine) {
    const close = line.startsWith('[') ? line.indexOf(']') : -1
    const code = close > 1 ? line.slice(1, close) : undefined
    const text = (close > 1 ? line.slice(close + 1) : line).trim()
    engine.send({ type: 'status', ok: false, text, ...(code !== undefined && { code }) })
  },
}
