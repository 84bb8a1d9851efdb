/** TLSA records of mail servers (RFC 7672 §2, §3.1). Whether a certificate is one that they name is `node/dane.ts`'s. */
import type { MailServer } from '../routing/exchangers.js'
import type { MailResolver, TlsaRecord } from '../routing/resolver.js'

/** What DNS says about a server's certificate. */
export type DaneFinding =
  /** Nothing, or nothing that can be trusted: DNSSEC ends before it. */
  | { readonly type: 'none' }
  | { readonly type: 'records'; readonly records: readonly TlsaRecord[]; readonly name: string }
  /** There are records, and none of them can be used: encrypted, whoever it is (RFC 7672 §2.2). */
  | { readonly type: 'unusable' }
  /** The question failed where the zone is signed: somebody may be hiding the records (§2.1.2). */
  | { readonly type: 'failed'; readonly text: string }

/** Looks for TLSA records. Never rejects. */
export async function findDane(resolver: MailResolver, server: MailServer, port: number): Promise<DaneFinding> {
  if (!server.secure || !resolver.tlsa) return { type: 'none' }
  // RFC 7672 §2.2.2: first under the name at the end of CNAMEs, then under that of the MX record.
  for (const name of new Set([server.canonical, server.host])) {
    try {
      const { records, secure } = await resolver.tlsa(`_${port}._tcp.${name}`)
      if (!secure || records.length === 0) continue
      const usable = records.filter(isUsable)
      return usable.length > 0 ? { type: 'records', records: usable, name } : { type: 'unusable' }
    } catch (error) {
      return { type: 'failed', text: error instanceof Error ? error.message : String(error) }
    }
  }
  return { type: 'none' }
}

/** RFC 7672 §3.1.3: authorities of the web (usages 0 and 1) mean nothing among mail servers. */
function isUsable({ usage, selector, matchingType, data }: TlsaRecord): boolean {
  if ((usage !== 2 && usage !== 3) || selector > 1) return false
  if (matchingType === 1) return data.length === 32
  return matchingType === 2 ? data.length === 64 : matchingType === 0 && data.length > 0
}

/** A record as zone files and reports have it. */
export function tlsaText({ usage, selector, matchingType, data }: TlsaRecord): string {
  let hex = ''
  for (const octet of data) hex += octet.toString(16).padStart(2, '0')
  return `${usage} ${selector} ${matchingType} ${hex}`
}
