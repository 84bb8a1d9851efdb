import type { DetailedPeerCertificate, SecureContext, SecureContextOptions, TLSSocket } from 'node:tls'
import type { PeerCertificate, TlsInfo } from '../link.js'
import { endPointHash } from '../sasl/end-point-hash.js'

/** A certificate with its key, and what a server asks of clients. PEM text or bytes, as `node:tls` takes them. */
export interface TlsMaterial extends SecureContextOptions {
  /** Certificates by the host name a client asks for (SNI); the outer one serves all others. Compared in lower case. */
  readonly hosts?: ReadonlyMap<string, SecureContextOptions>
  /**
   * Ask for a client certificate (SASL EXTERNAL). A client without one is still served. Where there are `hosts`, too, sessions
   * are not resumed. Default: false.
   */
  readonly requestClientCertificate?: boolean
}

/** Loaded for the first who encrypts: with all of cryptography behind it, it is as much as the rest of a server. */
export function loadTls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls')
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
 * What sessions are for. Without it OpenSSL fails the handshake of everybody who comes back with a session where clients are
 * asked for certificates. A session says that its client was trusted, and `ticketKeys` may outlive what it was trusted by:
 * it is good where that is still the same.
 */
function sessionsOf({ ca, crl, pfx }: SecureContextOptions): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  // OpenSSL takes up to 32 octets.
  return createHash('sha256')
    .update(JSON.stringify([ca, crl, pfx]))
    .digest('hex')
    .slice(0, 32)
}

/** `SSL_OP_NO_TICKET`, for options that may be longer than 32 bits: nobody comes back with a session. */
const NO_SESSIONS = 1n << 14n

/**
 * Prepares certificates for listeners. TLS 1.2 is the least that is spoken (RFC 8996).
 * @throws Error when a certificate or its key is missing, and from `node:tls` when they do not fit; TypeError for text that
 * is no PEM, such as the path of a file.
 */
export function createTlsIdentity(material: TlsMaterial): TlsIdentity {
  const { createSecureContext } = loadTls()
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
      // A session knows that its client was trusted, and not at which host: each may have an authority of its own.
      const separate = ask && named !== undefined && named.size > 0
      const context = (options: SecureContextOptions, whose: string): SecureContext => {
        needCertificate(options, whose)
        checkPem(options, whose)
        const { secureOptions = 0 } = options
        const sessions = ask && { sessionIdContext: sessionsOf(options) }
        const more = separate && { secureOptions: Number(BigInt(secureOptions) | NO_SESSIONS) }
        return createSecureContext({ minVersion: 'TLSv1.2', ...sessions, ...options, ...more })
      }
      const made = context(own, 'TLS')
      const madeHosts = new Map<string, SecureContext>()
      for (const [host, options] of named ?? []) {
        madeHosts.set(host.toLowerCase(), context(options, `TLS for ${host}`))
      }
      fallback = made
      hosts = madeHosts
      requestClientCertificate = ask ?? false
    },
  }
  identity.replace(material)
  return identity
}

/**
 * A path is the usual mistake, for which OpenSSL has few words. Nothing of what was given is said: it may be the key.
 * @throws TypeError for text that is no PEM.
 */
export function checkPem(material: SecureContextOptions, whose: string): void {
  for (const name of ['cert', 'key', 'ca'] as const) {
    for (const one of [material[name]].flat()) {
      if (typeof one === 'string' && one !== '' && !one.includes('-----BEGIN ')) {
        throw new TypeError(`${whose}: \`${name}\` must be PEM, not a path`)
      }
    }
  }
}

/** OpenSSL takes a context without a certificate, and then fails every handshake. */
function needCertificate(options: SecureContextOptions, whose: string): void {
  const { pfx, cert, key, privateKeyIdentifier } = options
  if (isGiven(pfx)) return
  if (!isGiven(cert)) throw new Error(`${whose} needs a certificate: give \`cert\` and \`key\`, or \`pfx\``)
  if (!isGiven(key) && !privateKeyIdentifier) throw new Error(`${whose} needs the \`key\` of its certificate`)
}

function isGiven(material: SecureContextOptions['cert' | 'key' | 'pfx']): boolean {
  return Array.isArray(material) ? material.length > 0 : Boolean(material)
}

/** What the finished handshake of a socket agreed on. `role`: which end of it this is. */
export function tlsInfo(socket: TLSSocket, role: 'server' | 'client'): TlsInfo {
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.standardName ?? 'unknown',
    servername: (socket as { servername?: string | false }).servername || null,
    peerCertificate: peerCertificate(socket, role),
    channelBinding: (type) => (type === 'tls-exporter' ? exporter(socket) : serverEndPoint(socket, role)),
  }
}

/** RFC 9266 §4.2: only TLS 1.3 gives an exporter that is unique by itself. */
function exporter(socket: TLSSocket): Uint8Array | null {
  if (socket.getProtocol() !== 'TLSv1.3') return null
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
}

/** RFC 5929 §4.1: the hash of the server's certificate. */
function serverEndPoint(socket: TLSSocket, role: 'server' | 'client'): Uint8Array | null {
  const certificate = (
    role === 'server' ? socket.getCertificate() : socket.getPeerCertificate(true)
  ) as Partial<DetailedPeerCertificate> | null
  const hash = certificate?.raw ? endPointHash(certificate.raw) : null
  const { createHash } = process.getBuiltinModule('node:crypto')
  return certificate?.raw && hash ? createHash(hash.replace('-', '')).update(certificate.raw).digest() : null
}

/**
 * `authorized` of a server's socket is set by `tls.Server` alone, which STARTTLS has no use for; the handle that it asks
 * knows the same. Where it cannot be asked nobody is authorized.
 */
function isAuthorized(socket: TLSSocket, role: 'server' | 'client'): boolean {
  if (role === 'client') return socket.authorized
  const { _handle: handle } = socket as unknown as { _handle?: { verifyError?(): Error | null } | null }
  return typeof handle?.verifyError === 'function' && handle.verifyError() === null
}

function peerCertificate(socket: TLSSocket, role: 'server' | 'client'): PeerCertificate | null {
  const certificate = socket.getPeerCertificate(false)
  if (!certificate?.fingerprint256) return null
  return {
    authorized: isAuthorized(socket, role),
    subject: Object.entries(certificate.subject ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    altNames: (certificate.subjectaltname ?? '').split(', ').filter((name) => name !== ''),
    fingerprint256: certificate.fingerprint256,
  }
}
