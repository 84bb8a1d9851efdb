/** What is written down of an IMAP dialogue: lines, with passwords and the octets of messages left out. */
import type { ImapEvent } from '@posthouse/imap'
import { utf8 } from '@posthouse/wire'
import { createLineReader, type Say, SHOWN, type Transcript } from './transcript.js'

export function imapTranscript(say: Say): Transcript {
  /** A client that does not wait may send its password where no challenge came: it is taken for a tag. */
  let authSeen = false
  let secret: string | null = null
  const wrote = createLineReader(({ text }) => {
    const line = secret !== null && text.startsWith(secret) ? `***${text.slice(secret.length)}` : text
    if (line !== '') say('S', line.slice(0, SHOWN))
    return literalSize(text)
  })
  /** The command in progress: its further lines are answers to challenges. */
  let running = ''
  let octets = 0

  function heard(event: ImapEvent): void {
    switch (event.type) {
      case 'command':
      case 'literal-start':
        running = event.name
        authSeen ||= running === 'AUTHENTICATE'
        octets = 0
        return say('C', shownCommand(event.tag, event.name, utf8(event.bytes, event.at)))
      case 'message-bytes':
        octets += event.bytes.length
        return
      case 'literal-end':
        return say('C', `(${octets} octets)`)
      case 'command-end':
        return
      case 'line':
        return say('C', running === 'IDLE' && event.line ? utf8(event.line) : '***')
      case 'refused':
        secret = authSeen ? event.tag : null
        return say('C', authSeen ? '***' : `${event.tag ?? '?'} (no command)`)
    }
  }

  return { heard: (event) => heard(event as ImapEvent), wrote }
}

/** RFC 9051 §6.2.2, §6.2.3: what stands behind LOGIN, and behind the mechanism of AUTHENTICATE, is a secret. */
function shownCommand(tag: string, name: string, rest: string): string {
  const text = rest.trim().split('\r\n').join(' ')
  if (name === 'LOGIN') return `${tag} LOGIN ***`
  if (name === 'AUTHENTICATE') {
    const [mechanism, initial] = text.split(' ')
    return `${tag} ${name} ${mechanism}${initial === undefined ? '' : ' ***'}`
  }
  return `${tag} ${name} ${text}`.trim().slice(0, SHOWN)
}

/** The size that `{310}` at the end of a line announces; 0 when there is none. */
function literalSize(line: string): number {
  if (!line.endsWith('}')) return 0
  const size = Number(line.slice(line.lastIndexOf('{') + 1, -1))
  return Number.isInteger(size) ? size : 0
}
