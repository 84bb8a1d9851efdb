/** The hashes of SCRAM over Web Crypto, which every runtime has. */

/** The hash functions of the SCRAM mechanisms that are spoken here. */
export type ScramHash = 'SHA-1' | 'SHA-256'

/** Octets of a hash. */
export const HASH_OCTETS: Readonly<Record<ScramHash, number>> = { 'SHA-1': 20, 'SHA-256': 32 }

const HMAC = 'HMAC'
const PBKDF2 = 'PBKDF2'

/** What Web Crypto takes; a view of shared memory is none, and nothing here is. */
function source(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}

export async function digest(hash: ScramHash, data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await globalThis.crypto.subtle.digest(hash, source(data)))
}

export async function hmac(hash: ScramHash, key: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto
  const imported = await subtle.importKey('raw', source(key), { name: HMAC, hash }, false, ['sign'])
  return new Uint8Array(await subtle.sign(HMAC, imported, source(data)))
}

/** `Hi` of RFC 5802 §2.2, which is PBKDF2 with one block. */
export async function saltedPassword(
  hash: ScramHash,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto
  const key = await subtle.importKey('raw', source(password), PBKDF2, false, ['deriveBits'])
  const parameters = { name: PBKDF2, hash, salt: source(salt), iterations }
  return new Uint8Array(await subtle.deriveBits(parameters, key, HASH_OCTETS[hash] * 8))
}

/** Octets that nobody can guess. */
export function randomOctets(count: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(count))
}

export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length)
  for (let i = 0; i < a.length; i++) out[i] = a[i] ^ b[i]
  return out
}
