/**
 * The server's side of one IMAP connection without its socket: octets in, events out; responses in, octets out.
 * `states.ts` has the states. This file finds where commands, literals and lines end; what they mean is not its matter.
 */
import {
  ByteWindow,
  type Engine,
  fromLatin1,
  latin1,
  NEED_DATA,
  type NeedData,
  PAUSED,
  type Paused,
  ProtocolUsageError,
} from '@posthouse/wire'
import { type Announcement, argumentsBefore, readAnnouncement } from './announcement.js'
import type { CommandText, ImapEvent, ImapReply } from './events.js'
import type { ImapLimits } from './limits.js'
import type { ReadingState } from './states.js'

/** How an engine is set up. */
export interface ImapEngineOptions {
  readonly limits: ImapLimits
  /** Arguments before the first message, for commands whose literals are messages (1 for APPEND); else undefined. */
  readonly messageArgument: (name: string) => number | undefined
}

/** An IMAP engine, and what a session may tell it. */
export interface ImapEngine extends Engine<ImapEvent, ImapReply> {
  readonly state: ReadingState
  /** Which limits hold. */
  authenticated: boolean
  /** Reads nothing any more; what was said before is still to be taken by `takeOutput`. */
  close(): void
}

const CR = 13
const LF = 10
const SP = 32
const CONTINUE = fromLatin1('+ OK\r\n')
const NOTHING = new Uint8Array(0)
const TEXT_TOO_LONG = 'Command line too long'

/** Makes the engine of a new connection. */
export function createImapEngine({ limits, messageArgument }: ImapEngineOptions): ImapEngine {
  const window = new ByteWindow()
  let state: ReadingState = 'command'
  let authenticated = false
  let output: Uint8Array[] = []
  /** The command so far, when it is more than one line. */
  let held: Uint8Array = NOTHING
  let heldLength = 0
  /** Octets of `held` that are literals, and how many literals they are. */
  let literalOctets = 0
  let literals = 0
  /** Octets of the literal, message or skip in progress that have not come. */
  let left = 0
  let current: { tag: string; name: string; at: number } | null = null
  let announced: Announcement | null = null
  /** What is read when the refusal in progress is answered. */
  let afterAnswer: ReadingState = 'command'
  let skipped = 0
  /** The last octets of a line that is skipped: its end may announce a literal. */
  let lineEnd: Uint8Array = NOTHING

  const lineLimit = (): number => (authenticated ? limits.line : limits.loginLine)
  const skipLimit = (): number => (authenticated ? limits.skipped : limits.loginSkipped)

  function hold(bytes: Uint8Array): void {
    if (heldLength + bytes.length > held.length) {
      const grown = new Uint8Array(Math.max(1024, (heldLength + bytes.length) * 2))
      grown.set(held.subarray(0, heldLength))
      held = grown
    }
    held.set(bytes, heldLength)
    heldLength += bytes.length
  }

  /** Forgets the command in progress. */
  function reset(): void {
    held = NOTHING
    heldLength = literalOctets = literals = 0
    current = null
    announced = null
  }

  function refuse(tag: string | null, text: string, then: ReadingState = 'command'): ImapEvent {
    reset()
    state = 'answer'
    afterAnswer = then
    return { type: 'refused', tag, text, fatal: then === 'closed' }
  }

  function next(): ImapEvent | NeedData | Paused {
    switch (state) {
      case 'command':
      case 'tail':
        return readText()
      case 'literal':
        return readLiteral()
      case 'message':
        return readMessage()
      case 'line':
        return readLine()
      case 'skip-literal':
        return skipLiteral()
      case 'skip-line':
        return skipLine()
      case 'closed':
        window.clear()
        return NEED_DATA
      default:
        return PAUSED
    }
  }

  /** A line of a command, or of what stands behind a message. */
  function readText(): ImapEvent | NeedData | Paused {
    const room = lineLimit() - (heldLength - literalOctets)
    const length = window.lineLength(room)
    if (length === -1) {
      if (window.length < room) return NEED_DATA
      const tag = current?.tag ?? readTag(window.view().subarray(0, room))
      skipped = 0
      lineEnd = NOTHING
      return refuse(tag, TEXT_TOO_LONG, 'skip-line')
    }
    const line = window.take(length)
    const text = line.subarray(0, length - 2)
    if (length < 2 || line[length - 2] !== CR) return refuse(current?.tag ?? readTag(line), 'Lines end with CRLF')
    const literal = readAnnouncement(text)
    const first = heldLength === 0 && state === 'command'
    if (!first || literal) hold(line)
    const whole = first && !literal ? line : held.subarray(0, heldLength)
    if (!current) {
      const head = readHead(text)
      if (head.type === 'refused')
        return literal ? refuseLiteral(head.tag, head.text, literal) : refuse(head.tag, head.text)
      current = head
    }
    return literal ? announce(literal, whole) : complete(whole)
  }

  /** Tag and name of a command. */
  function readHead(
    line: Uint8Array,
  ): { type: 'head'; tag: string; name: string; at: number } | { type: 'refused'; tag: string | null; text: string } {
    const tag = readTag(line)
    if (tag === null) return { type: 'refused', tag: null, text: 'A command begins with a tag' }
    let at = tag.length + 1
    const word = (): string => {
      at = Math.min(at, line.length)
      const start = at
      while (at < line.length && line[at] !== SP) at++
      return latin1(line, start, at).toUpperCase()
    }
    let name = word()
    if (name === '') return { type: 'refused', tag, text: 'Missing command' }
    if (name === 'UID') {
      at++
      name = `UID ${word()}`
    }
    return { type: 'head', tag, name, at }
  }

  function text(bytes: Uint8Array): CommandText {
    const { tag, name, at } = current as NonNullable<typeof current>
    return { tag, name, bytes, at }
  }

  function complete(bytes: Uint8Array): ImapEvent {
    const command = text(bytes)
    const type = state === 'tail' ? 'command-end' : 'command'
    // RFC 9051 §6.2.1, CVE-2021-33515 and its kin: what came in clear text is never read as if it were encrypted.
    if (window.length > 0 && (command.name === 'STARTTLS' || command.name === 'COMPRESS')) {
      return refuse(command.tag, `Octets behind ${command.name}`, 'closed')
    }
    reset()
    state = 'answer'
    afterAnswer = 'command'
    return { type, ...command }
  }

  function announce(literal: Announcement, bytes: Uint8Array): ImapEvent | NeedData | Paused {
    const { tag, name, at } = current as NonNullable<typeof current>
    const leading = messageArgument(name)
    const message = state === 'tail' || (leading !== undefined && argumentsBefore(bytes, at) >= leading)
    if (message && authenticated) {
      announced = literal
      state = 'announced'
      const { size, sync, binary } = literal
      return { type: 'literal-start', ...text(bytes), size, sync, binary }
    }
    const one = authenticated ? limits.literal : limits.loginLiteral
    const count = authenticated ? limits.literals : limits.loginLiterals
    if (literal.size > one || (!literal.sync && literal.size > limits.nonSyncLiteral)) {
      return refuseLiteral(tag, 'Literal too large', literal)
    }
    if (++literals > count || literalOctets + literal.size > limits.literalTotal) {
      return refuseLiteral(tag, 'Too many literals', literal)
    }
    if (literal.sync) output.push(CONTINUE)
    left = literal.size
    state = 'literal'
    return readLiteral()
  }

  /** A command that ends at a literal: what a client sends without asking is skipped, octet by octet. */
  function refuseLiteral(tag: string | null, reason: string, literal: Announcement): ImapEvent {
    if (literal.sync) return refuse(tag, reason)
    if (literal.size > skipLimit()) return refuse(tag, reason, 'closed')
    left = literal.size
    skipped = 0
    lineEnd = NOTHING
    return refuse(tag, reason, 'skip-literal')
  }

  function readLiteral(): ImapEvent | NeedData | Paused {
    const piece = window.take(Math.min(left, window.length))
    hold(piece)
    left -= piece.length
    literalOctets += piece.length
    if (left > 0) return NEED_DATA
    state = 'command'
    return readText()
  }

  function readMessage(): ImapEvent | NeedData {
    if (left === 0) {
      state = 'tail'
      heldLength = literalOctets = literals = 0
      if (current) current.at = 0
      return { type: 'literal-end' }
    }
    if (window.length === 0) return NEED_DATA
    const bytes = window.take(Math.min(left, window.length))
    left -= bytes.length
    return { type: 'message-bytes', bytes }
  }

  function readLine(): ImapEvent | NeedData {
    const length = window.lineLength(limits.responseLine)
    if (length === -1) {
      if (window.length < limits.responseLine) return NEED_DATA
      state = 'answer'
      afterAnswer = 'skip-line'
      skipped = 0
      lineEnd = NOTHING
      return { type: 'line', line: null }
    }
    const line = window.take(length)
    state = 'answer'
    afterAnswer = 'command'
    return { type: 'line', line: line.subarray(0, length - (line[length - 2] === CR ? 2 : 1)) }
  }

  function skipLiteral(): ImapEvent | NeedData {
    const count = Math.min(left, window.length)
    window.skip(count)
    left -= count
    if (left > 0) return NEED_DATA
    state = 'skip-line'
    lineEnd = NOTHING
    return skipLine()
  }

  function skipLine(): ImapEvent | NeedData {
    const length = window.lineLength(Number.POSITIVE_INFINITY)
    const piece = window.take(length === -1 ? window.length : length)
    skipped += piece.length
    if (skipped > skipLimit()) return refuse(null, TEXT_TOO_LONG, 'closed')
    const tail = new Uint8Array(Math.min(lineEnd.length, 32) + Math.min(piece.length, 32))
    tail.set(lineEnd.subarray(-32))
    tail.set(piece.subarray(-32), Math.min(lineEnd.length, 32))
    lineEnd = tail
    if (length === -1) return NEED_DATA
    // A synchronising literal is not coming: its client has read the refusal instead of a continuation.
    const literal = tail[tail.length - 2] === CR ? readAnnouncement(tail.subarray(0, -2)) : null
    state = 'command'
    if (!literal || literal.sync) return next() as ImapEvent | NeedData
    skipped += literal.size
    if (skipped > skipLimit()) return refuse(null, 'Literal too large', 'closed')
    left = literal.size
    state = 'skip-literal'
    return skipLiteral()
  }

  function send(reply: ImapReply): void {
    switch (reply.type) {
      case 'untagged':
        break
      case 'accept': {
        if (state !== 'announced') throw new ProtocolUsageError('no literal waits to be accepted')
        const literal = announced as Announcement
        if (literal.sync) output.push(CONTINUE)
        left = literal.size
        state = 'message'
        return
      }
      case 'prompt':
        if (state !== 'answer') throw new ProtocolUsageError('no command is in progress')
        state = afterAnswer === 'skip-line' ? 'skip-line' : 'line'
        break
      case 'completion':
        if (state === 'announced') refuseMessage()
        else if (state === 'answer') state = afterAnswer
        else if (state !== 'closed') throw new ProtocolUsageError('no command is in progress')
    }
    if (reply.bytes.length > 0) output.push(reply.bytes)
  }

  function refuseMessage(): void {
    const literal = announced as Announcement
    reset()
    skipped = 0
    if (literal.sync) {
      state = 'command'
    } else if (literal.size > skipLimit()) {
      state = 'closed'
    } else {
      left = literal.size
      state = 'skip-literal'
    }
  }

  return {
    get state() {
      return state
    },
    get authenticated() {
      return authenticated
    },
    set authenticated(value) {
      authenticated = value
    },
    receive: (chunk) => window.push(chunk),
    receiveEnd() {},
    next,
    send,
    takeOutput() {
      const taken = output
      output = []
      return taken
    },
    close() {
      state = 'closed'
    },
  }
}

/** The tag at the beginning of a line, `null` when there is none (RFC 9051 §9, tag). */
function readTag(line: Uint8Array): string | null {
  let at = 0
  for (; at < line.length && at < 256 && line[at] !== SP && line[at] !== CR && line[at] !== LF; at++) {
    const code = line[at]
    // No controls, no 8-bit octets, none of ( ) { % * " \ +
    if (code < 33 || code > 126 || '(){%*"\\+'.includes(String.fromCharCode(code))) return null
  }
  return at > 0 && at < 256 ? latin1(line, 0, at) : null
}
