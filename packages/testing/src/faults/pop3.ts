/** Scripted faults of POP3, and its dialogue for the transcript. */
import type { Pop3Event } from '@posthouse/pop3'
import { pop3Transcript } from '../dialogue/pop3.js'
import type { SessionBook } from '../sessions.js'
import type { Dialect } from './wire.js'

const LOGIN = new Set(['PASS', 'AUTH', 'APOP'])

export function pop3Dialect(sessions: SessionBook): Dialect {
  return {
    protocol: 'pop3',
    types: new Set(['line', 'delay', 'stall', 'raw', 'drop', 'throttle', 'run', 'fail-handshake'] as const),
    greets: true,
    dialogue: ({ id }) => ({
      step(event) {
        const { type, command } = event as Extract<Pop3Event, { type: 'command' }>
        if (type !== 'command') return null
        return {
          name: LOGIN.has(command.keyword) ? 'login' : command.keyword.toLowerCase(),
          argument: command.argument,
        }
      },
      answer(event, action, engine) {
        if (action.type !== 'line') return false
        const { line } = action
        const close = line.startsWith('[') ? line.indexOf(']') : -1
        const text = (close > 1 ? line.slice(close + 1) : line).trim()
        engine.send({ type: 'status', ok: false, text, ...(close > 1 && { code: line.slice(1, close) }) })
        return event === null
      },
      readyForTls: () => '+OK Begin TLS',
      ...pop3Transcript((dir, line) => sessions.said(id, dir, line)),
    }),
  }
}
