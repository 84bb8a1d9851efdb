/**
 * The server's side of one SMTP or LMTP connection without its socket: octets in, events out; replies in, octets out.
 * `states.ts` has the states, `content.ts` reads messages, this file cuts lines and moves between the states.
 */
import {
  ByteWindow,
  type Engine,
  indexOfByte,
  NEED_DATA,
  type NeedData,
  PAUSED,
  type Paused,
  ProtocolUsageError,
} from '@posthouse/wire'
import { type Command, parseCommand } from '../syntax/command.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import type { ContentPolicy } from './content.js'
import type { SmtpAnswer, SmtpEvent } from './events.js'
import type { SmtpLimits } from './limits.js'
import { MessageInput } from './message-input.js'
import { ReplyOutput } from './reply-output.js'
import { type Dialect, refusal, type State } from './states.js'
import { shownCommand, type TranscriptLine } from './transcript.js'

/** How an engine is set up. */
export interface SmtpEngineOptions {
  readonly dialect: Dialect
  readonly limits: SmtpLimits
  readonly content: ContentPolicy
  /** True after STARTTLS: the server says nothing first. */
  readonly upgraded?: boolean
  /** Is told every line of the dialogue; of messages only their size. */
  readonly transcript?: (line: TranscriptLine) => void
}

/** An SMTP engine, and what a session may ask it. */
export interface SmtpEngine extends Engine<SmtpEvent, SmtpAnswer> {
  readonly state: State
  /** Recipients accepted in the transaction. */
  readonly recipients: number
}

/** What the next reply is for. */
type Pending = Command['verb'] | 'greeting' | 'refused' | 'close' | 'auth' | 'chunk-end' | 'message-end'

const LF = 10
const CR = 13
const ASTERISK = 42

/** Makes the engine of a new connection. */
export function createSmtpEngine(options: SmtpEngineOptions): SmtpEngine {
  const { dialect, limits, content } = options
  const window = new ByteWindow()
  const longestLine = Math.max(limits.commandLine, limits.authLine)
  let state: State = options.upgraded ? 'initial' : 'connect'
  let pending: Pending | null = options.upgraded ? null : 'greeting'
  const { transcript } = options
  const output = new ReplyOutput(transcript)
  let recipients = 0
  /** The transaction's BODY is BINARYMIME. */
  let binary = false
  let asksBinary = false
  /** The client wants a reply for each recipient over SMTP too (draft-hall-prdr). */
  let perRecipient = false
  let asksPerRecipient = false
  let input: MessageInput | null = null
  /** BDAT that is not allowed: its octets are read all the same, and then this is the reply. */
  let chunkRefusal: Reply | null = null
  let lastChunk = false
  let beforeChunk: State = 'rcpt'
  /** The client has said AUTH. */
  let authSeen = false
  /** A line is too long and is being skipped; so many of its octets are gone. */
  let skipping = false
  let skipped = 0
  let skippedCr = false

  function refuse(name: string, answer: Reply, close = false): SmtpEvent {
    pending = close ? 'close' : 'refused'
    return { type: 'refused', name, reply: answer, close }
  }

  function next(): SmtpEvent | NeedData | Paused {
    if (pending !== null) return PAUSED
    switch (state) {
      case 'closed':
        window.clear()
        return NEED_DATA
      case 'tls':
        // RFC 3207 §4.2, CVE-2021-33515 and its kin: what came in clear text is never read as if it were encrypted.
        return window.length === 0 ? NEED_DATA : refuse('STARTTLS', replies.badSequence('Octets behind STARTTLS'), true)
      case 'data':
        return readData()
      case 'chunk':
        return readChunk()
      default:
        return readLine()
    }
  }

  function readLine(): SmtpEvent | NeedData {
    if (skipping) return skipLine()
    const length = window.lineLength(longestLine)
    if (length === -1) {
      if (window.length < longestLine) return NEED_DATA
      skipping = true
      skipped = 0
      skippedCr = false
      return skipLine()
    }
    const line = window.take(length)
    // One view of the stream: CRLF ends a command as it ends a line of a message, and nothing else does.
    if (length < 2 || line[length - 2] !== CR) return refuse('', replies.bareLineFeed(), true)
    return state === 'auth' ? authLine(line.subarray(0, length - 2)) : commandLine(line, length - 2)
  }

  function skipLine(): SmtpEvent | NeedData {
    const view = window.view()
    let end = -1
    do end = indexOfByte(view, LF, end + 1)
    while (end !== -1 && (end === 0 ? !skippedCr : view[end - 1] !== CR))
    const length = end === -1 ? view.length : end + 1
    if (length > 0) skippedCr = view[length - 1] === CR
    skipped += length
    window.skip(length)
    const tooMuch = skipped > limits.skippedLine
    if (end === -1 && !tooMuch) return NEED_DATA
    skipping = false
    return refuse('', state === 'auth' ? replies.authLineTooLong() : replies.lineTooLong(), tooMuch)
  }

  function authLine(line: Uint8Array): SmtpEvent {
    pending = 'auth'
    transcript?.({ side: 'client', text: line.length === 1 ? '*' : '***' })
    if (line.length === 1 && line[0] === ASTERISK) return { type: 'auth-cancelled' }
    return { type: 'auth-response', response: line }
  }

  function commandLine(line: Uint8Array, end: number): SmtpEvent | NeedData {
    const command = parseCommand(line, end)
    if (transcript) {
      // A client that does not wait for replies may send its password as the answer to a challenge that never came.
      const secret = authSeen && (command.verb === 'OTHER' || command.verb === 'FAULT')
      transcript({ side: 'client', text: secret ? '***' : shownCommand(line, end) })
      if (command.verb === 'AUTH' || (command.verb === 'FAULT' && command.name === 'AUTH')) authSeen = true
    }
    if (line.length > limits.commandLine && command.verb !== 'AUTH') return refuse('', replies.lineTooLong())
    if (command.verb === 'FAULT') {
      // Nobody knows where the next command begins when a BDAT cannot be read.
      return refuse(command.name, command.reply, command.name === 'BDAT')
    }
    const no = refusal(state, dialect, command.verb)
    if (command.verb === 'BDAT') return startChunk(command.size, command.last, no)
    if (no) return refuse(command.verb, no)
    if (command.verb === 'MAIL') {
      asksBinary = command.parameters.get('BODY')?.toUpperCase() === 'BINARYMIME'
      asksPerRecipient = command.parameters.has('PRDR')
    }
    if (command.verb === 'DATA' && binary) return refuse('DATA', replies.badSequence('BINARYMIME goes with BDAT'))
    if (command.verb === 'STARTTLS' && window.length > 0) {
      return refuse('STARTTLS', replies.badSequence('Octets behind STARTTLS'), true)
    }
    pending = command.verb
    return { type: 'command', command }
  }

  function readData(): SmtpEvent | NeedData {
    const message = input as MessageInput
    const piece = message.readStuffed(window)
    if (typeof piece === 'string' && message.endless) {
      return refuse('DATA', replies.messageTooBig(limits.messageSize), true)
    }
    if (piece === 'more') return NEED_DATA
    if (piece === 'end') {
      pending = 'message-end'
      transcript?.({ side: 'client', text: `(${message.size} octets)` })
      return message.endEvent()
    }
    return { type: 'message-octets', octets: piece }
  }

  function startChunk(size: number, last: boolean, no: Reply | null): SmtpEvent | NeedData {
    if (size > limits.messageSize + limits.discardedMessage) {
      return refuse('BDAT', replies.messageTooBig(limits.messageSize), true)
    }
    beforeChunk = state
    lastChunk = last
    chunkRefusal = no
    const first = state !== 'chunking'
    if (no || first) input = new MessageInput(limits, content, binary ? 'binary' : 'counted')
    const message = input as MessageInput
    message.startChunk(size, no !== null)
    state = 'chunk'
    if (no) return readChunk()
    return { type: 'chunk-start', size, last, first }
  }

  function readChunk(): SmtpEvent | NeedData {
    const message = input as MessageInput
    const piece = message.readCounted(window, lastChunk)
    if (piece === 'more') return NEED_DATA
    if (piece !== 'end') return { type: 'message-octets', octets: piece }
    transcript?.({ side: 'client', text: `(${message.size} octets so far)` })
    if (chunkRefusal) {
      const answer = chunkRefusal
      chunkRefusal = null
      state = beforeChunk
      return refuse('BDAT', answer)
    }
    if (!lastChunk) {
      pending = 'chunk-end'
      return { type: 'chunk-end', oversize: message.oversize }
    }
    pending = 'message-end'
    return message.endEvent()
  }

  function send(answer: SmtpAnswer): void {
    if ('code' in answer) return sendOne(answer)
    if (pending !== 'message-end') throw new ProtocolUsageError('several replies answer a message only')
    const each = dialect === 'lmtp' || perRecipient
    if (answer.length !== (each ? recipients : 1)) {
      throw new ProtocolUsageError(`${answer.length} replies for a message to ${recipients} recipients`)
    }
    const framed = perRecipient && dialect === 'smtp' && recipients > 1
    if (framed) output.add(replies.perRecipientReplies())
    for (const one of answer) output.add(one)
    if (framed) output.add(summary(answer))
    endTransaction()
    pending = null
  }

  function sendOne(answer: Reply): void {
    // RFC 5321 §3.8: 421 may be said at any time.
    if (answer.code === 421) {
      output.add(answer)
      state = 'closed'
      pending = null
      return
    }
    if (pending === null) throw new ProtocolUsageError(`nothing asked for the reply ${answer.code}`)
    // RFC 2033 §4.2: one reply for each recipient, also when all say the same.
    const times = pending === 'message-end' && dialect === 'lmtp' ? recipients : 1
    for (let i = 0; i < times; i++) output.add(answer)
    move(pending, answer.code)
    pending = null
  }

  function move(from: Pending, code: number): void {
    const done = code < 300
    switch (from) {
      case 'greeting':
        // RFC 5321 §3.1: after 554 a client may only say QUIT; the session closes the connection anyway.
        state = 'initial'
        return
      case 'EHLO':
      case 'HELO':
      case 'LHLO':
        if (done) {
          endTransaction()
          state = 'greeted'
        }
        return
      case 'MAIL':
        if (!done) return
        state = 'mail'
        recipients = 0
        binary = asksBinary
        perRecipient = asksPerRecipient
        return
      case 'RCPT':
        if (!done) return
        state = 'rcpt'
        recipients++
        return
      case 'DATA':
        if (code !== 354) return
        state = 'data'
        input = new MessageInput(limits, content, 'stuffed')
        return
      case 'RSET':
        if (state !== 'initial') endTransaction()
        return
      case 'AUTH':
      case 'auth':
        state = code === 334 ? 'auth' : 'greeted'
        return
      case 'STARTTLS':
        if (code === 220) state = 'tls'
        return
      case 'QUIT':
      case 'close':
        state = 'closed'
        return
      case 'chunk-end':
        state = done ? 'chunking' : 'chunking-failed'
        if (!done) input = null
        return
      case 'message-end':
        endTransaction()
        return
      case 'OTHER':
        // XCLIENT starts the dialogue anew.
        if (code === 220) state = 'initial'
        return
      case 'refused':
        if (state === 'auth') state = 'greeted'
        return
      default:
    }
  }

  function endTransaction(): void {
    state = 'greeted'
    recipients = 0
    binary = false
    perRecipient = false
    input = null
  }

  return {
    get state() {
      return state
    },
    get recipients() {
      return recipients
    },
    receive: (chunk) => window.push(chunk),
    receiveEnd() {},
    next,
    send,
    takeOutput: () => output.take(),
  }
}

/** The last of the replies of PRDR: whether anybody has the message. */
function summary(answers: readonly Reply[]): Reply {
  return (
    answers.find((answer) => answer.code < 300) ?? answers.find((answer) => answer.code < 500) ?? (answers[0] as Reply)
  )
}
