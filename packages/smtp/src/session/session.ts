/** One connection: the engine's events to the files in `commands/`, their replies back to the engine. */
import type { CloseReason, Link, MaybePromise, Session } from '@posthouse/wire'
import { createSmtpEngine, type SmtpEngine } from '../engine/engine.js'
import type { SmtpAnswer, SmtpEvent } from '../engine/events.js'
import { replies } from '../syntax/replies.js'
import { type Reply, reply } from '../syntax/reply.js'
import { createAuthentication } from './commands/auth.js'
import { connect } from './commands/connect.js'
import { greeting } from './commands/greeting.js'
import { mail } from './commands/mail.js'
import { chunkEnd, chunkStart, data, messageEnd, messageOctets } from './commands/message.js'
import { other } from './commands/other.js'
import { rcpt } from './commands/rcpt.js'
import { startTls } from './commands/starttls.js'
import { type SessionServer, SessionState } from './context.js'
import { ask, type Conversation, dropTransaction, type ServerSetup } from './conversation.js'
import { andThen } from './stages.js'

export interface SessionOptions {
  readonly setup: ServerSetup
  readonly engine: Parameters<typeof createSmtpEngine>[0]
  readonly server: SessionServer
}

type CommandEvent = Extract<SmtpEvent, { type: 'command' }>

/** Makes the engine and the session of a new connection. */
export function createSession(
  options: SessionOptions,
  link: Link,
): { readonly engine: SmtpEngine; readonly session: Session<SmtpEvent> } {
  const { setup } = options
  const { limits } = options.engine
  const engine = createSmtpEngine({ ...options.engine, upgraded: link.upgraded })
  const state = new SessionState(link, options.server)
  let errors = 0
  /** RCPT, DATA and BDAT that came behind a refused MAIL: pipelining clients cannot know better. */
  let outOfSequence = 0
  let idleCommands = 0
  let stopping = false
  /** An event is being answered. */
  let busy = false
  let closing = false

  const c: Conversation = { setup, link, engine, session: state, reception: null, answer, close }
  const authentication = createAuthentication(c)

  function answer(said: SmtpAnswer): void {
    if (closing) return
    engine.send(said)
    busy = false
    if ('code' in said && said.code === 421) return close()
    if (stopping && !midMessage()) stop()
  }

  /** The client is sending a message, or must finish what it began. */
  function midMessage(): boolean {
    return engine.state === 'data' || engine.state === 'chunk' || engine.state === 'chunking'
  }

  function close(): void {
    closing = true
    link.close()
  }

  function stop(): void {
    if (engine.state !== 'closed') engine.send(replies.shuttingDown())
    close()
  }

  function command(event: CommandEvent): MaybePromise<void> {
    const { command } = event
    switch (command.verb) {
      case 'EHLO':
      case 'HELO':
      case 'LHLO':
        if (++idleCommands > limits.idleCommands) return answer(replies.tooManyErrors())
        return greeting(c, command.verb, command.domain)
      case 'MAIL':
        idleCommands = 0
        outOfSequence = 0
        return mail(c, command.reversePath, command.parameters)
      case 'RCPT':
        return rcpt(c, command.forwardPath, command.parameters)
      case 'DATA':
        return data(c)
      case 'RSET':
        if (++idleCommands > limits.idleCommands) return answer(replies.tooManyErrors())
        return andThen(
          ask(c, 'rset', setup.parts.on.rset, (handler) => handler.rset(state)),
          (refused?: Reply) => {
            dropTransaction(c)
            answer(refused ?? replies.flushed())
          },
        )
      case 'AUTH':
        return authentication.start(command.mechanism, command.initialResponse)
      case 'STARTTLS':
        return startTls(c)
      case 'QUIT':
        return andThen(
          ask(c, 'quit', setup.parts.on.quit, (handler) => handler.quit(state)),
          (said?: Reply) => {
            answer(said ?? replies.goodbye(state.hostname))
            close()
          },
        )
      default:
        if (++idleCommands > limits.idleCommands) return answer(replies.tooManyErrors())
        if (command.verb === 'NOOP') return answer(replies.ok())
        if (command.verb === 'OTHER' && !setup.parts.commands.has(command.name))
          return mistake(replies.unknownCommand())
        return other(c, command)
    }
  }

  function refused(event: Extract<SmtpEvent, { type: 'refused' }>): void {
    if (event.close) {
      state.log({ level: 'warn', event: 'protocol.violation', message: event.reply.text as string, verb: event.name })
      answer(event.reply)
      return close()
    }
    if (event.name === 'RCPT' || event.name === 'DATA' || event.name === 'BDAT') {
      const patience = limits.errors + limits.recipients
      return answer(++outOfSequence > patience ? replies.tooManyErrors() : event.reply)
    }
    mistake(event.reply)
  }

  /** Answers what is no command; somebody who says only that is no client. */
  function mistake(said: Reply): void {
    answer(++errors > limits.errors ? replies.tooManyErrors() : said)
  }

  function handle(event: SmtpEvent): MaybePromise<void> {
    if (closing) return
    busy = true
    switch (event.type) {
      case 'command':
        return command(event)
      case 'refused':
        return refused(event)
      case 'auth-response':
        return authentication.response(event.response)
      case 'auth-cancelled':
        return authentication.cancelled()
      case 'chunk-start':
        return chunkStart(c, event)
      case 'message-octets':
        return messageOctets(c, event.octets)
      case 'chunk-end':
        return chunkEnd(c, event.oversize)
      case 'message-end':
        return messageEnd(c, event)
    }
  }

  /** 421 when the connection can still hear it. */
  function lastWord(said: Reply): void {
    if (closing) return
    closing = true
    engine.send(said)
  }

  const session: Session<SmtpEvent> = {
    start() {
      link.idleTimeout(limits.idle)
      if (limits.greeting > 0) link.deadline(limits.greeting)
      if (link.upgraded) return
      return connect(c, reply(220, null, state.banner))
    },
    handle,
    timedOut: () => lastWord(replies.idleTooLong()),
    shutdown() {
      stopping = true
      if (!busy && !closing && !midMessage()) stop()
    },
    failed: () => lastWord(replies.failedConnection()),
    closed(reason: CloseReason) {
      dropTransaction(c)
      const waits: Promise<void>[] = []
      for (const handler of setup.parts.on.close) {
        const wait = handler.close(reason, state)
        if (wait) waits.push(wait)
      }
      if (waits.length > 0) return Promise.all(waits).then(() => undefined)
    },
  }
  return { engine, session }
}
