import { isStoreError, type MailStore } from '@posthouse/store-api'
import {
  type CredentialVerifier,
  decodeBase64,
  encodeBase64,
  type Identity,
  type Link,
  type Log,
  type SaslContext,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
  type Session,
} from '@posthouse/wire'
import { createPop3Engine, type Pop3Engine } from '../engine/engine.js'
import type { Pop3Event } from '../engine/events.js'
import type { Pop3Limits } from '../engine/limits.js'
import { type Pop3Command, parseNumber } from '../syntax/command.js'
import { type Maildrop, type MaildropMessage, openMaildrop } from './maildrop.js'
import { retrieve, top } from './retrieve.js'

/** What every connection of a server shares. */
export interface ServerSetup {
  readonly hostname: string
  readonly store: MailStore
  readonly verifier: CredentialVerifier
  readonly mechanisms: readonly SaslMechanism[]
  readonly allowInsecureAuth: boolean | 'loopback'
  readonly limits: Pop3Limits
  readonly log: Log | null
}

/** The commands of each state (RFC 1939 §4-6). */
const AUTHORIZATION = new Set(['USER', 'PASS', 'AUTH', 'STLS', 'CAPA', 'QUIT', 'NOOP'])
const TRANSACTION = new Set(['STAT', 'LIST', 'UIDL', 'RETR', 'TOP', 'DELE', 'RSET', 'NOOP', 'CAPA', 'QUIT'])

/** Makes the engine and the session of a new connection. */
export function createSession(setup: ServerSetup, link: Link): { engine: Pop3Engine; session: Session<Pop3Event> } {
  const { limits } = setup
  const engine = createPop3Engine(limits, link.upgraded)
  const log = setup.log ?? link.log
  const secure =
    link.tls !== null || setup.allowInsecureAuth === true || (setup.allowInsecureAuth === 'loopback' && link.loopback)
  const context: SaslContext = { service: 'pop3', tls: link.tls, secure, remote: link.remote, signal: link.signal }
  let user: string | null = null
  let exchange: SaslExchange | null = null
  let drop: Maildrop | null = null
  let errors = 0
  let authFailures = 0

  const ok = (text: string): void => engine.send({ type: 'status', ok: true, text })
  const error = (text: string, code?: string): void =>
    engine.send({ type: 'status', ok: false, text, ...(code !== undefined && { code }) })

  function close(): void {
    engine.end()
    link.close()
  }

  function mistake(text: string): void {
    error(text)
    if (++errors >= limits.errors) close()
  }

  function handle(event: Pop3Event): void | Promise<void> {
    switch (event.type) {
      case 'command':
        return command(event.command)
      case 'auth-response':
        return respond(event.response)
      case 'auth-cancelled':
        exchange = null
        engine.leaveAuth()
        return error('authentication cancelled')
      case 'line-too-long':
        return mistake('the line is too long')
      case 'violation':
        log({ level: 'warn', event: 'protocol.violation', connection: link.id, message: event.message })
        error(event.message)
        return close()
    }
  }

  function command(command: Pop3Command): void | Promise<void> {
    const { keyword } = command
    if (!(drop ? TRANSACTION : AUTHORIZATION).has(keyword)) {
      const known = AUTHORIZATION.has(keyword) || TRANSACTION.has(keyword)
      return mistake(known ? 'not in this state' : 'unknown command')
    }
    switch (keyword) {
      case 'CAPA':
        return engine.send({ type: 'lines', text: 'capabilities follow', lines: capabilities() })
      case 'NOOP':
        return ok('still here')
      case 'QUIT':
        return quit()
      case 'STLS':
        return startTls()
      case 'USER':
        return nameUser(command)
      case 'PASS':
        return password(command)
      case 'AUTH':
        return authenticate(command)
      default:
        return transaction(drop as Maildrop, command)
    }
  }

  // --- AUTHORIZATION ---

  function offered(): readonly SaslMechanism[] {
    return setup.mechanisms.filter((mechanism) => mechanism.available(setup.verifier, context))
  }

  function capabilities(): string {
    const lines = ['TOP', 'UIDL', 'PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE']
    if (!drop) {
      if (secure && setup.verifier.password) lines.push('USER')
      const names = offered().map((mechanism) => mechanism.name)
      if (names.length > 0) lines.push(`SASL ${names.join(' ')}`)
      if (link.canStartTls) lines.push('STLS')
    }
    lines.push('IMPLEMENTATION Posthouse')
    return `${lines.join('\r\n')}\r\n`
  }

  function startTls(): void {
    if (!link.canStartTls) return error('TLS is not available')
    ok('begin TLS')
    engine.expectTls()
    link.startTls()
  }

  function nameUser({ argument }: Pop3Command): void {
    if (!secure) return error('a password may not cross this connection; use STLS', 'AUTH')
    if (argument === '') return mistake('USER needs a name')
    user = argument
    // Said for every name: who exists here is not told (RFC 1939 §7).
    ok('send PASS')
  }

  async function password({ argument }: Pop3Command): Promise<void> {
    if (user === null || !setup.verifier.password) return mistake('send USER first')
    const name = user
    user = null
    let identity: Identity | null
    try {
      identity = await setup.verifier.password({ user: name, password: argument, authorizationId: null }, context)
    } catch (reason) {
      return unavailable(reason)
    }
    return identity ? login(identity) : refuse(name)
  }

  function authenticate({ words }: Pop3Command): void | Promise<void> {
    const [name, initial] = words
    if (name === undefined) {
      const lines = offered().map((mechanism) => `${mechanism.name}\r\n`)
      return engine.send({ type: 'lines', text: 'mechanisms follow', lines: lines.join('') })
    }
    const mechanism = offered().find((one) => one.name === name.toUpperCase())
    if (!mechanism) return error('this mechanism is not offered')
    const response = initial === undefined ? null : initial === '=' ? new Uint8Array(0) : base64(initial)
    if (response === undefined) return mistake('not base64')
    exchange = mechanism.start(setup.verifier, context)
    return step(response)
  }

  function respond(line: Uint8Array): void | Promise<void> {
    const response = decodeBase64(line)
    if (response) return step(response)
    exchange = null
    engine.leaveAuth()
    return mistake('not base64')
  }

  async function step(response: Uint8Array | null): Promise<void> {
    let answer: SaslStep
    try {
      answer = await (exchange as SaslExchange).respond(response)
    } catch (reason) {
      engine.leaveAuth()
      return unavailable(reason)
    }
    if (answer.type === 'challenge' || (answer.type === 'success' && answer.data)) {
      engine.send({ type: 'challenge', data: encodeBase64(answer.data as Uint8Array) })
      engine.enterAuth()
      if (answer.type === 'success') exchange = { respond: () => ({ type: 'success', identity: answer.identity }) }
      return
    }
    exchange = null
    engine.leaveAuth()
    if (answer.type === 'success') return login(answer.identity)
    if (answer.reason === 'temporary') return unavailable(null)
    return refuse(answer.user ?? null)
  }

  function unavailable(reason: unknown): void {
    log({ level: 'error', event: 'auth.unavailable', connection: link.id, error: reason })
    error('cannot check that now; try again later', 'SYS/TEMP')
  }

  function refuse(name: string | null): void {
    log({ level: 'warn', event: 'auth.failed', connection: link.id, user: name, address: link.remote.address })
    error('user name or password is wrong', 'AUTH')
    if (++authFailures >= limits.authFailures) close()
  }

  async function login(identity: Identity): Promise<void> {
    try {
      const { account, principal } = identity
      drop = await openMaildrop(await setup.store.open(account, principal ? { principal } : undefined))
    } catch (reason) {
      return unavailable(reason)
    }
    link.deadline(0)
    log({ level: 'info', event: 'auth.succeeded', connection: link.id, account: identity.account })
    const { count, octets } = drop.total()
    ok(`${count} messages (${octets} octets)`)
  }

  // --- TRANSACTION ---

  function transaction(maildrop: Maildrop, { keyword, words }: Pop3Command): void | Promise<void> {
    const [first, second] = words
    switch (keyword) {
      case 'STAT': {
        const { count, octets } = maildrop.total()
        return ok(`${count} ${octets}`)
      }
      case 'RSET':
        for (const message of maildrop.messages) message.deleted = false
        return ok('nothing is deleted')
      case 'LIST':
        return listing(maildrop, first, ({ size }) => String(size))
      case 'UIDL':
        return listing(maildrop, first, ({ uid }) => `${maildrop.uidValidity}.${uid}`)
    }
    const message = find(maildrop, first)
    if (!message) return
    if (keyword === 'DELE') {
      message.deleted = true
      return ok('marked as deleted')
    }
    if (keyword === 'RETR') return transfer(retrieve(engine, link, maildrop, message))
    const lines = parseNumber(second)
    if (lines === null) return mistake('TOP needs a message number and a number of lines')
    return transfer(top(engine, link, maildrop, message, lines))
  }

  function find(maildrop: Maildrop, text: string | undefined): MaildropMessage | null {
    const number = parseNumber(text)
    const message = number === null ? undefined : maildrop.messages[number - 1]
    if (message && !message.deleted) return message
    if (number === null) mistake('a message number is missing')
    else error('no such message')
    return null
  }

  function listing(maildrop: Maildrop, text: string | undefined, value: (message: MaildropMessage) => string): void {
    if (text !== undefined) {
      const message = find(maildrop, text)
      if (message) ok(`${Number(text)} ${value(message)}`)
      return
    }
    let lines = ''
    for (const [i, message] of maildrop.messages.entries()) {
      if (!message.deleted) lines += `${i + 1} ${value(message)}\r\n`
    }
    engine.send({ type: 'lines', text: 'listing follows', lines })
  }

  async function transfer(sending: Promise<void>): Promise<void> {
    try {
      await sending
    } catch (reason) {
      if (!isStoreError(reason) || reason.code !== 'nonexistent' || engine.sending) throw reason
      error('this message was deleted by another session')
    }
  }

  /** RFC 1939 §6: what was marked is removed now, and only now. */
  async function quit(): Promise<void> {
    try {
      await drop?.update()
      ok('goodbye')
    } catch (reason) {
      log({ level: 'error', event: 'update.failed', connection: link.id, error: reason })
      error('some messages were not removed', 'SYS/TEMP')
    }
    close()
  }

  const session: Session<Pop3Event> = {
    start() {
      link.idleTimeout(limits.idle)
      link.deadline(limits.login)
      if (!link.upgraded) ok(`${setup.hostname} POP3 server ready`)
    },
    handle,
    // When the time is over nothing is said and nothing removed (RFC 1939 §3), and a server that stops does the same.
    failed() {
      if (engine.awaitsReply) error('internal error; try again later', 'SYS/TEMP')
    },
    async closed() {
      await drop?.close()
    },
  }
  return { engine, session }
}

function base64(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0xff
  return decodeBase64(bytes) ?? undefined
}
