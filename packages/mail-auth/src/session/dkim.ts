/** Signatures as the library judges them, and what the RFCs ask for beyond that. */

import { domainKey } from '@posthouse/smtp'
import type { DKIMVerifyResult, DKIMResult as LibraryResult } from 'mailauth'
import type { SignatureTags } from '../syntax/tags.js'
import { isAligned } from './dmarc.js'
import { type AuthResult, type DkimResult, resultOf } from './results.js'

/** What the library's types leave out. */
interface Signature extends LibraryResult {
  readonly algo?: string
  readonly signature?: string
  /** The fields that were signed and are there: `From: To`. */
  readonly signingHeaders?: { readonly keys: string }
}

/** RFC 8301 §3.1 leaves no rsa-sha1; RFC 8463 has the other one. */
const ALGORITHMS: ReadonlySet<string | undefined> = new Set(['rsa-sha256', 'ed25519-sha256'])

/** The result of one signature, and why. */
export function judged(found: LibraryResult): readonly [result: AuthResult, comment: string | null] {
  const { status, algo, signingHeaders } = found as Signature
  const result = resultOf(status)
  if (result !== 'pass') return [result, status.comment || status.policy?.['dkim-rules'] || null]
  if (!ALGORITHMS.has(algo?.toLowerCase())) return ['policy', `${algo} proves nothing`]
  // RFC 6376 §5.4
  const signed = signingHeaders?.keys.toLowerCase().split(': ') ?? []
  if (!signed.includes('from')) return ['permerror', 'From is not signed']
  // RFC 6376 §8.2: anybody may have put something behind what was signed (l=).
  if (status.underSized) return ['policy', `${status.underSized} octets are not signed`]
  return ['pass', null]
}

/** The signatures of a message, each with its relation to the From domain. */
export async function readSignatures(
  { results, arc }: DKIMVerifyResult,
  signatures: readonly SignatureTags[],
  from: string | null,
): Promise<readonly DkimResult[]> {
  // The library puts the newest ARC-Seal among the signatures.
  const seal = arc?.lastEntry?.['arc-seal'] as { parsed?: { b?: { value?: unknown } } } | undefined
  const read: DkimResult[] = []
  const isOf = async (domain: string): Promise<boolean> =>
    from !== null && (await isAligned(from, domainKey(domain), false))
  for (const one of results) {
    const { signingDomain: domain, selector = '', signature } = one as Signature
    if (typeof domain !== 'string' || (seal && signature === seal.parsed?.b?.value)) continue
    const [result, comment] = judged(one)
    read.push({ result, domain, selector, aligned: await isOf(domain), comment })
  }
  for (const { problem, domain, selector } of signatures) {
    if (problem === null) continue
    read.push({ result: 'permerror', domain, selector, aligned: await isOf(domain), comment: problem })
  }
  return read
}
