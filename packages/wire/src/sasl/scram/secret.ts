/** What a server keeps of a password for SCRAM (RFC 5802 §3), and how it is made and checked. */
import { equalConstantTime, fromLatin1, fromUtf8 } from '../../bytes.js'
import { digest, hmac, randomOctets, type ScramHash, saltedPassword } from '../crypto.js'
import { SaslError } from '../errors.js'
import { saslprep } from '../saslprep.js'

/** Iterations of PBKDF2 unless asked for otherwise: more than the 4,096 that RFC 7677 §4 wants at least. */
export const DEFAULT_ITERATIONS = 10_000

/** The least number of iterations (RFC 5802 §5.1). */
export const LEAST_ITERATIONS = 4096

/** Octets of a salt unless asked for otherwise. */
export const DEFAULT_SALT_OCTETS = 16

/** The secrets of a password for one hash: nobody can log in with them, but whoever has them can try passwords. */
export interface ScramKeys {
  readonly salt: Uint8Array
  readonly iterations: number
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** How `deriveScramSecret` works. */
export interface ScramDerivation {
  /** Default: `SHA-256`. A user who may use SCRAM-SHA-1 too needs a second set of keys. */
  readonly hash?: ScramHash
  /** Rounds of PBKDF2, 4096 at least. Default: 10,000. Every login costs the client that much. */
  readonly iterations?: number
  /** Default: 16 random octets. */
  readonly salt?: Uint8Array
}

/**
 * Makes what a server stores when a user sets a password.
 * @throws SaslError `credentials` when the password is empty or holds what SASLprep prohibits, `options` when there
 * are fewer than 4096 iterations.
 */
export async function deriveScramSecret(password: string, options: ScramDerivation = {}): Promise<ScramKeys> {
  const { hash = 'SHA-256', iterations = DEFAULT_ITERATIONS, salt = randomOctets(DEFAULT_SALT_OCTETS) } = options
  if (!Number.isInteger(iterations) || iterations < LEAST_ITERATIONS) {
    throw new SaslError('options', `SCRAM needs at least ${LEAST_ITERATIONS} iterations, not ${iterations}`)
  }
  const prepared = saslprep(password)
  if (prepared === null || prepared === '') {
    throw new SaslError('credentials', 'the password is empty or holds characters that SASLprep (RFC 4013) prohibits')
  }
  const salted = await saltedPassword(hash, fromUtf8(prepared), salt, iterations)
  const { storedKey, serverKey } = await scramKeys(hash, salted)
  return { salt, iterations, storedKey, serverKey }
}

/** True when a password is the one that the keys were made of: for PLAIN beside SCRAM with one stored secret. */
export async function verifyScramPassword(
  password: string,
  keys: ScramKeys,
  hash: ScramHash = 'SHA-256',
): Promise<boolean> {
  const prepared = saslprep(password)
  const salted = await saltedPassword(hash, fromUtf8(prepared ?? ''), keys.salt, keys.iterations)
  const { storedKey } = await scramKeys(hash, salted)
  return equalConstantTime(storedKey, keys.storedKey) && prepared !== null && prepared !== ''
}

const CLIENT_KEY = fromLatin1('Client Key')
const SERVER_KEY = fromLatin1('Server Key')

/** The keys that come from a salted password (RFC 5802 §3). */
export async function scramKeys(
  hash: ScramHash,
  salted: Uint8Array,
): Promise<{ clientKey: Uint8Array; storedKey: Uint8Array; serverKey: Uint8Array }> {
  const clientKey = await hmac(hash, salted, CLIENT_KEY)
  return { clientKey, storedKey: await digest(hash, clientKey), serverKey: await hmac(hash, salted, SERVER_KEY) }
}
