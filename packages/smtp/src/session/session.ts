/** One connection: the engine's events to the files in `commands/`, their replies back to the engine. */
import type { CloseReason, Link, MaybePromise, Session } from '@posthouse/wire'
import { createSmtpEngine, type SmtpEngine } from '../engine/engine.js'
import type { SmtpAnswer, SmtpEvent } from '../engine/events.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import { type Authentication, createAuthentication } from './commands/auth.js'
import { connect } from './commands/connect.js'
import { greeting } from './commands/greeting.js'
import { mail } from './commands/mail.js'
import { chunkEnd, chunkStart, data, messageEnd, messageOctets } from './commands/message.js'
import { other } from './commands/other.js'
import { quit } from './commands/quit.js'
import { rcpt } from './commands/rcpt.js'
import { rset } from './commands/rset.js'
import { startTls } from './commands/starttls.js'
import { type SessionServer, SessionState } from './context.js'
import { type Conversation, dropTransaction, failed, type Named, type ServerSetup } from './conversation.js'
import type { Reception } from './reception.js'

export interface SessionOptions {
  readonly setup: ServerSetup
  readonly engine: Parameters<typeof createSmtpEngine>[0]
  readonly server: SessionServer
}

type CommandEvent = Extract<SmtpEvent, { type: 'command' }>

/**
 * Sessions on their way from a connection in clear text to its encrypted rest. By the signal, because that is the one
 * thing of a connection that stays the same behind STARTTLS, and whoever wraps links and sessions lets it through.
 */
const upgrading = new WeakMap<AbortSignal, SessionState>()

/** Makes the engine and the session of a new connection. */
export function createSession(
  options: SessionOptions,
  link: Link,
): { readonly engine: SmtpEngine; readonly session: Session<SmtpEvent> } {
  const session = new ServerSession(options, link)
  return { engine: session.engine, session }
}

/** A class, so that a connection costs one object. */
class ServerSession implements Conversation, Session<SmtpEvent> {
  readonly setup: ServerSetup
  readonly link: Link
  readonly engine: SmtpEngine
  readonly session: SessionState
  reception: Reception | null = null
  skippedBy: number | null = null
  #authentication: Authentication | null = null
  #errors = 0
  /** RCPT, DATA and BDAT that came behind a refused MAIL: pipelining clients cannot know better. */
  #outOfSequence = 0
  /** Commands since the last message. */
  #idleCommands = 0
  #stopping = false
  /** An event is being answered. */
  #busy = false
  #closing = false
  /** What the deadline of the link is for. */
  #due: 'greeting' | 'line' | 'handlers' | null = null
  /** What is waited for. */
  #waiting: { readonly stage: string; readonly handler: Named | undefined } | null = null

  constructor({ setup, engine, server }: SessionOptions, link: Link) {
    this.setup = setup
    this.link = link
    this.engine = createSmtpEngine({ ...engine, upgraded: link.upgraded, lineBegun: () => this.#hurry() })
    const before = link.upgraded ? upgrading.get(link.signal) : undefined
    before?.continueOver(link)
    this.session = before ?? new SessionState(link, server)
  }

  answer(said: SmtpAnswer): void {
    if (this.#closing) return
    this.engine.send(said)
    this.#busy = false
    this.skippedBy = null
    if ('code' in said && said.code === 421) return this.close()
    if (this.#stopping && !this.#midMessage()) this.#stop()
  }

  close(): void {
    this.#closing = true
    this.link.close()
  }

  waitsFor(stage: string, handler?: Named): void {
    this.#waiting = { stage, handler }
  }

  greeted(): void {
    if (this.#due === 'greeting') this.#lift()
  }

  mistake(said: Reply): void {
    this.answer(++this.#errors > this.session.limits.errors ? replies.tooManyErrors() : said)
  }

  start(): MaybePromise<void> {
    const { limits } = this.session
    this.link.idleTimeout(limits.idle)
    if (limits.greeting > 0) {
      this.#due = 'greeting'
      this.link.deadline(limits.greeting)
    }
    if (this.link.upgraded) return
    return this.#timed('connect', connect(this, this.setup.welcome))
  }

  handle(event: SmtpEvent): MaybePromise<void> {
    if (this.#closing) return
    this.#busy = true
    if (this.#due === 'line') this.#lift()
    return this.#timed(event.type, this.#react(event))
  }

  #react(event: SmtpEvent): MaybePromise<void> {
    switch (event.type) {
      case 'command':
        return this.#command(event)
      case 'refused':
        return this.#refused(event)
      case 'auth-response':
        return this.#login().response(event.response)
      case 'auth-cancelled':
        return this.#login().cancelled()
      case 'chunk-start':
        return chunkStart(this, event)
      case 'message-octets':
        return messageOctets(this, event.octets)
      case 'chunk-end':
        return chunkEnd(this, event.oversize)
      case 'message-end':
        this.#idleCommands = 0
        this.session.deferredRecipients = 0
        return messageEnd(this, event)
    }
  }

  timedOut(): void {
    if (!this.#waiting) return this.#lastWord(replies.idleTooLong())
    const { stage, handler } = this.#waiting
    failed(this, stage, new Error('it took too long: nobody waits for its answer any more'), handler)
    this.#lastWord(replies.failedConnection())
  }

  shutdown(): void {
    this.#stopping = true
    if (!this.#busy && !this.#closing && !this.#midMessage()) this.#stop()
  }

  failed(): void {
    this.#lastWord(replies.failedConnection())
  }

  closed(reason: CloseReason): void | Promise<void> {
    dropTransaction(this)
    if (reason.type === 'upgraded') {
      upgrading.set(this.link.signal, this.session)
      return
    }
    const waits: Promise<unknown>[] = []
    // One that fails must not keep the others from letting go of what they hold.
    for (const handler of this.setup.parts.on.close) {
      try {
        const wait = handler.close(reason, this.session)
        if (wait) waits.push(wait.catch((error: unknown) => failed(this, 'close', error, handler)))
      } catch (error) {
        failed(this, 'close', error, handler)
      }
    }
    if (waits.length > 0) return Promise.all(waits).then(() => undefined)
  }

  #command({ command }: CommandEvent): MaybePromise<void> {
    const { verb } = command
    if (verb !== 'RCPT' && ++this.#idleCommands > this.session.limits.idleCommands) {
      return this.answer(replies.tooManyErrors())
    }
    switch (verb) {
      case 'EHLO':
      case 'HELO':
      case 'LHLO':
        return greeting(this, verb, command.domain)
      case 'MAIL':
        this.#outOfSequence = 0
        return mail(this, command.reversePath, command.parameters)
      case 'RCPT':
        return rcpt(this, command.forwardPath, command.parameters)
      case 'DATA':
        return data(this)
      case 'RSET':
        return rset(this)
      case 'AUTH':
        return this.#login().start(command.mechanism, command.initialResponse)
      case 'STARTTLS':
        return startTls(this)
      case 'QUIT':
        return quit(this)
      case 'NOOP':
        return this.answer(replies.ok())
      case 'OTHER':
        if (!this.setup.parts.commands.has(command.name)) return this.mistake(replies.unknownCommand())
        return other(this, command)
      default:
        return other(this, command)
    }
  }

  #login(): Authentication {
    return (this.#authentication ??= createAuthentication(this))
  }

  #refused(event: Extract<SmtpEvent, { type: 'refused' }>): void {
    this.#authentication?.broken()
    if (event.close) {
      const message = event.reply.text as string
      this.session.log({ level: 'warn', event: 'protocol.violation', message, verb: event.name })
      this.answer(event.reply)
      return this.close()
    }
    if (event.name === 'RCPT' || event.name === 'DATA' || event.name === 'BDAT') {
      const { errors, recipients } = this.session.limits
      return this.answer(++this.#outOfSequence > errors + recipients ? replies.tooManyErrors() : event.reply)
    }
    this.mistake(event.reply)
  }

  /**
   * One that never answers must not hold its connection for ever, as long as that is the client's. The connection ends, and is
   * not told something else to go on with: what is still at work on this command would meet the next one.
   */
  #timed(stage: string, step: MaybePromise<void>): MaybePromise<void> {
    if (!step) return
    const { handlers } = this.session.limits
    if (!this.#waiting) this.waitsFor(stage)
    if (handlers > 0 && !this.#due) {
      this.#due = 'handlers'
      this.link.deadline(handlers)
    }
    return step.then(() => {
      this.#waiting = null
      if (this.#due === 'handlers') this.#lift()
    })
  }

  /** A client that sends octets of one line now and then is idle, too. */
  #hurry(): void {
    if (this.#due) return
    this.#due = 'line'
    this.link.deadline(this.session.limits.idle)
  }

  #lift(): void {
    this.#due = null
    this.link.deadline(0)
  }

  /** The client is sending a message, or must finish what it began. */
  #midMessage(): boolean {
    const { state } = this.engine
    return state === 'data' || state === 'chunk' || state === 'chunking'
  }

  #stop(): void {
    if (this.engine.state !== 'closed') this.engine.send(replies.shuttingDown())
    this.close()
  }

  /** 421 when the connection can still hear it. */
  #lastWord(said: Reply): void {
    if (this.#closing) return
    this.#closing = true
    this.engine.send(said)
  }
}
