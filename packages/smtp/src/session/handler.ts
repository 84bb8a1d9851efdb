/** What an application plugs into a server. */
import type { CloseReason, Endpoint, Identity, LogEvent, MaybePromise, TlsInfo } from '@posthouse/wire'
import type { SmtpLimits } from '../engine/limits.js'
import type { Dialect } from '../engine/states.js'
import type { Reply } from '../syntax/reply.js'
import type { Annotated } from './annotations.js'
import type { ReceivedMessage } from './message.js'
import type { RewrittenMessage } from './rewrite.js'
import type { Recipient, Transaction } from './transaction.js'

/**
 * A connection as handlers see it, from its beginning to its end. STARTTLS makes it forget what the client said in clear
 * text (`helo`, `identity`, notes made in later stages than `connect`), and nothing else (RFC 3207 §4.2).
 */
export interface SmtpSession extends Annotated {
  /** Unique in the process; the log uses it too. */
  readonly id: string
  readonly protocol: Dialect
  /** The name of this server. */
  readonly hostname: string
  /** The client. */
  readonly remote: Endpoint
  /** The other end of the connection itself: not the client when a trusted peer speaks for it (XCLIENT). */
  readonly peer: Endpoint
  /** A trusted peer has said who the client is (XCLIENT): from then on it may be that client who speaks. */
  readonly proxied: boolean
  /** Messages that were accepted or refused over this connection. */
  readonly messages: number
  readonly local: Endpoint
  /** `null` while the connection is in clear text. */
  readonly tls: TlsInfo | null
  readonly loopback: boolean
  /** True when STARTTLS can be offered. */
  readonly canStartTls: boolean
  /** What the client called itself; `null` before EHLO. */
  readonly helo: string | null
  /** The client said EHLO or LHLO, not HELO. */
  readonly extended: boolean
  /** Who logged in; `null` before. */
  readonly identity: Identity | null
  /** The client's name by reverse DNS, when a handler looked it up. */
  remoteName: string | null
  readonly transaction: Transaction | null
  readonly limits: SmtpLimits
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal
  /** What stands behind `220` in the greeting. */
  readonly banner: string
  /** True when the client has sent octets that wait for the handler in progress. */
  readonly inputWaits: boolean
  /** Resolves after so many ms, or when the connection ends. */
  delay(ms: number): Promise<void>
  /**
   * Continues as another client (XCLIENT): its EHLO, its login and the notes of stages behind `connect` are forgotten. The
   * stage `connect` is asked again, about that client.
   */
  impersonate(details: ClientDetails): void
  /** Milliseconds since the epoch. */
  now(): number
  log(event: LogEvent): void
}

/** Who a client is, as a trusted peer says. It is another client than before: what is absent is not known of it. */
export interface ClientDetails {
  /** IPv4 or IPv6 text; `''` when it is not known. Absent: the address stays as it is, and so does its name. */
  readonly address?: string
  /** Absent: it stays as it is. */
  readonly port?: number
  readonly remoteName?: string | null
  readonly helo?: string | null
  /** Absent: nobody has logged in. */
  readonly identity?: Identity | null
}

/** Nothing: the next handler is asked, and in the end the server's own answer stands. A reply decides. */
export type StageAnswer = MaybePromise<Reply | undefined | void>

/**
 * As `StageAnswer`; an array has one reply for each of `transaction.recipients`, in order. Other octets (`rewritten`)
 * take the message's place for the next handlers; only a handler with `rewrites` may answer so.
 */
export type MessageAnswer = MaybePromise<Reply | readonly Reply[] | RewrittenMessage | undefined | void>

/**
 * Takes the octets of a message while they come in.
 *
 * **They are only lent.** A sink that keeps them beyond the end of `write` (as a stream's `write` does) without a copy has octets
 * of other messages in their place. `streamTo` of `@posthouse/smtp/node` writes to Node streams as it should be.
 */
export interface BodySink {
  /**
   * A piece of the message. Valid until it returns, or until the promise that it returns settles: then what any other
   * connection sends comes to lie in the same memory. Copy what is kept for longer. Where the client cuts a message into
   * many small pieces, they are gathered into bigger ones.
   */
  write(octets: Uint8Array): void | Promise<void>
  /**
   * The `message` stage of this handler will not be asked: the message was refused, a handler before this one has taken
   * it, or the client went away. Called at most once.
   */
  abort?(): void
}

/** What a handler must be given at the `message` stage. */
export type MessageNeed =
  /** The MIME summary and the header block, made while the message streams in. */
  | 'summary'
  /** All octets, in memory (at most `limits.messageInMemory`). */
  | 'octets'

/** Reads one parameter of MAIL or RCPT; they are read in their order. A returned reply, 400 to 599, refuses the command. */
export type ParameterReader<Target> = (value: string | null, target: Target, session: SmtpSession) => StageAnswer

/**
 * One part of a server: any of the stages below, and what makes an ESMTP extension (keywords, parameters, commands).
 *
 * Handlers are asked in the order of the server's list. One that throws, or whose promise is rejected, makes the
 * server answer `451 4.3.0` and log the error; the connection goes on. One that does not answer within `limits.handlers` ends it
 * with `421 4.3.0`; what it answers later is heard by nobody.
 */
export interface SmtpHandler {
  /** For logs. */
  readonly name?: string
  /** What to keep for the `message` stage. */
  readonly needs?: readonly MessageNeed[]
  /**
   * True when the `message` stage may answer with other octets. The handlers behind this one, their `body` stage
   * included, are given the message when this one is through with it. It need not say that it needs `octets`.
   */
  readonly rewrites?: boolean
  /** Lines for the reply to EHLO: `SIZE 1000000`. */
  keywords?(session: SmtpSession): readonly string[]
  /** Parameters of MAIL that this handler knows, by name in upper case. */
  readonly mailParameters?: ReadonlyMap<string, ParameterReader<Transaction>>
  /** Parameters of RCPT that this handler knows, by name in upper case. */
  readonly rcptParameters?: ReadonlyMap<string, ParameterReader<Recipient>>
  /** Commands that this handler answers, by name in upper case: HELP, VRFY, EXPN, ETRN, or a verb of its own. */
  readonly commands?: ReadonlyMap<string, (argument: string, session: SmtpSession) => MaybePromise<Reply>>

  /**
   * A client has connected; a reply of 4yz or 5yz is the greeting and ends the connection at once. RFC 5321 §3.1 would have
   * the server wait for QUIT and say 503 to all else; nobody who is not welcome is waited for here. Asked once, and once more for
   * each client that a trusted peer speaks for (XCLIENT); not again behind STARTTLS, where the notes made here stay.
   */
  connect?(session: SmtpSession): StageAnswer
  /** EHLO, HELO or LHLO with the name that the client gives itself. */
  helo?(name: string, session: SmtpSession): StageAnswer
  /** Before an authentication. */
  auth?(mechanism: string, session: SmtpSession): StageAnswer
  /** The credentials are right; a reply of 4yz or 5yz still refuses. */
  authenticated?(identity: Identity, session: SmtpSession): StageAnswer
  /** They are not. `user` is the name that was claimed, if any. */
  authFailed?(user: string | null, session: SmtpSession): StageAnswer
  /** MAIL. */
  mail?(transaction: Transaction, session: SmtpSession): StageAnswer
  /** RCPT, once for each recipient. */
  rcpt?(recipient: Recipient, transaction: Transaction, session: SmtpSession): StageAnswer
  /** DATA, or the first BDAT: the message is about to come. A reply of 4yz or 5yz refuses it. */
  data?(transaction: Transaction, session: SmtpSession): StageAnswer
  /** The message will come: where should its octets go? */
  body?(transaction: Transaction, session: SmtpSession): MaybePromise<BodySink | undefined | void>
  /** The message is complete. Whoever answers 2yz is responsible for it from then on. */
  message?(message: ReceivedMessage, session: SmtpSession): MessageAnswer
  /** RSET. */
  rset?(session: SmtpSession): StageAnswer
  /** QUIT. */
  quit?(session: SmtpSession): StageAnswer
  /** The connection is over. Called once: STARTTLS does not end one. */
  close?(reason: CloseReason, session: SmtpSession): void | Promise<void>
}
