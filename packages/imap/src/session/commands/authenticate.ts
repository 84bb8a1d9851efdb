/** AUTHENTICATE (RFC 9051 §6.2.2), with an initial response (RFC 4959). Not authenticated state. */
import {
  decodeBase64,
  encodeBase64,
  fromLatin1,
  type Identity,
  type SaslExchange,
  type SaslStep,
} from '@posthouse/wire'
import { bad, no, type Status } from '../../syntax/status.js'
import type { Command, Prompt } from '../extension.js'
import { enter, loginError, offeredMechanisms, refuseLogin } from '../login.js'
import type { ImapSession } from '../session.js'

interface AuthenticateArgs {
  readonly mechanism: string
  /** Base64; `=` for an empty one. */
  readonly initial: string | null
}

const CANCELLED = bad('Authentication cancelled')
const NO_INITIAL = bad('This mechanism has no initial response')
const NO_BASE64 = bad('The response is not base64')

async function run(session: ImapSession, { mechanism: name, initial }: AuthenticateArgs): Promise<Status | Prompt> {
  const { verifier, mechanisms } = session.server
  const context = session.sasl()
  const mechanism = offeredMechanisms(session).find((one) => one.name === name)
  if (!mechanism) {
    const withTls = mechanisms.some((one) => one.name === name && one.available(verifier, { ...context, secure: true }))
    return withTls
      ? no('This mechanism needs an encrypted connection: use STARTTLS first', 'PRIVACYREQUIRED')
      : no('Unknown mechanism', 'CANNOT')
  }
  if (initial !== null && mechanism.serverFirst) return NO_INITIAL
  const exchange = mechanism.start(verifier, context)
  if (initial === null) return respond(session, exchange, null)
  const decoded = initial === '=' ? new Uint8Array(0) : decodeBase64(fromLatin1(initial))
  return decoded ? respond(session, exchange, decoded) : NO_BASE64
}

async function respond(
  session: ImapSession,
  exchange: SaslExchange,
  response: Uint8Array | null,
): Promise<Status | Prompt> {
  let step: SaslStep
  try {
    step = await exchange.respond(response)
  } catch (error) {
    return loginError(session, error, null)
  }
  if (step.type === 'challenge') return ask(step.data, (next) => respond(session, exchange, next))
  if (step.type === 'failure') return refuseLogin(session, step.reason, step.user ?? null)
  if (!step.data) return enter(session, step.identity)
  const { identity } = step
  // RFC 9051 §6.2.2: the OK has no room for the server's last words; the client confirms them with an empty line.
  return ask(step.data, (next) => confirm(session, identity, next))
}

function confirm(session: ImapSession, identity: Identity, response: Uint8Array): Promise<Status> {
  return response.length === 0 ? enter(session, identity) : refuseLogin(session, 'malformed', null)
}

function ask(challenge: Uint8Array, answer: (response: Uint8Array) => Promise<Status | Prompt>): Prompt {
  return {
    prompt: encodeBase64(challenge),
    line(line) {
      if (!line) return NO_BASE64
      if (line.length === 1 && line[0] === 42) return CANCELLED
      const decoded = decodeBase64(line)
      return decoded ? answer(decoded) : NO_BASE64
    },
  }
}

export const authenticate: Command<AuthenticateArgs> = {
  name: 'AUTHENTICATE',
  states: ['not-authenticated'],
  parse(cursor) {
    cursor.space()
    const mechanism = cursor.word('Mechanism')
    return { mechanism, initial: cursor.more() ? cursor.atom('Initial response') : null }
  },
  run,
}
