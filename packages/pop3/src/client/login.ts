import {
  chooseMechanisms,
  decodeBase64,
  encodeBase64,
  type SaslClientContext,
  type SaslClientExchange,
  type SaslClientMechanism,
  type SaslCredentials,
  SaslError,
  standardClientMechanisms,
} from '@posthouse/wire'
import type { Conversation } from './conversation.js'
import { Pop3ClientError } from './errors.js'

/** How a client logs in. */
export interface Pop3LoginOptions {
  readonly credentials: SaslCredentials
  /** In order of preference. Default: all but CRAM-MD5, the strongest first. */
  readonly mechanisms?: readonly SaslClientMechanism[]
}

/**
 * Logs in: by AUTH (RFC 5034) with the strongest mechanism both sides have, else by USER and PASS where a password may
 * cross the connection.
 * @throws Pop3ClientError `auth`.
 */
export async function logIn(
  conversation: Conversation,
  capabilities: ReadonlyMap<string, readonly string[]>,
  { credentials, mechanisms = standardClientMechanisms() }: Pop3LoginOptions,
  place: Omit<SaslClientContext, 'offered'>,
): Promise<void> {
  const offered = new Set((capabilities.get('SASL') ?? []).map((name) => name.toUpperCase()))
  try {
    const usable = mechanisms.find(
      ({ name, usable }) => offered.has(name) && usable(credentials, { ...place, offered }),
    )
    if (usable) return await authenticate(conversation, usable, usable.start(credentials, { ...place, offered }))
    const { user, password } = credentials
    // A server without CAPA is an old one, and has USER.
    const hasUser = capabilities.has('USER') || capabilities.size === 0
    if (!hasUser || !place.secure || user === undefined || password === undefined) {
      // Says why none fits.
      chooseMechanisms(mechanisms, credentials, { ...place, offered })
    }
    const utf8 = capabilities.get('UTF8')?.includes('USER') ?? false
    await conversation.ask(`USER ${sendable('user name', user, utf8)}`)
    await conversation.ask(`PASS ${sendable('password', password, utf8)}`)
  } catch (reason) {
    if (reason instanceof SaslError) throw new Pop3ClientError('auth', reason.message, { cause: reason })
    if (!(reason instanceof Pop3ClientError) || reason.code !== 'refused') throw reason
    throw new Pop3ClientError('auth', reason.message, {
      cause: reason,
      responseCode: reason.responseCode,
      ...(reason.command !== null && { command: reason.command }),
    })
  }
}

/** What USER and PASS can carry: one line, and UTF-8 only where the server said so (RFC 6856 §2.2). */
function sendable(name: string, text: string | undefined, utf8: boolean): string {
  for (const character of text ?? '') {
    const code = character.codePointAt(0) as number
    if (code === 0 || code === 10 || code === 13 || (code > 127 && !utf8)) {
      throw new SaslError('credentials', `the ${name} holds a character that this server cannot take by USER and PASS`)
    }
  }
  return text ?? ''
}

/** RFC 5034 §4: the initial response goes with the command when the line stays within 255 octets. */
async function authenticate(
  conversation: Conversation,
  mechanism: SaslClientMechanism,
  exchange: SaslClientExchange,
): Promise<void> {
  const initial = await exchange.start()
  const line = `AUTH ${mechanism.name}`
  const encoded = initial === null ? null : encodeBase64(initial) || '='
  let waiting: string | null = null
  if (encoded !== null && line.length + encoded.length < 253) conversation.say(`${line} ${encoded}`, 'challenges')
  else {
    conversation.say(line, 'challenges')
    waiting = encoded
  }
  for (;;) {
    const event = await conversation.next()
    if (event.type === 'status') {
      if (event.ok) return exchange.finish()
      const why = exchange.refusal ?? event.text
      throw new Pop3ClientError('auth', `AUTH ${mechanism.name}: ${why}`, {
        command: 'AUTH',
        responseCode: event.code,
      })
    }
    if (event.type !== 'challenge') throw new Pop3ClientError('protocol', 'an authentication has no octets')
    if (waiting !== null) {
      conversation.respond(waiting === '=' ? '' : waiting)
      waiting = null
      continue
    }
    await answer(conversation, exchange, event.data)
  }
}

async function answer(conversation: Conversation, exchange: SaslClientExchange, data: Uint8Array): Promise<void> {
  try {
    const challenge = decodeBase64(data)
    if (!challenge) throw new SaslError('challenge', 'the challenge is not base64')
    conversation.respond(encodeBase64(await exchange.respond(challenge)))
  } catch (reason) {
    conversation.respond('*')
    await conversation.status('AUTH').catch(() => {})
    throw reason
  }
}
