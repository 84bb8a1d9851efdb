/** Scripted faults of POP3, and its dialogue for the transcript. */
import type { Pop3Event } from '@posthouse/pop3'
import { pop3Transcript } from '../dialogue/pop3.js'
import type { SessionBook } from '../sessions.js'
import type { Dialect, Dialogue } from './dialect.js'
import { userOfResponse } from './login-name.js'

type CommandEvent = Extract<Pop3Event, { type: 'command' }>

const LOGIN = new Set(['PASS', 'AUTH', 'APOP'])

/** Who logs in; `''` when the command does not say it. */
function userOf({ keyword, words }: CommandEvent['command'], user: string): string {
  if (keyword === 'PASS') return user
  return keyword === 'APOP' ? (words[0] ?? '') : userOfResponse(words[0] ?? '', words[1])
}

export function pop3Dialect(sessions: SessionBook): Dialect {
  return {
    protocol: 'pop3',
    types: new Set(['line', 'delay', 'stall', 'raw', 'drop', 'throttle', 'run', 'fail-handshake'] as const),
    greets: true,
    dialogue({ id }): Dialogue {
      const transcript = pop3Transcript((dir, line) => sessions.said(id, dir, line))
      /** What USER said: PASS is for them. */
      let user = ''
      return {
        step(event) {
          const { type, command } = event as CommandEvent
          if (type !== 'command') return null
          const { keyword, argument } = command
          if (LOGIN.has(keyword)) return { name: 'login', argument: userOf(command, user) }
          return { name: keyword.toLowerCase(), argument }
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
        heard(event) {
          const { type, command } = event as CommandEvent
          if (type === 'command' && command.keyword === 'USER') user = command.argument
          transcript.heard(event)
        },
        wrote: transcript.wrote,
      }
    },
  }
}
