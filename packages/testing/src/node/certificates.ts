/**
 * Certificates for one test run: made in memory in about a millisecond, never written down, trusted by nobody who is
 * not told. X.509 by hand (RFC 5280), because every library that makes certificates takes longer to load than the
 * server takes to start.
 */
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8String,
} from './der.js'

/** What is wrong with a server's certificate. `good`: nothing. */
export type CertificateKind = 'good' | 'expired' | 'wrong-host' | 'self-signed'

/** A certificate and its key, PEM. */
export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

/** An authority of one test run. */
export interface TestAuthority {
  /** PEM: give it to clients as `ca`, so that they verify as in production. */
  readonly ca: string
  /** A server certificate for these names and addresses. `wrong-host` is for another name instead. */
  issue(kind: CertificateKind, names: readonly string[]): TestCertificate
}

const DAY = 86_400_000

/** Loaded for the first server with TLS. */
function loadCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto')
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const encoder = new TextEncoder()

interface Draft {
  readonly subject: string
  readonly issuer: string
  readonly from: Date
  readonly to: Date
  readonly names: readonly string[] | null
  readonly publicKey: KeyObject
  readonly signer: Signer
}

/** Who signs. */
interface Signer {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Makes certificates for tests, good and bad ones. `now`: ms since the epoch; good ones are good for a year around it. */
export function createTestAuthority(now: number): TestAuthority {
  const { randomBytes } = loadCrypto()
  const authority = keyPair()
  const issuer = `Posthouse test authority ${randomBytes(4).toString('hex')}`
  const from = new Date(now - DAY)
  const to = new Date(now + 365 * DAY)
  const { publicKey } = authority
  const ca = certificate({ subject: issuer, issuer, from, to, names: null, publicKey, signer: authority })
  return {
    ca,
    issue(kind, names) {
      const own = keyPair()
      const subject = kind === 'wrong-host' ? 'elsewhere.test' : names[0]
      const selfSigned = kind === 'self-signed'
      const expired = kind === 'expired'
      const cert = certificate({
        subject,
        issuer: selfSigned ? subject : issuer,
        from: expired ? new Date(now - 30 * DAY) : from,
        to: expired ? new Date(now - DAY) : to,
        names: kind === 'wrong-host' ? ['elsewhere.test'] : names,
        publicKey: own.publicKey,
        signer: selfSigned ? own : authority,
      })
      return { cert, key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
    },
  }
}

function keyPair(): Signer {
  return loadCrypto().generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

/** TBSCertificate (RFC 5280 §4.1) and its signature. `names: null` makes an authority. */
function certificate({ subject, issuer, from, to, names, publicKey, signer }: Draft): string {
  const { createPrivateKey, randomBytes, sign } = loadCrypto()
  const serial = randomBytes(16)
  serial[0] &= 0x7f
  serial[0] |= 0x40
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(serial),
    ECDSA_SHA256,
    name(issuer),
    sequence(time(from), time(to)),
    name(subject),
    new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    explicit(
      3,
      sequence(...(names ? serverExtensions(names) : authorityExtensions()), ...keyExtensions(publicKey, signer)),
    ),
  )
  const signature = sign('sha256', body, createPrivateKey(signer.privateKey.export({ type: 'pkcs8', format: 'pem' })))
  return pem(sequence(body, ECDSA_SHA256, bitString(new Uint8Array(signature))))
}

const name = (text: string): Uint8Array => sequence(set(sequence(oid('2.5.4.3'), utf8String(text))))

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

/** CA:TRUE; keyCertSign, cRLSign. */
function authorityExtensions(): Uint8Array[] {
  return [
    extension('2.5.29.19', true, sequence(boolean(true))),
    extension('2.5.29.15', true, bitString(Uint8Array.of(0x06), 1)),
  ]
}

/** Subject alternative names; serverAuth. */
function serverExtensions(names: readonly string[]): Uint8Array[] {
  const alternatives = names.map((one) => (isIP(one) ? implicit(7, address(one)) : implicit(2, encoder.encode(one))))
  return [
    extension('2.5.29.17', false, sequence(...alternatives)),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
  ]
}

/** Subject and authority key identifiers (RFC 5280 §4.2.1.1, §4.2.1.2): who verifies strictly wants them. */
function keyExtensions(publicKey: KeyObject, signer: Signer): Uint8Array[] {
  return [
    extension('2.5.29.14', false, octetString(keyIdentifier(publicKey))),
    extension('2.5.29.35', false, sequence(implicit(0, keyIdentifier(signer.publicKey)))),
  ]
}

function keyIdentifier(key: KeyObject): Uint8Array {
  const digest = loadCrypto()
    .createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
  return new Uint8Array(digest.subarray(0, 20))
}

/** Octets of an IPv4 or IPv6 address in text. */
function address(text: string): Uint8Array {
  if (isIP(text) === 4) return Uint8Array.from(text.split('.').map(Number))
  // `::ffff:192.0.2.1`: the last two groups may be an IPv4 address.
  const dotted = text.slice(text.lastIndexOf(':') + 1)
  const groups = isIP(dotted) === 4 ? text.slice(0, -dotted.length) + hexGroups(address(dotted)) : text
  const [head, tail] = groups.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const zeros = tail ? Array<string>(8 - head.length - tail.length).fill('0') : []
  return Uint8Array.from(
    [...head, ...zeros, ...(tail ?? [])].flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return [value >> 8, value & 0xff]
    }),
  )
}

function hexGroups([a, b, c, d]: Uint8Array): string {
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

function pem(der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64')
  const lines = base64.match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
