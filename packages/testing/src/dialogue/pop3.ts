/** What is written down of a POP3 dialogue: lines, with passwords and the octets of messages left out. */
import type { Pop3Event } from '@posthouse/pop3'
import { createLineReader, type Say, SHOWN, type Transcript } from './transcript.js'

/** Commands whose arguments are no secrets. */
const KNOWN = new Set(['USER', 'CAPA', 'STLS', 'STAT', 'LIST', 'UIDL', 'RETR', 'TOP', 'DELE', 'RSET', 'NOOP', 'QUIT'])
for (const keyword of ['UTF8', 'LANG', 'LAST']) KNOWN.add(keyword)

export function pop3Transcript(say: Say): Transcript {
  /** A client that does not wait may send its password where no challenge came. */
  let authSeen = false
  /** The client has asked for a message. */
  let sends = false
  /** Octets of the message that is being sent. */
  let message: number | null = null

  function shown({ keyword, argument, words }: Extract<Pop3Event, { type: 'command' }>['command']): string {
    if (keyword === 'AUTH') {
      authSeen = true
      return words.length > 1 ? `AUTH ${words[0]} ***` : `AUTH ${argument}`.trim()
    }
    if (keyword === 'PASS') return 'PASS ***'
    if (keyword === 'APOP') return `APOP ${words[0] ?? ''} ***`
    if (authSeen && !KNOWN.has(keyword)) return '***'
    return `${keyword} ${argument}`.trim().slice(0, SHOWN)
  }

  function heard(event: Pop3Event): void {
    switch (event.type) {
      case 'command':
        sends = event.command.keyword === 'RETR' || event.command.keyword === 'TOP'
        return say('C', shown(event.command))
      case 'auth-response':
        return say('C', '***')
      case 'auth-cancelled':
        return say('C', '*')
      case 'line-too-long':
      case 'violation':
        return say('C', '(no command)')
    }
  }

  const wrote = createLineReader(({ text, octets }) => {
    if (message === null) {
      say('S', text.slice(0, SHOWN))
      if (sends && text.startsWith('+OK')) message = 0
      sends = false
    } else if (text === '.') {
      say('S', `(${message} octets)`)
      say('S', '.')
      message = null
    } else message += octets
    return 0
  })

  return { heard: (event) => heard(event as Pop3Event), wrote }
}
