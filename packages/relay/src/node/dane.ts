/** Is this certificate one that the TLSA records name (RFC 6698 §2.1, RFC 7671, RFC 7672 §3.1)? */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { TlsaRecord } from '../routing/resolver.js'

/** Certificates of a chain that are looked at. */
const MAX_CHAIN = 10

/** The certificates that a server has shown, its own first. */
export function peerChain(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let certificate = socket.getPeerCertificate(true)
  while (certificate?.raw && chain.length < MAX_CHAIN) {
    chain.push(new X509Certificate(certificate.raw))
    // The last one points to itself.
    if (!certificate.issuerCertificate || certificate.issuerCertificate === certificate) break
    certificate = certificate.issuerCertificate
  }
  return chain
}

/** Why none of the records fits; `null`: one does. `names`: those that a certificate below an authority may be for. */
export function daneProblem(
  records: readonly TlsaRecord[],
  chain: readonly X509Certificate[],
  names: readonly string[],
  now: Date,
): string | null {
  const [leaf] = chain
  if (!leaf) return 'TLSA: the server has shown no certificate'
  // DANE-EE: the record says all there is to say; neither names nor dates matter (RFC 7672 §3.1.1).
  if (records.some((record) => record.usage === 3 && fits(record, leaf))) return null
  let problem: string | null = null
  for (const record of records) {
    if (record.usage !== 2) continue
    const found = belowAuthority(record, chain, now)
    if (found === 'no') continue
    if (found === 'expired') problem = 'TLSA: a certificate of the chain has expired'
    else if (names.some((name) => leaf.checkHost(name) !== undefined)) return null
    else problem = `TLSA: the certificate is not for ${names.join(' or ')}`
  }
  return problem ?? 'TLSA: no record names this certificate'
}

/** DANE-TA: walks up from the server's certificate to one that the record names (RFC 7672 §3.1.2). */
function belowAuthority(record: TlsaRecord, chain: readonly X509Certificate[], now: Date): 'yes' | 'no' | 'expired' {
  let valid = true
  for (const [i, certificate] of chain.entries()) {
    valid &&= isCurrent(certificate, now)
    if (i > 0 && (!certificate.ca || !isIssuer(certificate.publicKey, certificate, chain[i - 1]))) return 'no'
    if (i > 0 && fits(record, certificate)) return valid ? 'yes' : 'expired'
    // A record that holds all of the authority stands for it where the server does not show it.
    const key = keyOf(record)
    if (key && certificate.verify(key)) return valid ? 'yes' : 'expired'
  }
  return 'no'
}

function isIssuer(key: KeyObject, issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(key)
}

function isCurrent(certificate: X509Certificate, now: Date): boolean {
  return new Date(certificate.validFrom) <= now && now <= new Date(certificate.validTo)
}

function fits({ selector, matchingType, data }: TlsaRecord, certificate: X509Certificate): boolean {
  const octets = selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' })
  const shown =
    matchingType === 0
      ? octets
      : createHash(matchingType === 1 ? 'sha256' : 'sha512')
          .update(octets)
          .digest()
  return Buffer.compare(shown, data) === 0
}

/** The authority's key, where the record holds all of it (matching type 0). */
function keyOf({ selector, matchingType, data }: TlsaRecord): KeyObject | null {
  if (matchingType !== 0) return null
  try {
    if (selector === 0) return new X509Certificate(data).publicKey
    return createPublicKey({ key: Buffer.from(data), format: 'der', type: 'spki' })
  } catch {
    return null
  }
}
