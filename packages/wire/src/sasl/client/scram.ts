/** SCRAM (RFC 5802, RFC 7677), the client's side: the password stays here, and the server must prove itself too. */
import { concat, equalConstantTime, fromLatin1, fromUtf8, latin1 } from '../../bytes.js'
import type { TlsInfo } from '../../link.js'
import { encodeBase64 } from '../base64.js'
import { hmac, randomOctets, type ScramHash, saltedPassword, xor } from '../crypto.js'
import { SaslError } from '../errors.js'
import { saslprep } from '../saslprep.js'
import { parseServerFinal, parseServerFirst } from '../scram/messages.js'
import { LEAST_ITERATIONS, scramKeys } from '../scram/secret.js'
import { encodeSaslName } from '../text.js'
import { credential } from './exchange.js'
import type { SaslClientContext, SaslClientExchange, SaslClientMechanism, SaslCredentials } from './mechanism.js'

/** What a client lets a server ask of it. */
export interface ScramClientOptions {
  /** Rounds of PBKDF2 at least; fewer make a stolen exchange easy to crack. Default: 4096 (RFC 5802 §5.1). */
  readonly leastIterations?: number
  /** Rounds of PBKDF2 at most: a server could keep us busy for hours. Default: 1,000,000. */
  readonly mostIterations?: number
  /** Makes nonces: printable ASCII without a comma. Default: base64 of 18 random octets. */
  readonly nonce?: () => string
}

/** The four mechanisms, the strongest first. */
export function scramClient(options: ScramClientOptions = {}): readonly SaslClientMechanism[] {
  return [
    mechanism('SHA-256', true, options),
    mechanism('SHA-1', true, options),
    mechanism('SHA-256', false, options),
    mechanism('SHA-1', false, options),
  ]
}

function mechanism(hash: ScramHash, plus: boolean, options: ScramClientOptions): SaslClientMechanism {
  return {
    name: `SCRAM-${hash}${plus ? '-PLUS' : ''}`,
    usable: ({ user, password }, { tls }) =>
      user !== undefined && password !== undefined && (!plus || channelBinding(tls) !== null),
    start: (credentials, context) => exchange(hash, plus, credentials, context, options),
  }
}

/** RFC 9266 for TLS 1.3, RFC 5929 §4 for what came before. */
function channelBinding(tls: TlsInfo | null): { name: string; data: Uint8Array } | null {
  for (const name of ['tls-exporter', 'tls-server-end-point'] as const) {
    const data = tls?.channelBinding(name) ?? null
    if (data !== null) return { name, data }
  }
  return null
}

function exchange(
  hash: ScramHash,
  plus: boolean,
  credentials: SaslCredentials,
  { tls, offered }: SaslClientContext,
  { leastIterations = LEAST_ITERATIONS, mostIterations = 1_000_000, ...options }: ScramClientOptions,
): SaslClientExchange {
  const binding = channelBinding(tls)
  const nonce = options.nonce?.() ?? encodeBase64(randomOctets(18))
  let header = ''
  let bare = ''
  let stage: 'first' | 'final' | 'verified' | 'over' = 'first'
  let expected: Uint8Array | null = null

  /** RFC 5802 §6: `y` tells a server that it seems to have no -PLUS, so that it can notice who took that away. */
  function flag(): string {
    if (plus && binding) return `p=${binding.name}`
    const plusOffered = offered.has('SCRAM-SHA-256-PLUS') || offered.has('SCRAM-SHA-1-PLUS')
    return binding && !plusOffered ? 'y' : 'n'
  }

  async function prove(challenge: Uint8Array): Promise<Uint8Array> {
    const text = latin1(challenge)
    const first = parseServerFirst(text)
    if (first === null) throw new SaslError('challenge', 'the first SCRAM message of the server cannot be read')
    if (first.nonce.length <= nonce.length || !first.nonce.startsWith(nonce)) {
      throw new SaslError('challenge', "the server's nonce does not begin with ours: the message is not for us")
    }
    if (first.iterations < leastIterations || first.iterations > mostIterations) {
      throw new SaslError('challenge', `${first.iterations} iterations are not ${leastIterations} to ${mostIterations}`)
    }
    const password = prepared('password', credentials.password)
    const salted = await saltedPassword(hash, fromUtf8(password), first.salt, first.iterations)
    const { clientKey, storedKey, serverKey } = await scramKeys(hash, salted)
    const bound = plus && binding ? binding.data : new Uint8Array(0)
    const withoutProof = `c=${encodeBase64(concat([fromUtf8(header), bound]))},r=${first.nonce}`
    const authMessage = concat([fromUtf8(bare), fromLatin1(`,${text},${withoutProof}`)])
    const proof = xor(clientKey, await hmac(hash, storedKey, authMessage))
    expected = await hmac(hash, serverKey, authMessage)
    return fromLatin1(`${withoutProof},p=${encodeBase64(proof)}`)
  }

  function verify(challenge: Uint8Array): Uint8Array {
    const final = parseServerFinal(latin1(challenge))
    if (final === null) throw new SaslError('challenge', 'the last SCRAM message of the server cannot be read')
    if ('error' in final) throw new SaslError('rejected', `the server refused: ${final.error.slice(0, 100)}`)
    if (expected === null || !equalConstantTime(final.signature, expected)) {
      throw new SaslError('server-unverified', 'the signature is wrong: the server does not know this user')
    }
    stage = 'verified'
    return new Uint8Array(0)
  }

  return {
    refusal: null,
    start() {
      const { authorizationId, user } = credentials
      const authority = authorizationId
        ? `a=${encodeSaslName(credential('authorization identity', authorizationId))}`
        : ''
      header = `${flag()},${authority},`
      bare = `n=${encodeSaslName(prepared('user name', user))},r=${nonce}`
      return fromUtf8(header + bare)
    },
    respond(challenge) {
      if (stage === 'first') {
        stage = 'final'
        return prove(challenge)
      }
      if (stage !== 'final') throw new SaslError('challenge', 'SCRAM is over; the server sent another challenge')
      stage = 'over'
      return verify(challenge)
    },
    finish() {
      if (stage !== 'verified') {
        throw new SaslError('server-unverified', 'the server says yes without proof that it knows this user')
      }
    },
  }
}

function prepared(name: string, text = ''): string {
  const result = saslprep(credential(name, text))
  if (result === null || result === '') {
    throw new SaslError('credentials', `the ${name} holds characters that SASLprep (RFC 4013) prohibits`)
  }
  return result
}
