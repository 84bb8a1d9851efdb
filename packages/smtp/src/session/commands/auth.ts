/** AUTH (RFC 4954 §4). Valid after EHLO, between transactions, once. */
import {
  type CredentialVerifier,
  decodeBase64,
  encodeBase64,
  type Identity,
  type MaybePromise,
  type SaslContext,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
} from '@posthouse/wire'
import { replies } from '../../syntax/replies.js'
import { type Reply, reply } from '../../syntax/reply.js'
import { ask, type Conversation, failed, type ServerSetup } from '../conversation.js'
import type { SmtpSession } from '../handler.js'
import { andThen, isPromise } from '../stages.js'

const EMPTY = new Uint8Array(0)
const EQUALS = 61

/** Where a login happens, for the mechanisms. */
export function saslContext(session: SmtpSession, setup: Pick<ServerSetup, 'allowInsecureAuth'>): SaslContext {
  const { allowInsecureAuth } = setup
  const secure =
    session.tls !== null || allowInsecureAuth === true || (allowInsecureAuth === 'loopback' && session.loopback)
  return { service: session.protocol, tls: session.tls, secure, remote: session.remote, signal: session.signal }
}

/** The mechanisms that can be used on a connection now. */
export function offeredMechanisms(session: SmtpSession, setup: ServerSetup): readonly SaslMechanism[] {
  const { verifier } = setup
  if (!verifier) return []
  const context = saslContext(session, setup)
  return setup.mechanisms.filter((mechanism) => isThere(mechanism, verifier, context, session))
}

/** One that cannot say is not: others may still be, and mail that needs no login must come in. */
function isThere(
  mechanism: SaslMechanism,
  verifier: CredentialVerifier,
  context: SaslContext,
  session: SmtpSession,
): boolean {
  try {
    return mechanism.available(verifier, context)
  } catch (error) {
    session.log({ level: 'error', event: 'handler.failed', stage: 'authenticate', handler: mechanism.name, error })
    return false
  }
}

/** The authentication of one connection. */
export interface Authentication {
  start(mechanism: string, initialResponse: Uint8Array | null): MaybePromise<void>
  response(line: Uint8Array): MaybePromise<void>
  cancelled(): void
  /** A line came that is no response: what was begun is over. */
  broken(): void
}

export function createAuthentication(c: Conversation): Authentication {
  const { session, setup } = c
  let exchange: SaslExchange | null = null
  /** Success is certain; its additional data waits for the client's empty response. */
  let confirmed: Identity | null = null
  let failures = 0

  /** No attempt leaves anything behind by which another could be judged (RFC 4954 §4). */
  function forget(): void {
    exchange = null
    confirmed = null
  }

  function start(name: string, initialResponse: Uint8Array | null): MaybePromise<void> {
    forget()
    const { verifier } = setup
    if (!verifier) return c.answer(replies.notImplemented())
    if (session.identity) return c.answer(replies.badSequence('Already authenticated'))
    const mechanism = setup.mechanisms.find((one) => one.name === name)
    if (!mechanism) return c.mistake(replies.unknownMechanism())
    const context = saslContext(session, setup)
    if (!isThere(mechanism, verifier, context, session)) {
      const withTls = isThere(mechanism, verifier, { ...context, secure: true }, session)
      return c.answer(withTls ? replies.encryptionRequired() : replies.unknownMechanism())
    }
    const verdict = ask(c, 'auth', setup.parts.on.auth, (handler) => handler.auth(name, session))
    return andThen(verdict, (refused?: Reply) => {
      if (refused) return c.answer(refused)
      const decoded = initialResponse === null ? null : decode(initialResponse)
      if (decoded === undefined) return c.mistake(replies.badBase64())
      if (decoded && mechanism.serverFirst) return c.mistake(replies.noInitialResponse())
      return step(decoded, () => (exchange = mechanism.start(verifier, context)))
    })
  }

  function step(response: Uint8Array | null, begun = () => exchange as SaslExchange): MaybePromise<void> {
    try {
      const answer = begun().respond(response)
      if (!isPromise(answer)) return conclude(answer)
      c.waitsFor('authenticate')
      return answer.then(conclude, unavailable)
    } catch (error) {
      return unavailable(error)
    }
  }

  function unavailable(error: unknown): void {
    failed(c, 'authenticate', error)
    forget()
    c.answer(replies.authenticationUnavailable())
  }

  function conclude(answer: SaslStep): MaybePromise<void> {
    if (answer.type === 'challenge') return c.answer(reply(334, null, encodeBase64(answer.data)))
    if (answer.type === 'failure') return refuse(answer.reason, answer.user ?? null)
    if (answer.data) {
      // RFC 4954 §4: 235 has no room for the server's last words; they go as a challenge to be confirmed.
      confirmed = answer.identity
      return c.answer(reply(334, null, encodeBase64(answer.data)))
    }
    return succeed(answer.identity)
  }

  function succeed(identity: Identity): MaybePromise<void> {
    forget()
    const { authenticated } = setup.parts.on
    const verdict = ask(c, 'authenticated', authenticated, (handler) => handler.authenticated(identity, session))
    return andThen(verdict, (refused?: Reply) => {
      if (refused && refused.code >= 300) return c.answer(refused)
      session.identity = identity
      session.log({ level: 'info', event: 'auth.succeeded', account: identity.account })
      c.answer(replies.authenticated())
    })
  }

  function refuse(reason: 'credentials' | 'malformed' | 'temporary', user: string | null): MaybePromise<void> {
    forget()
    if (reason === 'temporary') return c.answer(replies.authenticationUnavailable())
    session.log({ level: 'warn', event: 'auth.failed', reason, user, address: session.remote.address })
    const { authFailed } = setup.parts.on
    const verdict = ask(c, 'authFailed', authFailed, (handler) => handler.authFailed(user, session))
    return andThen(verdict, (answer?: Reply) => {
      failures++
      const { authFailures, authFailureDelay } = session.limits
      // One answer for unknown users, wrong passwords and everything else that is no login; guessing costs time.
      const said = failures >= authFailures ? replies.tooManyErrors() : (answer ?? replies.authenticationFailed())
      if (authFailureDelay === 0) return c.answer(said)
      return session.delay(authFailureDelay * failures).then(() => c.answer(said))
    })
  }

  return {
    start,
    response(line) {
      const decoded = decodeBase64(line)
      if (!decoded) {
        forget()
        return c.mistake(replies.badBase64())
      }
      if (confirmed) return decoded.length === 0 ? succeed(confirmed) : refuse('malformed', null)
      return step(decoded)
    },
    cancelled() {
      forget()
      c.mistake(replies.authenticationCancelled())
    },
    broken: forget,
  }
}

/** An initial response: base64, or `=` for an empty one (RFC 4954 §4). `undefined` when it is neither. */
function decode(response: Uint8Array): Uint8Array | undefined {
  if (response.length === 1 && response[0] === EQUALS) return EMPTY
  return response.length === 0 ? undefined : (decodeBase64(response) ?? undefined)
}
