/** AUTH (RFC 4954), the client's side. */
import {
  chooseMechanisms,
  decodeBase64,
  encodeBase64,
  fromLatin1,
  type SaslClientContext,
  type SaslClientExchange,
  type SaslClientMechanism,
  type SaslCredentials,
  SaslError,
  standardClientMechanisms,
} from '@posthouse/wire'
import type { Conversation } from './conversation.js'
import type { ServerReply } from './engine/index.js'
import { SmtpClientError } from './errors.js'

/** RFC 4954 §4: an initial response goes along only when the command stays within 512 octets. */
const MAX_COMMAND = 510

/** Replies that say "not with this mechanism": the next one may do (RFC 4954 §6). */
const OTHER_MECHANISM: readonly number[] = [504, 534, 538]

/**
 * Logs in with the strongest mechanism that both sides have.
 * @throws SmtpClientError `auth` when the server refuses or nothing fits; what ended the connection.
 */
export async function logIn(
  conversation: Conversation,
  credentials: SaslCredentials,
  mechanisms: readonly SaslClientMechanism[] = standardClientMechanisms(),
  place: Omit<SaslClientContext, 'offered'>,
  ms: number,
): Promise<void> {
  const offered = conversation.engine.capabilities?.mechanisms ?? new Set<string>()
  const context = { ...place, offered }
  let refusal: SmtpClientError | null = null
  try {
    for (const mechanism of chooseMechanisms(mechanisms, credentials, context)) {
      const reply = await authenticate(conversation, mechanism, mechanism.start(credentials, context), ms)
      if (reply.code < 300) return
      refusal = failure(mechanism, reply)
      if (!OTHER_MECHANISM.includes(reply.code)) break
    }
  } catch (reason) {
    if (!(reason instanceof SaslError)) throw reason
    const error = new SmtpClientError('auth', reason.message, { cause: reason, command: 'AUTH', enhanced: '5.7.8' })
    // A server that is not who it says gets not one word more.
    throw reason.code === 'server-unverified' ? conversation.cut(error) : error
  }
  throw refusal ?? new SmtpClientError('auth', 'no mechanism was tried', { command: 'AUTH' })
}

function failure({ name }: SaslClientMechanism, reply: ServerReply): SmtpClientError {
  const text = `AUTH ${name}: ${reply.code} ${reply.text.join(' ')}`
  return new SmtpClientError('auth', text, { reply, command: 'AUTH' })
}

async function authenticate(
  conversation: Conversation,
  { name }: SaslClientMechanism,
  exchange: SaslClientExchange,
  ms: number,
): Promise<ServerReply> {
  // A token may have to be fetched, which takes as long as it takes.
  const initial = await conversation.until(Promise.resolve(exchange.start()))
  const encoded = initial === null ? null : encodeBase64(initial) || '='
  const fits = encoded !== null && `AUTH ${name} ${encoded}`.length <= MAX_COMMAND
  let waiting = fits ? null : encoded
  conversation.say({ type: 'auth', mechanism: name, response: fits ? encoded : null })
  for (;;) {
    const event = await conversation.next(ms)
    if (event.type === 'closing') return event.reply
    if (event.type === 'reply') {
      if (event.reply.code < 300) exchange.finish()
      return event.reply
    }
    if (waiting !== null) {
      conversation.say({ type: 'auth-response', response: waiting === '=' ? '' : waiting })
      waiting = null
    } else await answer(conversation, exchange, event.data, ms)
  }
}

/** A challenge that is none of the mechanism's is answered with `*`, which ends the authentication (RFC 4954 §4). */
async function answer(
  conversation: Conversation,
  exchange: SaslClientExchange,
  data: string,
  ms: number,
): Promise<void> {
  try {
    const challenge = decodeBase64(fromLatin1(data))
    if (!challenge) throw new SaslError('challenge', 'the challenge is not base64')
    const response = await conversation.until(Promise.resolve(exchange.respond(challenge)))
    conversation.say({ type: 'auth-response', response: encodeBase64(response) })
  } catch (reason) {
    if (conversation.failure) throw reason
    conversation.say({ type: 'auth-response', response: '*' })
    await conversation.next(ms)
    throw reason
  }
}
