import { createHash } from 'node:crypto'
import {
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls'
import type { PeerCertificate, TlsInfo } from '../link.js'

/** A certificate with its key, and what a server asks of clients. PEM text or bytes, as `node:tls` takes them. */
export interface TlsMaterial extends SecureContextOptions {
  /** Certificates by the host name a client asks for (SNI); the outer one serves all others. Compared in lower case. */
  readonly hosts?: ReadonlyMap<string, SecureContextOptions>
  /** Ask for a client certificate (SASL EXTERNAL). A client without one is still served. Default: false. */
  readonly requestClientCertificate?: boolean
}

/** What a listener encrypts with. One identity may serve many listeners. */
export interface TlsIdentity {
  readonly requestClientCertificate: boolean
  /** The context for a host name; unknown names get the default one. */
  context(servername?: string): SecureContext
  /** New connections use this from now on; open ones keep what they have. */
  replace(material: TlsMaterial): void
}

/**
 * Prepares certificates for listeners. TLS 1.2 is the least that is spoken (RFC 8996).
 * @throws Error from `node:tls` when the certificate and the key do not fit.
 */
export function createTlsIdentity(material: TlsMaterial): TlsIdentity {
  let fallback: SecureContext
  let hosts: Map<string, SecureContext>
  let requestClientCertificate = false
  const identity: TlsIdentity = {
    get requestClientCertificate() {
      return requestClientCertificate
    },
    context(servername) {
      return (servername && hosts.get(servername.toLowerCase())) || fallback
    },
    replace(next) {
      const { hosts: named, requestClientCertificate: ask, ...own } = next
      const made = createSecureContext({ minVersion: 'TLSv1.2', ...own })
      const madeHosts = new Map<string, SecureContext>()
      for (const [host, options] of named ?? []) {
        madeHosts.set(host.toLowerCase(), createSecureContext({ minVersion: 'TLSv1.2', ...options }))
      }
      fallback = made
      hosts = madeHosts
      requestClientCertificate = ask ?? false
    },
  }
  identity.replace(material)
  return identity
}

/** What the finished handshake of a socket agreed on. */
export function tlsInfo(socket: TLSSocket): TlsInfo {
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.standardName ?? 'unknown',
    servername: (socket as { servername?: string | false }).servername || null,
    peerCertificate: peerCertificate(socket),
    channelBinding: (type) => (type === 'tls-exporter' ? exporter(socket) : serverEndPoint(socket)),
  }
}

/** RFC 9266 §4.2: only TLS 1.3 gives an exporter that is unique by itself. */
function exporter(socket: TLSSocket): Uint8Array | null {
  if (socket.getProtocol() !== 'TLSv1.3') return null
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
}

/** RFC 5929 §4.1: the hash of the server's certificate by its signature's hash, SHA-256 in place of MD5 and SHA-1. */
function serverEndPoint(socket: TLSSocket): Uint8Array | null {
  const certificate = socket.getCertificate() as DetailedPeerCertificate | null
  if (!certificate || !('raw' in certificate)) return null
  const name = certificateHash(certificate.raw)
  return name ? createHash(name).update(certificate.raw).digest() : null
}

/** DER of the signature algorithms' object identifiers that do not use SHA-256 (RFC 4055, RFC 5758). */
const SIGNATURE_HASHES: readonly (readonly [oid: string, hash: string])[] = [
  ['06092a864886f70d01010d', 'sha512'],
  ['06092a864886f70d01010c', 'sha384'],
  ['06082a8648ce3d040304', 'sha512'],
  ['06082a8648ce3d040303', 'sha384'],
  // Ed25519 and Ed448 name no hash: the binding is undefined for them.
  ['06032b6570', ''],
  ['06032b6571', ''],
]

function certificateHash(der: Buffer): string {
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }
  const outer = derLength(der, 1)
  const inner = derLength(der, outer.next + 1)
  const algorithm = der.subarray(inner.next + inner.length, inner.next + inner.length + 32).toString('hex')
  for (const [oid, hash] of SIGNATURE_HASHES) if (algorithm.includes(oid)) return hash
  return 'sha256'
}

function derLength(der: Buffer, at: number): { length: number; next: number } {
  const first = der[at]
  if (first < 0x80) return { length: first, next: at + 1 }
  const octets = first & 0x7f
  return { length: der.readUIntBE(at + 1, octets), next: at + 1 + octets }
}

function peerCertificate(socket: TLSSocket): PeerCertificate | null {
  const certificate = socket.getPeerCertificate(false)
  if (!certificate?.fingerprint256) return null
  return {
    authorized: socket.authorized,
    subject: Object.entries(certificate.subject ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    altNames: (certificate.subjectaltname ?? '').split(', ').filter((name) => name !== ''),
    fingerprint256: certificate.fingerprint256,
  }
}
