/** Which hash of a server's certificate is the channel binding `tls-server-end-point` (RFC 5929 §4.1). */

const SEQUENCE = 0x30
const OBJECT_IDENTIFIER = 0x06

/** Object identifiers of signature algorithms and hashes, as the hexadecimal of their DER content. */
const HASHES: ReadonlyMap<string, 'SHA-256' | 'SHA-384' | 'SHA-512'> = new Map([
  // md5, sha1 and sha256 WithRSAEncryption: MD5 and SHA-1 are replaced by SHA-256.
  ['2a864886f70d010104', 'SHA-256'],
  ['2a864886f70d010105', 'SHA-256'],
  ['2a864886f70d01010b', 'SHA-256'],
  ['2a864886f70d01010c', 'SHA-384'],
  ['2a864886f70d01010d', 'SHA-512'],
  // ecdsa-with-SHA1, -SHA256, -SHA384, -SHA512
  ['2a8648ce3d0401', 'SHA-256'],
  ['2a8648ce3d040302', 'SHA-256'],
  ['2a8648ce3d040303', 'SHA-384'],
  ['2a8648ce3d040304', 'SHA-512'],
  // The hashes alone, as RSASSA-PSS names them in its parameters.
  ['2b0e03021a', 'SHA-256'],
  ['608648016503040201', 'SHA-256'],
  ['608648016503040202', 'SHA-384'],
  ['608648016503040203', 'SHA-512'],
])

const RSASSA_PSS = '2a864886f70d01010a'

/**
 * The hash to make of a DER certificate. `null` when its signature algorithm names no hash (Ed25519), so that the
 * binding is not defined, or when the octets are no certificate.
 */
export function endPointHash(certificate: Uint8Array): 'SHA-256' | 'SHA-384' | 'SHA-512' | null {
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }
  const outer = element(certificate, 0)
  const signed = outer && element(certificate, outer.start)
  const algorithm = signed && element(certificate, signed.end)
  if (!algorithm || certificate[signed.end] !== SEQUENCE) return null
  const identifier = element(certificate, algorithm.start)
  if (!identifier || certificate[algorithm.start] !== OBJECT_IDENTIFIER) return null
  const name = hexadecimal(certificate, identifier.start, identifier.end)
  if (name !== RSASSA_PSS) return HASHES.get(name) ?? null
  return pssHash(certificate, identifier.end, algorithm.end)
}

/** RSASSA-PSS-params (RFC 4055 §3.1): `SEQUENCE { [0] { SEQUENCE { OID ... } } ... }`; without `[0]` it is SHA-1. */
function pssHash(der: Uint8Array, at: number, end: number): 'SHA-256' | 'SHA-384' | 'SHA-512' | null {
  const parameters = at < end ? element(der, at) : null
  if (!parameters || parameters.start >= parameters.end || der[parameters.start] !== 0xa0) return 'SHA-256'
  const tagged = element(der, parameters.start)
  const algorithm = tagged && element(der, tagged.start)
  const identifier = algorithm && element(der, algorithm.start)
  return identifier ? (HASHES.get(hexadecimal(der, identifier.start, identifier.end)) ?? null) : null
}

/** Where the content of the DER element at a place starts and ends; `null` when it is cut off. */
function element(der: Uint8Array, at: number): { start: number; end: number } | null {
  if (at + 2 > der.length) return null
  let length = der[at + 1]
  let start = at + 2
  if (length >= 0x80) {
    const octets = length & 0x7f
    if (octets === 0 || octets > 3 || start + octets > der.length) return null
    length = 0
    for (let i = 0; i < octets; i++) length = length * 256 + der[start++]
  }
  return start + length <= der.length ? { start, end: start + length } : null
}

function hexadecimal(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16)
  return text
}
