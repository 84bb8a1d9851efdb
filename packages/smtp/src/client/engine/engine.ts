/**
 * The client's side of one SMTP or LMTP connection without its socket: requests become octets, octets of the server
 * become events. `states.ts` has the states, `content-writer.ts` writes messages, `reply-input.ts` reads replies.
 */
import {
  ByteWindow,
  concat,
  type Engine,
  fromLatin1,
  NEED_DATA,
  type NeedData,
  type Paused,
  ProtocolUsageError,
} from '@posthouse/wire'
import type { Dialect } from '../../engine/states.js'
import { commandText, shownCommand, type TranscriptLine } from '../../engine/transcript.js'
import { parseCapabilities, type SmtpCapabilities } from '../../syntax/capabilities.js'
import { commandLine, mailText, rcptText } from '../../syntax/command-line.js'
import { encodeReply } from '../../syntax/reply.js'
import type { SmtpClientLimits } from '../limits.js'
import { ContentWriter, type OutgoingContentRule } from './content-writer.js'
import type { Replied, SmtpClientEvent, SmtpClientRequest } from './events.js'
import { type Due, due, fits, type TransactionProgress, takeMessageReply } from './replies-due.js'
import { ReplyInput, type ServerReply } from './reply-input.js'
import { allowed, type ClientState, endsBatch } from './states.js'

/** How an engine is set up. */
export interface SmtpClientEngineOptions {
  readonly dialect: Dialect
  readonly limits: Pick<SmtpClientLimits, 'replyLine' | 'replyLines' | 'chunk'>
  /** What happens to bare CR, bare LF and NUL in messages. */
  readonly content: OutgoingContentRule
  /** Keywords of EHLO, in upper case, that are not believed. */
  readonly ignore?: readonly string[]
  /** True after STARTTLS: the server does not greet again, and what it said before does not count. */
  readonly upgraded?: boolean
  /** Is told every line of the dialogue; secrets are masked, and of messages there is only the size. */
  readonly transcript?: (line: TranscriptLine) => void
}

/** An engine, and what may be asked of it. */
export interface SmtpClientEngine extends Engine<SmtpClientEvent, SmtpClientRequest> {
  readonly state: ClientState
  /** What the server can do; `null` before EHLO and after HELO. */
  readonly capabilities: SmtpCapabilities | null
  /** Commands that wait for their replies. */
  readonly outstanding: number
  /** What the oldest of them is, or `null`. */
  readonly waitingFor: Replied | null
  /** Octets that were received and belong to no event yet. */
  readonly unread: number
  /** What the message in progress is refused for: nothing more of it leaves, and it must not be ended. */
  readonly defect: ContentWriter['defect']
}

/** Pieces of output that are worth joining, and their size. */
const FEW_OCTETS = 4096

/** Makes the engine of a new connection. */
export function createSmtpClientEngine(options: SmtpClientEngineOptions): SmtpClientEngine {
  const { dialect, limits, transcript } = options
  const window = new ByteWindow()
  const replies = new ReplyInput(limits)
  const waiting: Due[] = options.upgraded ? [] : [due('greeting')]
  let state: ClientState = options.upgraded ? 'initial' : 'connect'
  let capabilities: SmtpCapabilities | null = null
  let transaction: TransactionProgress | null = null
  let utf8 = false
  let writer: ContentWriter | null = null
  /** Octets of the chunk that is being filled (BDAT). */
  let chunk: Uint8Array[] = []
  let chunkSize = 0
  let messageSize = 0
  let challenged = false
  /** The last request must be answered before another is made. */
  let batchEnded = false
  let broken = false
  /** The server said something before it was asked. */
  let early = false
  let output: Uint8Array[] = []

  function violation(message: string): SmtpClientEvent {
    broken = true
    state = 'closed'
    window.clear()
    return { type: 'violation', message }
  }

  function next(): SmtpClientEvent | NeedData | Paused {
    if (broken) return NEED_DATA
    if (window.length === 0) return NEED_DATA
    const reply = replies.read(window)
    if (reply === 'more') return NEED_DATA
    if ('violation' in reply) return violation(reply.violation)
    if (transcript)
      for (const text of encodeReply(reply, true).trimEnd().split('\r\n')) transcript({ side: 'server', text })
    const entry = waiting[0]
    if (early || !entry) return unasked(reply)
    if (!fits(entry.command, reply.code, entry.transaction?.prdr ?? false)) {
      return violation(`the server answered ${entry.command} with ${reply.code}`)
    }
    if (entry.command === 'AUTH' && reply.code === 334) {
      challenged = true
      return { type: 'challenge', data: reply.text[0].trim() }
    }
    return answered(entry, reply)
  }

  /** A server may close the connection at any time (RFC 5321 §3.8), or when it has had enough of a message. */
  function unasked(reply: ServerReply): SmtpClientEvent {
    const inMessage = state === 'data' && reply.code >= 400
    if (reply.code !== 421 && !inMessage) return violation('the server answered what nobody asked')
    state = 'closed'
    return { type: 'closing', reply }
  }

  function answered(entry: Due, reply: ServerReply): SmtpClientEvent {
    const { command } = entry
    const about =
      command === 'message'
        ? takeMessageReply(entry, reply, dialect === 'lmtp')
        : { recipient: entry.recipient === -1 ? null : entry.recipient, done: true }
    if (about.done) {
      waiting.shift()
      if (waiting.length === 0) batchEnded = false
    }
    if (reply.code === 421) state = 'closed'
    else move(entry, reply)
    return { type: 'reply', command, reply, ...about }
  }

  function move({ command, transaction: about, recipient }: Due, reply: ServerReply): void {
    const positive = reply.code < 400
    switch (command) {
      case 'greeting':
        state = positive ? 'initial' : 'closed'
        return
      case 'EHLO':
      case 'LHLO':
      case 'HELO':
        if (!positive) return
        state = 'greeted'
        capabilities = command === 'HELO' ? null : parseCapabilities(reply.text, options.ignore)
        return
      case 'STARTTLS':
        state = positive ? 'tls' : 'greeted'
        return
      case 'AUTH':
        challenged = false
        state = 'greeted'
        return
      case 'RCPT':
        if (about) about.recipients[recipient] = positive
        return
      case 'DATA':
        state = positive ? 'data' : 'rcpt'
        return
      case 'BDAT':
        if (!positive && about) about.failed = true
        return
      case 'QUIT':
        state = 'closed'
        return
      default:
    }
  }

  function say(request: SmtpClientRequest, text: string, entry: Due | null): void {
    const line = commandLine(text, utf8)
    const secret = request.type === 'auth-response' && text !== '*'
    transcript?.({ side: 'client', text: secret ? '***' : shownCommand(commandText(line, line.length - 2)) })
    output.push(line)
    if (entry) waiting.push(entry)
    batchEnded = endsBatch(request.type)
  }

  function send(request: SmtpClientRequest): void {
    const { type } = request
    if (!allowed(state, type)) throw new ProtocolUsageError(`${type} is not allowed in the state ${state}`)
    const payload = type === 'octets' || type === 'end' || type === 'auth-response'
    if (!payload && waiting.length > 0 && !(type === 'quit' && state === 'connect')) {
      if (batchEnded)
        throw new ProtocolUsageError(`${type} must wait for the reply to ${waiting[waiting.length - 1].command}`)
      if (!capabilities?.has('PIPELINING')) throw new ProtocolUsageError('the server has no PIPELINING')
    }
    // Octets that were there before the question are no answer to it. The text behind DATA asks nothing.
    const asks = type !== 'octets' || state !== 'data'
    if (asks && waiting.length === 0 && (window.length > 0 || replies.incomplete)) early = true
    perform(request)
  }

  function perform(request: SmtpClientRequest): void {
    switch (request.type) {
      case 'hello':
        return say(request, `${request.verb} ${request.name}`, due(request.verb))
      case 'starttls':
        return say(request, 'STARTTLS', due('STARTTLS'))
      case 'auth': {
        const { mechanism, response } = request
        state = 'auth'
        return say(request, response === null ? `AUTH ${mechanism}` : `AUTH ${mechanism} ${response}`, due('AUTH'))
      }
      case 'auth-response':
        if (!challenged) throw new ProtocolUsageError('there is no challenge to answer')
        challenged = false
        return say(request, request.response, null)
      case 'mail':
        utf8 = request.parameters.has('SMTPUTF8')
        transaction = { recipients: [], prdr: request.parameters.has('PRDR'), failed: false }
        say(request, mailText(request.reversePath, request.parameters), due('MAIL', transaction))
        state = 'mail'
        return
      case 'rcpt': {
        const { recipients } = transaction as TransactionProgress
        say(request, rcptText(request.forwardPath, request.parameters), due('RCPT', transaction, recipients.length))
        recipients.push(null)
        state = 'rcpt'
        return
      }
      case 'data':
        say(request, 'DATA', due('DATA', transaction))
        state = 'data-asked'
        writer = new ContentWriter('stuffed', options.content)
        messageSize = 0
        return
      case 'bdat':
        if (!capabilities?.has('CHUNKING')) throw new ProtocolUsageError('the server has no CHUNKING')
        state = 'bdat'
        writer = new ContentWriter(request.binary ? 'binary' : 'counted', options.content)
        messageSize = 0
        return
      case 'octets':
        return write(request.octets)
      case 'end':
        return endMessage()
      case 'rset':
        say(request, 'RSET', due('RSET'))
        return endTransaction()
      case 'noop':
        return say(request, 'NOOP', due('NOOP'))
      case 'quit':
        say(request, 'QUIT', due('QUIT'))
        state = 'closed'
        return
      case 'other':
        return say(
          request,
          request.argument === '' ? request.name : `${request.name} ${request.argument}`,
          due(request.name),
        )
    }
  }

  function write(octets: Uint8Array): void {
    const into = state === 'data' ? output : chunk
    let at = into.length
    ;(writer as ContentWriter).write(octets, into)
    messageSize += octets.length
    if (state === 'data') return
    for (; at < chunk.length; at++) chunkSize += chunk[at].length
    if (chunkSize >= limits.chunk) flushChunk(false)
  }

  /** RFC 3030 §2: the size, and at once the octets. */
  function flushChunk(last: boolean): void {
    output.push(fromLatin1(`BDAT ${chunkSize}${last ? ' LAST' : ''}\r\n`))
    transcript?.({ side: 'client', text: `BDAT ${chunkSize}${last ? ' LAST' : ''}` })
    for (const piece of chunk) output.push(piece)
    chunk = []
    chunkSize = 0
    if (!last) waiting.push(due('BDAT', transaction))
  }

  function endMessage(): void {
    const ending = writer as ContentWriter
    const into = state === 'data' ? output : chunk
    let at = into.length
    if (!ending.defect) ending.end(into)
    if (ending.defect) throw new ProtocolUsageError(`the message holds a ${ending.defect} and must not be ended`)
    if (state === 'bdat') {
      for (; at < chunk.length; at++) chunkSize += chunk[at].length
      flushChunk(true)
    }
    transcript?.({ side: 'client', text: `(${messageSize} octets)` })
    waiting.push(due('message', transaction))
    batchEnded = true
    endTransaction()
  }

  function endTransaction(): void {
    state = 'greeted'
    transaction = null
    writer = null
    utf8 = false
    chunk = []
    chunkSize = 0
  }

  return {
    get state() {
      return state
    },
    get capabilities() {
      return capabilities
    },
    get outstanding() {
      return waiting.length
    },
    get waitingFor() {
      return waiting[0]?.command ?? null
    },
    get unread() {
      return window.length
    },
    get defect() {
      return writer?.defect ?? null
    },
    receive: (octets) => window.push(octets),
    receiveEnd() {},
    next,
    send,
    takeOutput() {
      const pieces = output
      output = []
      if (pieces.length < 3) return pieces
      let size = 0
      for (const piece of pieces) size += piece.length
      // Many small pieces (commands, doubled dots) cost more in the socket than a copy does.
      return size <= FEW_OCTETS || size < pieces.length * 256 ? [concat(pieces)] : pieces
    },
  }
}
