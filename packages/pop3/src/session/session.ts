import {
  decodeBase64,
  encodeBase64,
  type Identity,
  type Link,
  type SaslContext,
  type SaslExchange,
  type SaslStep,
  type Session,
} from '@posthouse/wire'
import { createPop3Engine, type Pop3Engine } from '../engine/engine.js'
import type { Pop3Event } from '../engine/events.js'
import type { Pop3Command } from '../syntax/command.js'
import type { SessionContext, TransactionContext } from './commands/command.js'
import { commands } from './commands/index.js'
import { openFor } from './login.js'
import type { Maildrop } from './maildrop.js'
import type { ServerSetup } from './setup.js'

/** The end of an exchange that has succeeded. */
function confirmed(identity: Identity): SaslExchange {
  return {
    respond: (response) =>
      response?.length === 0 ? { type: 'success', identity } : { type: 'failure', reason: 'malformed' },
  }
}

/** Makes the engine and the session of a new connection. */
export function createSession(setup: ServerSetup, link: Link): { engine: Pop3Engine; session: Session<Pop3Event> } {
  const { limits } = setup
  const engine = createPop3Engine(limits, link.upgraded)
  const log = setup.log ?? link.log
  const secure =
    link.tls !== null || setup.allowInsecureAuth === true || (setup.allowInsecureAuth === 'loopback' && link.loopback)
  const sasl: SaslContext = { service: 'pop3', tls: link.tls, secure, remote: link.remote, signal: link.signal }
  // After STLS there is no new greeting, and this session does not know the old one: no APOP then.
  const offersApop = setup.apop && setup.verifier.sharedSecret !== undefined && !link.upgraded
  const timestamp = offersApop ? `<${globalThis.crypto.randomUUID()}@${setup.hostname}>` : null
  let exchange: SaslExchange | null = null
  let drop: Maildrop | null = null
  let release: (() => Promise<void>) | null = null
  let over = false
  let errors = 0
  let authFailures = 0

  const context: SessionContext = {
    setup,
    engine,
    link,
    log,
    sasl,
    timestamp,
    get drop() {
      return drop
    },
    user: null,
    utf8: false,
    gathered: 0,
    ok: (text) => engine.send({ type: 'status', ok: true, text }),
    error: (text, code) => engine.send({ type: 'status', ok: false, text, ...(code !== undefined && { code }) }),
    mistake(text) {
      context.error(text)
      if (++errors >= limits.errors) context.close()
    },
    close() {
      engine.end()
      link.close()
    },
    offered: () => setup.mechanisms.filter((mechanism) => mechanism.available(setup.verifier, sasl)),
    startExchange(mechanism, initial) {
      exchange = mechanism.start(setup.verifier, sasl)
      return step(initial)
    },
    async login(identity) {
      const { account } = identity
      try {
        const opened = await openFor(setup, link, identity)
        if ('code' in opened) return context.error(opened.text, opened.code)
        if (over) return await opened.release()
        drop = opened.drop
        release = opened.release
      } catch (reason) {
        return context.unavailable(reason)
      }
      link.deadline(0)
      log({ level: 'info', event: 'auth.succeeded', connection: link.id, account })
      context.ok(`${drop.count} messages (${drop.octets} octets)`)
    },
    async refuse(user) {
      log({ level: 'warn', event: 'auth.failed', connection: link.id, user, address: link.remote.address })
      authFailures++
      // Guessing costs time, whatever was wrong.
      if (limits.authFailureDelay > 0) await link.delay(limits.authFailureDelay * authFailures)
      context.error('user name or password is wrong', 'AUTH')
      if (authFailures >= limits.authFailures) context.close()
    },
    unavailable(reason) {
      log({ level: 'error', event: 'auth.unavailable', connection: link.id, error: reason })
      context.error('cannot check that now; try again later', 'SYS/TEMP')
    },
  }

  function handle(event: Pop3Event): void | Promise<void> {
    switch (event.type) {
      case 'command':
        return run(event.command)
      case 'auth-response':
        return respond(event.response)
      case 'auth-cancelled':
        endExchange()
        return context.error('authentication cancelled')
      case 'line-too-long':
        // RFC 5034 §4: a response that is too long ends the authentication.
        endExchange()
        return context.mistake('the line is too long')
      case 'not-text':
        return context.mistake('the line is not UTF-8')
      case 'violation':
        log({ level: 'warn', event: 'protocol.violation', connection: link.id, message: event.message })
        context.error(event.message)
        return context.close()
    }
  }

  function run(command: Pop3Command): void | Promise<void> {
    const handler = commands.get(command.keyword)
    if (!handler) return context.mistake('unknown command')
    const state = drop ? 'transaction' : 'authorization'
    if (!(handler.states as readonly string[]).includes(state)) return context.mistake('not in this state')
    return handler.run(context as TransactionContext, command)
  }

  function endExchange(): void {
    if (exchange) engine.leaveAuth()
    exchange = null
  }

  function respond(line: Uint8Array): void | Promise<void> {
    const response = decodeBase64(line)
    if (response) return step(response)
    endExchange()
    return context.mistake('not base64')
  }

  async function step(response: Uint8Array | null): Promise<void> {
    let answer: SaslStep
    try {
      answer = await (exchange as SaslExchange).respond(response)
    } catch (reason) {
      endExchange()
      return context.unavailable(reason)
    }
    if (answer.type === 'challenge' || (answer.type === 'success' && answer.data)) {
      engine.send({ type: 'challenge', data: encodeBase64(answer.data as Uint8Array) })
      engine.enterAuth()
      // RFC 5034 §4: +OK has no room for data, so they come before it, and the client answers with nothing.
      if (answer.type === 'success') exchange = confirmed(answer.identity)
      return
    }
    endExchange()
    if (answer.type === 'success') return context.login(answer.identity)
    if (answer.reason === 'temporary') return context.unavailable(null)
    return context.refuse(answer.user ?? null)
  }

  const session: Session<Pop3Event> = {
    start() {
      link.idleTimeout(limits.idle)
      link.deadline(limits.login)
      if (!link.upgraded) context.ok(`${setup.hostname} POP3 server ready${timestamp ? ` ${timestamp}` : ''}`)
    },
    handle,
    // When the time is over nothing is said and nothing removed (RFC 1939 §3), and a server that stops does the same.
    failed() {
      if (engine.awaitsReply) context.error('internal error; try again later', 'SYS/TEMP')
    },
    async closed() {
      over = true
      await release?.()
    },
  }
  return { engine, session }
}
