import { ConnectionError } from '@posthouse/wire'
import type { ServerReply } from './engine/reply-input.js'
import type { RecipientOutcome } from './outcome.js'

/** What an SMTP client could not do. */
export type SmtpClientErrorCode =
  /** The server refused; `reply` says why. */
  | 'refused'
  /** The server does not accept the login, or no mechanism fits. */
  | 'auth'
  /** TLS is required and not offered, the handshake failed, or the certificate is not trusted. */
  | 'tls'
  /** The message or its envelope needs an extension that the server lacks. Nothing was sent. */
  | 'unsupported'
  /** A limit of the server's (RFC 9422) leaves no room on this connection: use another one. Nothing was sent. */
  | 'limit'
  /** An address that SMTP cannot carry. */
  | 'address'
  /** The message holds a bare CR, a bare LF or a NUL, and `content` is `reject`. */
  | 'content'
  /** The source of the message failed; `cause` has its error. Not `temporary`: it gave something else than octets. */
  | 'source'
  /** The server does not speak SMTP, or says more than `limits` allow. */
  | 'protocol'
  /** No connection came about, or it was lost or silent; `cause` is a `ConnectionError`. */
  | 'connection'
  /** The caller's signal. */
  | 'aborted'
  /** The client was closed before. */
  | 'closed'

/** What an error is made of. */
export interface SmtpClientErrorDetails {
  readonly reply?: ServerReply | undefined
  readonly enhanced?: string
  readonly command?: string | undefined
  readonly recipient?: string
  readonly temporary?: boolean
  readonly mayBeDelivered?: boolean
  readonly recipients?: readonly RecipientOutcome[]
  readonly cause?: unknown
}

/** These are the caller's or the server's last word; everything else may work later. */
const PERMANENT: readonly SmtpClientErrorCode[] = ['unsupported', 'address', 'content', 'auth']

/** The one error of SMTP clients: what failed, where, what the server said, and whether it is worth another try. */
export class SmtpClientError extends Error {
  override readonly name = 'SmtpClientError'
  readonly code: SmtpClientErrorCode
  /** What the server said; `null` when the failure is not a reply. */
  readonly reply: ServerReply | null
  /** The enhanced status code (RFC 3463): the server's, or the one that says best what went wrong here; else `null`. */
  readonly enhanced: string | null
  /** What was refused: `EHLO`, `MAIL`, `RCPT`, `message`, ...; `null` where no command is to blame. */
  readonly command: string | null
  /** The recipient it is about; `null`: all of them. */
  readonly recipient: string | null
  /** True when the same may work later or on another connection; false when trying again is of no use. */
  readonly temporary: boolean
  /** The whole message was sent and nobody knows what became of it: another try may deliver it twice. */
  readonly mayBeDelivered: boolean
  /** What is known of each recipient, when `send` failed; else empty. */
  readonly recipients: readonly RecipientOutcome[]

  constructor(code: SmtpClientErrorCode, message: string, details: SmtpClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    const { reply } = details
    this.code = code
    this.reply = reply ?? null
    this.enhanced = reply?.enhanced ?? details.enhanced ?? null
    this.command = details.command ?? null
    this.recipient = details.recipient ?? null
    this.temporary = details.temporary ?? (reply ? reply.code < 500 : !PERMANENT.includes(code))
    this.mayBeDelivered = details.mayBeDelivered ?? false
    this.recipients = details.recipients ?? []
  }
}

/** The error for a reply. */
export function refusedBy(reply: ServerReply, command: string, recipient?: string): SmtpClientError {
  const about = recipient === undefined ? command : `${command} <${recipient}>`
  const status = reply.enhanced === null ? reply.code : `${reply.code} ${reply.enhanced}`
  return new SmtpClientError('refused', `${about}: ${status} ${reply.text.join(' ')}`, {
    reply,
    command,
    ...(recipient !== undefined && { recipient }),
  })
}

/** A copy of an error with other details. */
export function withDetails(error: SmtpClientError, details: SmtpClientErrorDetails): SmtpClientError {
  return new SmtpClientError(error.code, error.message, {
    ...(error.reply && { reply: error.reply }),
    ...(error.enhanced !== null && { enhanced: error.enhanced }),
    ...(error.command !== null && { command: error.command }),
    ...(error.recipient !== null && { recipient: error.recipient }),
    temporary: error.temporary,
    mayBeDelivered: error.mayBeDelivered,
    recipients: error.recipients,
    cause: error.cause ?? error,
    ...details,
  })
}

/** What a connection's failure is to a client. */
export function connectionFailure(reason: unknown): SmtpClientError {
  if (reason instanceof SmtpClientError) return reason
  if (!(reason instanceof ConnectionError)) {
    return new SmtpClientError('connection', reason instanceof Error ? reason.message : String(reason), {
      cause: reason,
    })
  }
  const { code, message } = reason
  if (code === 'aborted') return new SmtpClientError('aborted', message, { cause: reason })
  if (code === 'tls' || code === 'injected')
    return new SmtpClientError('tls', message, { cause: reason, enhanced: '4.7.5' })
  return new SmtpClientError('connection', message, { cause: reason, enhanced: code === 'connect' ? '4.4.1' : '4.4.2' })
}

/** What a failure of STARTTLS' handshake is to a client: one that takes too long is one that fails. */
export function handshakeFailure(reason: unknown): SmtpClientError {
  if (!(reason instanceof ConnectionError) || reason.code !== 'timeout') return connectionFailure(reason)
  return new SmtpClientError('tls', reason.message, { cause: reason, enhanced: '4.7.5' })
}

/** The server has ended the connection. */
export function hungUp(): SmtpClientError {
  return connectionFailure(new ConnectionError('lost', 'the server closed the connection'))
}
