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
import { type Announcement, argumentsBefore, readAnnouncement, withoutEnd } from './announcement.js'
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
  /** Is there such a command? What is none ends at its first literal (RFC 9051 §7.6). Default: all are. */
  readonly isCommand?: (name: string) => boolean
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

type Head = Extract<CommandHead, { type: 'head' }>

const CR = 13
const CONTINUE = fromLatin1('+ OK\r\n')
const TEXT_TOO_LONG = 'Command line too long'
const NO_CRLF = 'Lines end with CRLF'

/** Makes the engine of a new connection. */
export function createImapEngine(options: ImapEngineOptions): ImapEngine {
  return new ConnectionEngine(options)
}

/** A class, because every idle connection has one: as closures it takes 3 KB more. */
class ConnectionEngine implements ImapEngine {
  readonly #limits: ImapLimits
  readonly #messageArgument: ImapEngineOptions['messageArgument']
  readonly #isCommand: ImapEngineOptions['isCommand']
  readonly #awaits: ImapEngineOptions['awaits']
  readonly #window = new ByteWindow()
  readonly #held = new HeldText()
  readonly #skip = new Skip()
  #state: ReadingState = 'command'
  authenticated = false
  #output: Uint8Array[] = []
  unsent = 0
  /** Octets of the literal or message in progress that have not come. */
  #left = 0
  #current: Head | null = null
  #announced: Announcement | null = null
  /** What is read when the refusal in progress is answered. */
  #afterAnswer: ReadingState = 'command'
  #awaited: Awaited = 'command'

  constructor({ limits, messageArgument, isCommand, awaits }: ImapEngineOptions) {
    this.#limits = limits
    this.#messageArgument = messageArgument
    this.#isCommand = isCommand
    this.#awaits = awaits
  }

  get state(): ReadingState {
    return this.#state
  }

  receive(chunk: Uint8Array): void {
    this.#window.push(chunk)
  }

  release(): void {
    this.#window.release()
  }

  receiveEnd(): void {}

  takeOutput(): Uint8Array[] {
    const taken = this.#output
    this.#output = []
    this.unsent = 0
    return taken
  }

  close(): void {
    this.#state = 'closed'
  }

  #lineLimit(): number {
    return this.authenticated ? this.#limits.line : this.#limits.loginLine
  }

  #skipLimit(): number {
    return this.authenticated ? this.#limits.skipped : this.#limits.loginSkipped
  }

  /** Forgets the command in progress. */
  #reset(): void {
    this.#held.clear()
    this.#current = null
    this.#announced = null
  }

  #refuse(tag: string | null, text: string, then: ReadingState = 'command'): ImapEvent {
    this.#reset()
    this.#state = 'answer'
    this.#afterAnswer = then
    return { type: 'refused', tag, text, fatal: then === 'closed' }
  }

  next(): ImapEvent | NeedData | Paused {
    const step = this.#read()
    if (step === NEED_DATA) this.#waitFor(this.#expected())
    else if (this.#awaited !== 'command' && step.type !== 'message-bytes' && step.type !== 'literal-end')
      this.#waitFor('command')
    return step
  }

  #expected(): Awaited {
    if (this.#state === 'message') return 'message'
    const fresh =
      (this.#state === 'command' || this.#state === 'line') && this.#held.length === 0 && this.#window.length === 0
    return fresh || this.#state === 'closed' ? 'command' : 'rest'
  }

  #waitFor(what: Awaited): void {
    if (what === this.#awaited) return
    this.#awaited = what
    this.#awaits?.(what, what === 'message' ? this.#left : 0)
  }

  #read(): ImapEvent | NeedData | Paused {
    switch (this.#state) {
      case 'command':
      case 'tail':
        return this.#readText()
      case 'literal':
        return this.#readLiteral()
      case 'message':
        return this.#readMessage()
      case 'line':
        return this.#readLine()
      case 'skip':
        return this.#skipOn()
      case 'closed':
        this.#window.clear()
        return NEED_DATA
      default:
        return PAUSED
    }
  }

  /** A line of a command, or of what stands behind a message. */
  #readText(): ImapEvent | NeedData | Paused {
    const room = this.#lineLimit() - this.#held.textLength
    const length = this.#window.lineLength(room)
    if (length === -1) {
      if (this.#window.length < room) return NEED_DATA
      const tag = this.#current?.tag ?? readTag(this.#window.view().subarray(0, room))
      this.#skip.begin(0)
      return this.#refuse(tag, TEXT_TOO_LONG, 'skip')
    }
    const line = this.#window.take(length)
    const text = withoutEnd(line)
    const literal = readAnnouncement(text)
    if (length < 2 || line[length - 2] !== CR) {
      const tag = this.#current?.tag ?? readTag(line)
      return literal ? this.#refuseLiteral(tag, NO_CRLF, literal) : this.#refuse(tag, NO_CRLF)
    }
    const first = this.#held.length === 0 && this.#state === 'command'
    if (!first || literal) this.#held.add(line)
    const whole = first && !literal ? line : this.#held.bytes
    if (!this.#current) {
      const head = readHead(text)
      if (head.type === 'refused')
        return literal ? this.#refuseLiteral(head.tag, head.text, literal) : this.#refuse(head.tag, head.text)
      this.#current = head
    }
    return literal ? this.#announce(literal, whole) : this.#complete(whole)
  }

  #text(bytes: Uint8Array): CommandText {
    const { tag, name, at } = this.#current as Head
    return { tag, name, bytes, at }
  }

  #complete(bytes: Uint8Array): ImapEvent {
    const command = this.#text(bytes)
    const type = this.#state === 'tail' ? 'command-end' : 'command'
    // RFC 9051 §6.2.1, CVE-2021-33515 and its kin: what came in clear text is never read as if it were encrypted.
    if (this.#window.length > 0 && (command.name === 'STARTTLS' || command.name === 'COMPRESS')) {
      return this.#refuse(command.tag, `Octets behind ${command.name}`, 'closed')
    }
    this.#reset()
    this.#state = 'answer'
    this.#afterAnswer = 'command'
    return { type, ...command }
  }

  #announce(literal: Announcement, bytes: Uint8Array): ImapEvent | NeedData | Paused {
    const { tag, name, at } = this.#current as Head
    if (this.#isCommand?.(name) === false) return this.#refuseLiteral(tag, 'Unknown command', literal)
    const leading = this.#messageArgument(name)
    const message = this.#state === 'tail' || (leading !== undefined && argumentsBefore(bytes, at) >= leading)
    if (message && this.authenticated) {
      this.#announced = literal
      this.#state = 'announced'
      const { size, sync, binary } = literal
      return { type: 'literal-start', ...this.#text(bytes), size, sync, binary }
    }
    const one = this.authenticated ? this.#limits.literal : this.#limits.loginLiteral
    const count = this.authenticated ? this.#limits.literals : this.#limits.loginLiterals
    if (literal.size > one || (!literal.sync && literal.size > this.#limits.nonSyncLiteral)) {
      return this.#refuseLiteral(tag, 'Literal too large', literal)
    }
    if (++this.#held.literals > count || this.#held.literalOctets + literal.size > this.#limits.literalTotal) {
      return this.#refuseLiteral(tag, 'Too many literals', literal)
    }
    if (literal.sync) this.#output.push(CONTINUE)
    this.#left = literal.size
    this.#state = 'literal'
    return this.#readLiteral()
  }

  /** A command that ends at a literal: what a client sends without asking is skipped, octet by octet. */
  #refuseLiteral(tag: string | null, reason: string, literal: Announcement): ImapEvent {
    if (literal.sync) return this.#refuse(tag, reason)
    if (literal.size > this.#skipLimit()) return this.#refuse(tag, reason, 'closed')
    this.#skip.begin(literal.size)
    return this.#refuse(tag, reason, 'skip')
  }

  #readLiteral(): ImapEvent | NeedData | Paused {
    const piece = this.#window.take(Math.min(this.#left, this.#window.length))
    this.#held.add(piece)
    this.#left -= piece.length
    this.#held.literalOctets += piece.length
    if (this.#left > 0) return NEED_DATA
    this.#state = 'command'
    return this.#readText()
  }

  #readMessage(): ImapEvent | NeedData {
    if (this.#left === 0) {
      this.#state = 'tail'
      this.#held.restart()
      if (this.#current) this.#current = { ...this.#current, at: 0 }
      return { type: 'literal-end' }
    }
    if (this.#window.length === 0) return NEED_DATA
    const bytes = this.#window.take(Math.min(this.#left, this.#window.length))
    this.#left -= bytes.length
    return { type: 'message-bytes', bytes }
  }

  #readLine(): ImapEvent | NeedData {
    const length = this.#window.lineLength(this.#limits.responseLine)
    if (length === -1) {
      if (this.#window.length < this.#limits.responseLine) return NEED_DATA
      this.#state = 'answer'
      this.#afterAnswer = 'skip'
      this.#skip.begin(0)
      return { type: 'line', line: null }
    }
    const line = this.#window.take(length)
    this.#state = 'answer'
    this.#afterAnswer = 'command'
    return { type: 'line', line: withoutEnd(line) }
  }

  #skipOn(): ImapEvent | NeedData | Paused {
    switch (this.#skip.run(this.#window, this.#skipLimit())) {
      case 'more':
        return NEED_DATA
      case 'done':
        this.#state = 'command'
        return this.#read()
      case 'literal-too-large':
        return this.#refuse(null, 'Literal too large', 'closed')
      case 'line-too-long':
        return this.#refuse(null, TEXT_TOO_LONG, 'closed')
    }
  }

  send(reply: ImapReply): void {
    switch (reply.type) {
      case 'untagged':
        break
      case 'accept': {
        // The server stops while the session thinks about it: nothing more is asked of the client.
        if (this.#state === 'closed') return
        if (this.#state !== 'announced') throw new ProtocolUsageError('no literal waits to be accepted')
        const literal = this.#announced as Announcement
        if (literal.sync) this.#output.push(CONTINUE)
        this.#left = literal.size
        this.#state = 'message'
        return
      }
      case 'prompt':
        if (this.#state === 'closed') return
        if (this.#state !== 'answer') throw new ProtocolUsageError('no command is in progress')
        this.#state = this.#afterAnswer === 'skip' ? 'skip' : 'line'
        break
      case 'completion':
        if (this.#state === 'announced') this.#refuseMessage()
        else if (this.#state === 'answer') this.#state = this.#afterAnswer
        else if (this.#state !== 'closed') throw new ProtocolUsageError('no command is in progress')
    }
    if (reply.bytes.length > 0) this.#output.push(reply.bytes)
    this.unsent += reply.bytes.length
  }

  #refuseMessage(): void {
    const literal = this.#announced as Announcement
    this.#reset()
    if (literal.sync) {
      this.#state = 'command'
    } else if (literal.size > this.#skipLimit()) {
      this.#state = 'closed'
    } else {
      this.#skip.begin(literal.size)
      this.#state = 'skip'
    }
  }
}
