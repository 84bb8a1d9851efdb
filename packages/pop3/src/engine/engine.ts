import {
  ByteWindow,
  type Engine,
  fromUtf8,
  indexOfByte,
  NEED_DATA,
  type NeedData,
  PAUSED,
  type Paused,
  ProtocolUsageError,
} from '@posthouse/wire'
import { parseCommand } from '../syntax/command.js'
import type { Pop3Event, Pop3Reply } from './events.js'
import type { Pop3Limits } from './limits.js'

/**
 * The server's side of one POP3 connection without its socket (RFC 1939).
 *
 * ```
 *   greeting ──▶ command ◀──▶ auth (responses)        command ──▶ sending (a message) ──▶ command
 *                   │
 *                   ├──▶ tls (after STLS)
 *                   └──▶ closed (after QUIT or a violation)
 * ```
 *
 * Which commands the AUTHORIZATION and TRANSACTION states allow is the session's to know; here a line is a line.
 */
type State = 'greeting' | 'command' | 'auth' | 'sending' | 'tls' | 'closed'

/** A POP3 engine, and what its session may tell it. */
export interface Pop3Engine extends Engine<Pop3Event, Pop3Reply> {
  /** An event has not been answered, and nothing of an answer was said. */
  readonly awaitsReply: boolean
  /** A message is being sent: only `octets` and `end` may follow. */
  readonly sending: boolean
  /** The next lines are responses of an authentication, until `leaveAuth`. */
  enterAuth(): void
  leaveAuth(): void
  /** After the reply to STLS: no octet is read any more. */
  expectTls(): void
  /** After the last reply. */
  end(): void
}

const LF = 10
const CR = 13
const ASTERISK = 42
const BARE_LF = 'lines end with CRLF'
const BEHIND_STLS = 'octets behind STLS'

/** One connection without its socket. `upgraded`: TLS has begun, and the greeting was before it. */
export function createPop3Engine(limits: Pop3Limits, upgraded: boolean): Pop3Engine {
  const window = new ByteWindow()
  let state: State = upgraded ? 'command' : 'greeting'
  /** An event waits for its reply. */
  let pending = !upgraded
  /** A line is too long and is being skipped: so many of its octets are gone, and the last of them was a CR. */
  let skipping = false
  let skipped = 0
  let behindCr = false
  let output: Uint8Array[] = []
  let text = ''

  function ask(event: Pop3Event): Pop3Event {
    pending = true
    return event
  }

  function next(): Pop3Event | NeedData | Paused {
    if (pending || state === 'sending') return PAUSED
    if (state === 'closed') {
      window.clear()
      return NEED_DATA
    }
    if (state === 'tls') {
      // What came in clear text is never read as if it were encrypted (RFC 2595 §4). Whether it came together with STLS
      // or behind it makes no difference: STLS is told, and then this.
      return window.length === 0 ? NEED_DATA : ask({ type: 'violation', message: BEHIND_STLS })
    }
    return skipping ? skipLine() : readLine()
  }

  function readLine(): Pop3Event | NeedData {
    const length = window.lineLength(limits.authLine)
    if (length === -1) {
      if (window.length < limits.authLine) return NEED_DATA
      skipping = true
      skipped = 0
      behindCr = false
      return skipLine()
    }
    const whole = window.take(length)
    if (length < 2 || whole[length - 2] !== CR) return ask({ type: 'violation', message: BARE_LF })
    const line = whole.subarray(0, length - 2)
    if (state === 'auth') {
      if (line.length === 1 && line[0] === ASTERISK) return ask({ type: 'auth-cancelled' })
      return ask({ type: 'auth-response', response: line })
    }
    const command = parseCommand(line)
    if (length > limits.commandLine && command?.keyword !== 'AUTH') return ask({ type: 'line-too-long' })
    return ask(command ? { type: 'command', command } : { type: 'not-text' })
  }

  function skipLine(): Pop3Event | NeedData {
    const view = window.view()
    const lf = indexOfByte(view, LF)
    const length = Math.min(lf === -1 ? view.length : lf + 1, limits.skippedLine - skipped)
    const crlf = lf > 0 ? view[lf - 1] === CR : behindCr
    skipped += length
    if (length > 0) behindCr = view[length - 1] === CR
    window.skip(length)
    if (lf !== -1 && lf < length) {
      skipping = false
      return ask(crlf ? { type: 'line-too-long' } : { type: 'violation', message: BARE_LF })
    }
    return skipped < limits.skippedLine ? NEED_DATA : ask({ type: 'violation', message: 'a line without an end' })
  }

  function say(line: string): void {
    // One choke point: whatever a text holds, it stays on its line.
    for (let i = 0; i < line.length; i++) {
      const code = line.charCodeAt(i)
      if (code === CR || code === LF || code === 0) throw new ProtocolUsageError('a reply must not hold CR, LF or NUL')
    }
    text += `${line}\r\n`
  }

  function flushText(): void {
    if (text === '') return
    output.push(fromUtf8(text))
    text = ''
  }

  function send(reply: Pop3Reply): void {
    if (reply.type === 'octets' || reply.type === 'end') {
      if (state !== 'sending') throw new ProtocolUsageError('octets belong behind a start')
      flushText()
      if (reply.type === 'octets') {
        for (const piece of reply.pieces) output.push(piece)
        return
      }
      output.push(reply.octets)
      state = 'command'
      pending = false
      return
    }
    if (!pending) throw new ProtocolUsageError('nothing asked for a reply')
    switch (reply.type) {
      case 'status':
        say(`${reply.ok ? '+OK' : '-ERR'}${reply.code ? ` [${reply.code}]` : ''} ${reply.text}`)
        break
      case 'challenge':
        say(`+ ${reply.data}`)
        break
      case 'lines':
        say(`+OK ${reply.text}`)
        text += `${reply.lines}.\r\n`
        break
      case 'start':
        say(`+OK ${reply.text}`)
        state = 'sending'
        return
    }
    if (state === 'greeting') state = 'command'
    pending = false
  }

  return {
    receive: (chunk) => window.push(chunk),
    release: () => window.release(),
    receiveEnd() {},
    next,
    send,
    get awaitsReply() {
      return pending && state !== 'sending'
    },
    get sending() {
      return state === 'sending'
    },
    enterAuth() {
      state = 'auth'
    },
    leaveAuth() {
      state = 'command'
    },
    expectTls() {
      state = 'tls'
    },
    end() {
      state = 'closed'
      pending = false
    },
    takeOutput() {
      flushText()
      const pieces = output
      output = []
      return pieces
    },
  }
}
