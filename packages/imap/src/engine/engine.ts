/**
 * The server's side of one IMAP connection without its socket: octets in, events out; responses in, octets out.
 * `states.ts` has the states. This file finds where commands, literals and lines end; what they mean is not its matter.
 */
import {
  ByteWindow,
  type Engine,
  fromLatin1,
  NEED_DATA,
  type NeedData,
  PAUSED,
  type Paused,
  ProtocolUsageError,
} from '@posthouse/wire'
import { type Announcement, argumentsBefore, readAnnouncement } from './announcement.js'
import { type CommandHead, readHead, readTag } from './command-head.js'
import type { CommandText, ImapEvent, ImapReply } from './events.js'
import { HeldText } from './held-text.js'
import type { ImapLimits } from './limits.js'
import { Skip } from './skip.js'
import type { ReadingState } from './states.js'

/** What a connection waits for: a new command, the rest of one that has begun, or the octets of a message. */
export type Awaited = 'command' | 'rest' | 'message'

/** How an engine is set up. */
export interface ImapEngineOptions {
  readonly limits: ImapLimits
  /** Arguments before the first message, for commands whose literals are messages (1 for APPEND); else undefined. */
  readonly messageArgument: (name: string) => number | undefined
  /** Told when something else is waited for: for time limits. `octets`: how much of a message is still to come. */
  readonly awaits?: (what: Awaited, octets: number) => void
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
const CONTINUE = fromLatin1('+ OK\r\n')
const TEXT_TOO_LONG = 'Command line too long'

/** Makes the engine of a new connection. */
export function createImapEngine({ limits, messageArgument, awaits }: ImapEngineOptions): ImapEngine {
  const window = new ByteWindow()
  const held = new HeldText()
  const skip = new Skip()
  let state: ReadingState = 'command'
  let authenticated = false
  let output: Uint8Array[] = []
  /** Octets of the literal or message in progress that have not come. */
  let left = 0
  let current: Extract<CommandHead, { type: 'head' }> | null = null
  let announced: Announcement | null = null
  /** What is read when the refusal in progress is answered. */
  let afterAnswer: ReadingState = 'command'
  let awaited: Awaited = 'command'

  const lineLimit = (): number => (authenticated ? limits.line : limits.loginLine)
  const skipLimit = (): number => (authenticated ? limits.skipped : limits.loginSkipped)

  /** Forgets the command in progress. */
  function reset(): void {
    held.clear()
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
    const step = read()
    if (step === NEED_DATA) waitFor(expected())
    else if (awaited !== 'command' && step.type !== 'message-bytes' && step.type !== 'literal-end') waitFor('command')
    return step
  }

  function expected(): Awaited {
    if (state === 'message') return 'message'
    const fresh = (state === 'command' || state === 'line') && held.length === 0 && window.length === 0
    return fresh || state === 'closed' ? 'command' : 'rest'
  }

  function waitFor(what: Awaited): void {
    if (what === awaited) return
    awaited = what
    awaits?.(what, what === 'message' ? left : 0)
  }

  function read(): ImapEvent | NeedData | Paused {
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
      case 'skip':
        return skipOn()
      case 'closed':
        window.clear()
        return NEED_DATA
      default:
        return PAUSED
    }
  }

  /** A line of a command, or of what stands behind a message. */
  function readText(): ImapEvent | NeedData | Paused {
    const room = lineLimit() - held.textLength
    const length = window.lineLength(room)
    if (length === -1) {
      if (window.length < room) return NEED_DATA
      const tag = current?.tag ?? readTag(window.view().subarray(0, room))
      skip.begin(0)
      return refuse(tag, TEXT_TOO_LONG, 'skip')
    }
    const line = window.take(length)
    const text = line.subarray(0, length - 2)
    if (length < 2 || line[length - 2] !== CR) return refuse(current?.tag ?? readTag(line), 'Lines end with CRLF')
    const literal = readAnnouncement(text)
    const first = held.length === 0 && state === 'command'
    if (!first || literal) held.add(line)
    const whole = first && !literal ? line : held.bytes
    if (!current) {
      const head = readHead(text)
      if (head.type === 'refused')
        return literal ? refuseLiteral(head.tag, head.text, literal) : refuse(head.tag, head.text)
      current = head
    }
    return literal ? announce(literal, whole) : complete(whole)
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
    if (++held.literals > count || held.literalOctets + literal.size > limits.literalTotal) {
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
    skip.begin(literal.size)
    return refuse(tag, reason, 'skip')
  }

  function readLiteral(): ImapEvent | NeedData | Paused {
    const piece = window.take(Math.min(left, window.length))
    held.add(piece)
    left -= piece.length
    held.literalOctets += piece.length
    if (left > 0) return NEED_DATA
    state = 'command'
    return readText()
  }

  function readMessage(): ImapEvent | NeedData {
    if (left === 0) {
      state = 'tail'
      held.restart()
      if (current) current = { ...current, at: 0 }
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
      afterAnswer = 'skip'
      skip.begin(0)
      return { type: 'line', line: null }
    }
    const line = window.take(length)
    state = 'answer'
    afterAnswer = 'command'
    return { type: 'line', line: line.subarray(0, length - (line[length - 2] === CR ? 2 : 1)) }
  }

  function skipOn(): ImapEvent | NeedData | Paused {
    switch (skip.run(window, skipLimit())) {
      case 'more':
        return NEED_DATA
      case 'done':
        state = 'command'
        return read()
      case 'literal-too-large':
        return refuse(null, 'Literal too large', 'closed')
      case 'line-too-long':
        return refuse(null, TEXT_TOO_LONG, 'closed')
    }
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
        state = afterAnswer === 'skip' ? 'skip' : 'line'
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
    if (literal.sync) {
      state = 'command'
    } else if (literal.size > skipLimit()) {
      state = 'closed'
    } else {
      skip.begin(literal.size)
      state = 'skip'
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
