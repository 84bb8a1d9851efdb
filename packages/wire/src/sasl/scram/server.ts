/**
 * SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677), with and without channel binding: the server's side.
 *
 * ```
 *   C: n,,n=user,r=<nonce>            header, user, nonce
 *   S: r=<both nonces>,s=<salt>,i=<n>
 *   C: c=<header, binding>,r=,p=<proof>
 *   S: v=<signature>                  proves to the client that the server knows the user
 * ```
 *
 * A user who is not there gets a salt all the same: always the same one, which only a key of the server tells from a
 * real one, and the same computations follow. So neither a reply nor its time tells who exists.
 */
import { concat, equalConstantTime, fromLatin1, fromUtf8, latin1 } from '../../bytes.js'
import type { TlsInfo } from '../../link.js'
import { authorized, outcome } from '../authorize.js'
import { encodeBase64 } from '../base64.js'
import { digest, HASH_OCTETS, hmac, randomOctets, type ScramHash, xor } from '../crypto.js'
import type { CredentialVerifier, Identity, SaslContext, SaslExchange, SaslMechanism, SaslStep } from '../mechanism.js'
import { saslprep } from '../saslprep.js'
import { type ClientFirst, parseClientFinal, parseClientFirst } from './messages.js'
import { DEFAULT_ITERATIONS, DEFAULT_SALT_OCTETS, type ScramKeys } from './secret.js'

/** How a server speaks SCRAM. */
export interface ScramOptions {
  /**
   * Offers the -PLUS mechanisms where TLS gives a channel binding, and refuses clients that were told otherwise on the
   * way. Set it to `false` when the -PLUS mechanisms are taken out of the list. Default: true.
   */
  readonly channelBinding?: boolean
  /**
   * What unknown users seem to have: make it like your real secrets. `key` makes their salts; give several servers the
   * same one, and keep it over restarts. Default: 10,000 iterations, 16 octets of salt, a random key.
   */
  readonly unknownUsers?: {
    readonly key?: Uint8Array
    readonly iterations?: number
    readonly saltOctets?: number
  }
  /** Makes the server's part of a nonce: printable ASCII without a comma. Default: base64 of 18 random octets. */
  readonly nonce?: () => string
}

type Setup = Required<Pick<ScramOptions, 'channelBinding' | 'nonce'>> & {
  readonly unknown: { readonly key: Uint8Array; readonly iterations: number; readonly saltOctets: number }
}

const MALFORMED: SaslStep = { type: 'failure', reason: 'malformed' }

function randomNonce(): string {
  return encodeBase64(randomOctets(18))
}

/** All SCRAM mechanisms, the strongest first. */
export function scram(options: ScramOptions = {}): readonly SaslMechanism[] {
  const { channelBinding = true, nonce = randomNonce, unknownUsers = {} } = options
  const { iterations = DEFAULT_ITERATIONS, saltOctets = DEFAULT_SALT_OCTETS } = unknownUsers
  let { key } = unknownUsers
  const unknown = {
    iterations,
    saltOctets,
    // Servers to which nobody logs in get along without cryptography, which takes its time to load.
    get key() {
      key ??= randomOctets(32)
      return key
    },
  }
  const setup: Setup = { channelBinding, nonce, unknown }
  const plus = channelBinding ? [mechanism('SHA-256', true, setup), mechanism('SHA-1', true, setup)] : []
  return [...plus, mechanism('SHA-256', false, setup), mechanism('SHA-1', false, setup)]
}

function mechanism(hash: ScramHash, plus: boolean, setup: Setup): SaslMechanism {
  return {
    name: `SCRAM-${hash}${plus ? '-PLUS' : ''}`,
    available: (verifier, { tls }) => verifier.scram !== undefined && (!plus || canBind(tls)),
    start: (verifier, context) => exchange(hash, plus, setup, verifier, context),
  }
}

/** True when a connection has one of the two bindings. */
function canBind(tls: TlsInfo | null): boolean {
  return tls !== null && (tls.channelBinding('tls-exporter') ?? tls.channelBinding('tls-server-end-point')) !== null
}

function exchange(
  hash: ScramHash,
  plus: boolean,
  setup: Setup,
  verifier: CredentialVerifier,
  context: SaslContext,
): SaslExchange {
  let first: ClientFirst | null = null
  let user = ''
  let known: (ScramKeys & { readonly identity: Identity }) | null = null
  let keys!: ScramKeys
  let binding: Uint8Array = new Uint8Array(0)
  let nonce = ''
  let serverFirst = ''
  let over = false

  async function hello(response: Uint8Array): Promise<SaslStep> {
    first = parseClientFirst(latin1(response))
    const bound = first === null ? null : bindingData(first, plus, setup, context.tls)
    const prepared = first === null ? null : saslprep(first.user)
    if (first === null || bound === null || prepared === null || prepared === '') return MALFORMED
    binding = concat([fromLatin1(first.headerText), bound])
    user = prepared
    const fake = await fakeKeys(hash, user, setup)
    known = (await verifier.scram?.(user, hash, context)) ?? null
    keys = known ?? fake
    nonce = first.nonce + setup.nonce()
    serverFirst = `r=${nonce},s=${encodeBase64(keys.salt)},i=${keys.iterations}`
    return { type: 'challenge', data: fromLatin1(serverFirst) }
  }

  async function prove(response: Uint8Array, { bare, header }: ClientFirst): Promise<SaslStep> {
    const final = parseClientFinal(latin1(response))
    if (final === null || final.proof.length !== HASH_OCTETS[hash]) return MALFORMED
    const authMessage = fromLatin1(`${bare},${serverFirst},${final.withoutProof}`)
    const clientKey = xor(final.proof, await hmac(hash, keys.storedKey, authMessage))
    const proven = equalConstantTime(await digest(hash, clientKey), keys.storedKey)
    const signature = await hmac(hash, keys.serverKey, authMessage)
    // All comparisons are made before any of them decides.
    const bound = equalConstantTime(final.binding, binding)
    const fresh = equalConstantTime(fromLatin1(final.nonce), fromLatin1(nonce))
    if (!proven || !bound || !fresh || known === null) return outcome(null, user)
    const identity = await authorized(verifier, known.identity, user, header.authorizationId, context)
    if (identity === null) return outcome(null, user)
    return { type: 'success', identity, data: fromLatin1(`v=${encodeBase64(signature)}`) }
  }

  return {
    respond(response) {
      if (over) return MALFORMED
      if (response === null) return { type: 'challenge', data: new Uint8Array(0) }
      if (first === null) return hello(response)
      over = true
      return prove(response, first)
    },
  }
}

/**
 * The octets that bind the login to the TLS connection, none without binding; `null` when the client's flag is wrong
 * (RFC 5802 §6): a client that says `y` was told that there is no -PLUS mechanism, by somebody on the way.
 */
function bindingData({ header }: ClientFirst, plus: boolean, setup: Setup, tls: TlsInfo | null): Uint8Array | null {
  if (!plus) {
    const downgraded = header.flag === 'y' && setup.channelBinding && canBind(tls)
    return header.flag === 'p' || downgraded ? null : new Uint8Array(0)
  }
  // RFC 9266 §4.2, RFC 5929 §4. tls-unique is broken under TLS 1.2 and undefined for TLS 1.3.
  if (header.binding !== 'tls-exporter' && header.binding !== 'tls-server-end-point') return null
  return tls?.channelBinding(header.binding) ?? null
}

/** Keys that no password fits, with a salt that a user name always gets. */
async function fakeKeys(hash: ScramHash, user: string, { unknown }: Setup): Promise<ScramKeys> {
  const { key, iterations, saltOctets } = unknown
  const salt = new Uint8Array(saltOctets)
  // One HMAC is enough for the salts in use; longer ones repeat it with a counter.
  for (let at = 0, block = 0; at < saltOctets; at += 32, block++) {
    const octets = await hmac('SHA-256', key, fromUtf8(`${hash} ${block} ${user}`))
    salt.set(octets.subarray(0, Math.min(32, saltOctets - at)), at)
  }
  const size = HASH_OCTETS[hash]
  return { salt, iterations, storedKey: randomOctets(size), serverKey: randomOctets(size) }
}
