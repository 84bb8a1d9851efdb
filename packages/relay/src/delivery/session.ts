/** One server as an attempt sees it, and how it is talked to. */
import type { SmtpClient } from '@posthouse/smtp'
import type { TlsaRecord } from '../routing/resolver.js'
import type { AppliedPolicy } from '../tls/policies.js'

/** How a connection has to be encrypted. */
export type TlsLevel =
  /** In clear text. */
  | 'never'
  /** By STARTTLS where it works; nobody is verified (RFC 7435). */
  | 'opportunistic'
  /** Encrypted, with whatever certificate. */
  | 'encrypted'
  /** Encrypted, with a trusted certificate for the server's name. */
  | 'verified'
  /** Encrypted, with a certificate that the TLSA records name (RFC 7672). */
  | 'dane'
  /** As `verified`, from the first octet. */
  | 'implicit'

/** One address of one server, and all that makes a connection to it different from others. */
export interface SessionTarget {
  /** For the certificate, and for SNI where DANE does not name another. */
  readonly host: string
  readonly address: string
  readonly port: number
  readonly protocol: 'smtp' | 'lmtp'
  readonly tls: TlsLevel
  readonly tlsa: readonly TlsaRecord[]
  /** Names that the certificate may be for; with DANE the first is the one that the TLSA records are of. */
  readonly names: readonly string[]
  readonly ca: string | null
  readonly auth: { readonly user: string; readonly password: string } | null
  /** The domain that led there; `null`: a route. Connections are shared between domains. */
  readonly domain: string | null
  /** Servers with the same number are worth the same; lower ones are better. */
  readonly rank: number
  /** What asked for `tls`. */
  readonly policy: AppliedPolicy
}

/** What is to be known about TLS of a connection, when there was an attempt at it. */
export interface TlsObservation {
  readonly target: SessionTarget
  /** `null`: it is encrypted as it must be. */
  readonly failure: string | null
}

/**
 * Opens a session: connects, greets, encrypts, logs in. `observe` hears about TLS.
 * @throws SmtpClientError
 */
export type OpenSession = (
  target: SessionTarget,
  options: {
    /** What we call ourselves. */
    readonly hostname: string
    readonly signal: AbortSignal
    readonly observe: (seen: TlsObservation) => void
  },
) => Promise<SmtpClient>

/** Connections with the same key can be used for each other's messages. */
export function targetKey(target: SessionTarget): string {
  const { address, port, protocol, tls, host, auth, ca, tlsa, names, policy } = target
  const tlsaKey = tlsa.map(({ usage, selector, matchingType, data }) => `${usage}${selector}${matchingType}${data}`)
  return [address, port, protocol, tls, host, auth?.user ?? '', ca ?? '', policy.testing, ...names, ...tlsaKey].join(
    ' ',
  )
}
