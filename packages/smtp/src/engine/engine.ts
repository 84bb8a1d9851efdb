/**
 * The server's side of one SMTP or LMTP connection without its socket: octets in, events out; replies in, octets out.
 * `states.ts` has the states, `content.ts` reads messages, this file cuts lines and moves between the states.
 */
import {
  ByteWindow,
  type Engine,
  NEED_DATA,
  type NeedData,
  PAUSED,
  type Paused,
  ProtocolUsageError,
} from '@posthouse/wire'
import { type Command, type CommandFault, parseCommand } from '../syntax/command.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import type { ContentPolicy } from './content.js'
import type { SmtpAnswer, SmtpEvent } from './events.js'
import type { SmtpLimits } from './limits.js'
import { MessageInput } from './message-input.js'
import { ReplyOutput } from './reply-output.js'
import { SkippedLine, saysBdat } from './skipped-line.js'
import { type Dialect, refusal, type State } from './states.js'
import { commandText, saysAuth, shownCommand, type TranscriptLine } from './transcript.js'

/** How an engine is set up. */
export interface SmtpEngineOptions {
  readonly dialect: Dialect
  readonly limits: SmtpLimits
  readonly content: ContentPolicy
  /** True after STARTTLS: the server says nothing first. */
  readonly upgraded?: boolean
  /** Is told every line of the dialogue; of messages only their size. */
  readonly transcript?: (line: TranscriptLine) => void
  /** Is told when all is read and a line has begun of which there is more to come: once for each such line. */
  readonly lineBegun?: () => void
}

/** An SMTP engine, and what a session may ask it. */
export interface SmtpEngine extends Engine<SmtpEvent, SmtpAnswer> {
  readonly state: State
  /** Recipients accepted in the transaction. */
  readonly recipients: number
}

/** What the next reply is for. */
type Pending = Command['verb'] | 'greeting' | 'refused' | 'close' | 'auth' | 'chunk-end' | 'message-end'

const CR = 13
const ASTERISK = 42
const NOTHING_TAKEN: SmtpEvent = Object.freeze({ type: 'message-octets', octets: new Uint8Array(0) })

/** Makes the engine of a new connection. */
export function createSmtpEngine(options: SmtpEngineOptions): SmtpEngine {
  return new ServerEngine(options)
}

/** A class, so that a connection costs one object and no hidden class of its own. */
class ServerEngine implements SmtpEngine {
  state: State
  recipients = 0
  #pending: Pending | null
  /** The transaction's BODY is BINARYMIME. */
  #binary = false
  #asksBinary = false
  /** The client wants a reply for each recipient over SMTP too (draft-hall-prdr). */
  #perRecipient = false
  #asksPerRecipient = false
  #input: MessageInput | null = null
  /** BDAT that is not allowed: its octets are read all the same, and then this is the reply. */
  #chunkRefusal: Reply | null = null
  #lastChunk = false
  #beforeChunk: State = 'rcpt'
  /** The client has said AUTH. */
  #authSeen = false
  /** A line that is too long, while it is skipped. */
  #skipped: SkippedLine | null = null
  /** `lineBegun` has been told of this line. */
  #begun = false
  readonly #options: SmtpEngineOptions
  readonly #longestLine: number
  readonly #window = new ByteWindow()
  readonly #output: ReplyOutput

  constructor(options: SmtpEngineOptions) {
    const { limits, upgraded = false, transcript } = options
    this.#options = options
    this.#longestLine = Math.max(limits.commandLine, limits.authLine)
    this.state = upgraded ? 'initial' : 'connect'
    this.#pending = upgraded ? null : 'greeting'
    this.#output = new ReplyOutput(transcript)
  }

  receive(chunk: Uint8Array): void {
    this.#window.push(chunk)
  }

  release(): void {
    this.#window.release()
  }

  receiveEnd(): void {}

  takeOutput(): readonly Uint8Array[] {
    return this.#output.take()
  }

  next(): SmtpEvent | NeedData | Paused {
    if (this.#pending !== null) return PAUSED
    switch (this.state) {
      case 'closed':
        this.#window.clear()
        return NEED_DATA
      case 'tls':
        // RFC 3207 §4.2, CVE-2021-33515 and its kin: what came in clear text is never read as if it were encrypted.
        return this.#window.length === 0 ? NEED_DATA : this.#refuseBehindStartTls()
      case 'data':
        return this.#readData()
      case 'chunk':
        return this.#readChunk()
      default:
        return this.#readLine()
    }
  }

  send(answer: SmtpAnswer): void {
    if ('code' in answer) return this.#sendOne(answer)
    if (this.#pending !== 'message-end') throw new ProtocolUsageError('several replies answer a message only')
    const { dialect } = this.#options
    const { recipients } = this
    const each = dialect === 'lmtp' || this.#perRecipient
    if (answer.length !== (each ? recipients : 1)) {
      throw new ProtocolUsageError(`${answer.length} replies for a message to ${recipients} recipients`)
    }
    const framed = this.#perRecipient && dialect === 'smtp' && recipients > 1
    if (framed) this.#output.add(replies.perRecipientReplies())
    for (const one of answer) this.#output.add(one)
    if (framed) this.#output.add(summary(answer))
    this.#endTransaction()
    this.#pending = null
  }

  #sendOne(answer: Reply): void {
    // RFC 5321 §3.8: 421 may be said at any time.
    if (answer.code === 421) {
      this.#output.add(answer)
      this.state = 'closed'
      this.#pending = null
      return
    }
    const pending = this.#pending
    if (pending === null) throw new ProtocolUsageError(`nothing asked for the reply ${answer.code}`)
    // RFC 2033 §4.2: one reply for each recipient, also when all say the same.
    const times = pending === 'message-end' && this.#options.dialect === 'lmtp' ? this.recipients : 1
    for (let i = 0; i < times; i++) this.#output.add(answer)
    this.#move(pending, answer.code)
    this.#pending = null
  }

  #move(from: Pending, code: number): void {
    const done = code < 300
    switch (from) {
      case 'greeting':
        // RFC 5321 §3.1: after 554 a client may only say QUIT; the session closes the connection anyway.
        this.state = 'initial'
        return
      case 'EHLO':
      case 'HELO':
      case 'LHLO':
        if (done) this.#endTransaction()
        return
      case 'MAIL':
        if (!done) return
        this.state = 'mail'
        this.recipients = 0
        this.#binary = this.#asksBinary
        this.#perRecipient = this.#asksPerRecipient
        return
      case 'RCPT':
        if (!done) return
        this.state = 'rcpt'
        this.recipients++
        return
      case 'DATA':
        if (code !== 354) return
        this.state = 'data'
        this.#input = new MessageInput(this.#options.limits, this.#options.content, 'stuffed')
        return
      case 'RSET':
        if (this.state !== 'initial') this.#endTransaction()
        return
      case 'AUTH':
      case 'auth':
        this.state = code === 334 ? 'auth' : 'greeted'
        return
      case 'STARTTLS':
        if (code === 220) this.state = 'tls'
        return
      case 'QUIT':
      case 'close':
        this.state = 'closed'
        return
      case 'chunk-end':
        this.state = done ? 'chunking' : 'chunking-failed'
        if (!done) this.#input = null
        return
      case 'message-end':
        this.#endTransaction()
        return
      case 'OTHER':
        // XCLIENT starts the dialogue anew.
        if (code === 220) this.state = 'initial'
        return
      case 'refused':
        if (this.state === 'auth') this.state = 'greeted'
        return
      default:
    }
  }

  #endTransaction(): void {
    this.state = 'greeted'
    this.recipients = 0
    this.#binary = false
    this.#perRecipient = false
    this.#input = null
  }

  #refuse(name: string, answer: Reply, close = false): SmtpEvent {
    this.#pending = close ? 'close' : 'refused'
    return { type: 'refused', name, reply: answer, close }
  }

  #refuseBehindStartTls(): SmtpEvent {
    return this.#refuse('STARTTLS', replies.badSequence('Octets behind STARTTLS'), true)
  }

  #readLine(): SmtpEvent | NeedData {
    if (this.#skipped) return this.#skipLine(this.#skipped)
    const window = this.#window
    const length = window.lineLength(this.#longestLine)
    if (length === -1) {
      if (window.length < this.#longestLine) return this.#waitForRest()
      this.#skipped = new SkippedLine(window)
      return this.#skipLine(this.#skipped)
    }
    this.#begun = false
    const line = window.take(length)
    // One view of the stream: CRLF ends a command as it ends a line of a message, and nothing else does.
    if (length < 2 || line[length - 2] !== CR) return this.#refuse('', replies.bareLineFeed(), true)
    if (this.state !== 'auth') return this.#commandLine(line, length - 2)
    if (length > this.#options.limits.authLine) return this.#refuse('', replies.authLineTooLong())
    return this.#authLine(line.subarray(0, length - 2))
  }

  #waitForRest(): NeedData {
    if (!this.#begun && (this.#skipped || this.#window.length > 0)) {
      this.#begun = true
      this.#options.lineBegun?.()
    }
    return NEED_DATA
  }

  #skipLine(line: SkippedLine): SmtpEvent | NeedData {
    const ended = line.skip(this.#window)
    const tooMuch = line.length > this.#options.limits.skippedLine
    if (!ended && !tooMuch) return this.#waitForRest()
    this.#skipped = null
    this.#begun = false
    if (this.state === 'auth') return this.#refuse('', replies.authLineTooLong(), tooMuch)
    return this.#refuse('', replies.lineTooLong(), tooMuch || line.bdat)
  }

  #authLine(line: Uint8Array): SmtpEvent {
    this.#pending = 'auth'
    const cancelled = line.length === 1 && line[0] === ASTERISK
    this.#options.transcript?.({ side: 'client', text: cancelled ? '*' : '***' })
    return cancelled ? { type: 'auth-cancelled' } : { type: 'auth-response', response: line }
  }

  #commandLine(line: Uint8Array, end: number): SmtpEvent | NeedData {
    const command = parseCommand(line, end)
    if (this.#options.transcript) this.#show(command, line, end, this.#options.transcript)
    const { commandLine, authLine } = this.#options.limits
    if (line.length > (command.verb === 'AUTH' ? authLine : commandLine)) {
      return this.#refuse('', replies.lineTooLong(), saysBdat(line))
    }
    if (command.verb === 'FAULT') return this.#refuse(command.name, command.reply, saysBdat(line))
    const no = refusal(this.state, this.#options.dialect, command.verb)
    if (command.verb === 'BDAT') return this.#startChunk(command.size, command.last, no)
    if (no) return this.#refuse(command.verb, no)
    if (command.verb === 'MAIL') {
      this.#asksBinary = command.parameters.get('BODY')?.toUpperCase() === 'BINARYMIME'
      this.#asksPerRecipient = command.parameters.has('PRDR')
    }
    if (command.verb === 'DATA' && this.#binary) {
      return this.#refuse('DATA', replies.badSequence('BINARYMIME goes with BDAT'))
    }
    if (command.verb === 'STARTTLS' && this.#window.length > 0) return this.#refuseBehindStartTls()
    this.#pending = command.verb
    return { type: 'command', command }
  }

  #show(command: Command | CommandFault, line: Uint8Array, end: number, tell: (line: TranscriptLine) => void): void {
    // A client that does not wait for replies may send its password as the answer to a challenge that never came.
    const secret = this.#authSeen && (command.verb === 'OTHER' || command.verb === 'FAULT')
    const text = commandText(line, end)
    tell({ side: 'client', text: secret ? '***' : shownCommand(text) })
    if (saysAuth(text)) this.#authSeen = true
  }

  #readData(): SmtpEvent | NeedData {
    const message = this.#input as MessageInput
    const piece = message.readStuffed(this.#window)
    if (typeof piece === 'string' && message.endless) {
      return this.#refuse('DATA', replies.messageTooBig(this.#options.limits.messageSize), true)
    }
    if (piece === 'more') return message.hasDropped() ? NOTHING_TAKEN : NEED_DATA
    if (piece !== 'end') return { type: 'message-octets', octets: piece }
    this.#pending = 'message-end'
    this.#options.transcript?.({ side: 'client', text: `(${message.size} octets)` })
    return message.endEvent()
  }

  #startChunk(size: number, last: boolean, no: Reply | null): SmtpEvent | NeedData {
    const { limits, content } = this.#options
    if (size > limits.messageSize + limits.discardedMessage) {
      return this.#refuse('BDAT', replies.messageTooBig(limits.messageSize), true)
    }
    this.#beforeChunk = this.state
    this.#lastChunk = last
    this.#chunkRefusal = no
    const first = this.state !== 'chunking'
    if (no || first) this.#input = new MessageInput(limits, content, this.#binary ? 'binary' : 'counted')
    const message = this.#input as MessageInput
    message.startChunk(size, no !== null)
    this.state = 'chunk'
    if (no) return this.#readChunk()
    return { type: 'chunk-start', size, last, first }
  }

  #readChunk(): SmtpEvent | NeedData {
    const message = this.#input as MessageInput
    const piece = message.readCounted(this.#window, this.#lastChunk)
    if (piece === 'more') return message.hasDropped() ? NOTHING_TAKEN : NEED_DATA
    if (piece !== 'end') return { type: 'message-octets', octets: piece }
    this.#options.transcript?.({ side: 'client', text: `(${message.size} octets so far)` })
    if (this.#chunkRefusal) {
      const answer = this.#chunkRefusal
      this.#chunkRefusal = null
      this.state = this.#beforeChunk
      return this.#refuse('BDAT', answer)
    }
    this.#pending = this.#lastChunk ? 'message-end' : 'chunk-end'
    return this.#lastChunk ? message.endEvent() : { type: 'chunk-end', oversize: message.oversize }
  }
}

/** The last of the replies of PRDR: whether anybody has the message. */
function summary(answers: readonly Reply[]): Reply {
  return (
    answers.find((answer) => answer.code < 300) ?? answers.find((answer) => answer.code < 500) ?? (answers[0] as Reply)
  )
}
