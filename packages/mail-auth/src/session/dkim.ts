/** Signatures as the library judges them, and what the RFCs ask for beyond that. */

import { domainKey } from '@posthouse/smtp'
import type { DKIMVerifyResult, DKIMResult as LibraryResult } from 'mailauth'
import { readTags, type SignatureTags } from '../syntax/tags.js'
import type { Related } from './dmarc.js'
import { type Resolve, withRecords } from './dns.js'
import { type AuthResult, type DkimResult, resultOf } from './results.js'

/** What the library's types leave out. */
interface Signature extends LibraryResult {
  readonly algo?: string
  readonly signature?: string
  /** The record of the key, without blanks. */
  readonly rr?: string
  /** The fields that were signed and are there: `From: To`. */
  readonly signingHeaders?: { readonly keys: string }
  /** Octets of the body that are signed, and all of them (RFC 6376 §3.4.5). */
  readonly canonBodyLength?: number
  readonly canonBodyLengthTotal?: number
}

/** RFC 8301 §3.1 leaves no rsa-sha1; RFC 8463 has the other one. */
const ALGORITHMS: ReadonlySet<string | undefined> = new Set(['rsa-sha256', 'ed25519-sha256'])

/** The result of one signature, and why. `identity`: the domain of its `i=`. */
export function judged(found: LibraryResult, identity?: string): readonly [result: AuthResult, comment: string | null] {
  const { status, algo, signingHeaders, rr = '', signingDomain } = found as Signature
  const result = resultOf(status)
  const key = readTags(rr)
  if (result === 'neutral' && key?.get('p')?.value === '') return ['permerror', 'the key is revoked']
  if (result !== 'pass') return [result, status.comment || status.policy?.['dkim-rules'] || null]
  if (!ALGORITHMS.has(algo?.toLowerCase())) return ['policy', `${algo} proves nothing`]
  // RFC 6376 §3.6.1
  const allows = (tag: string, ...words: string[]): boolean => {
    const list = key?.get(tag)?.value.toLowerCase().split(':')
    return !list || list.some((word) => words.includes(word))
  }
  if (!allows('s', '*', 'email') || !allows('h', 'sha256')) return ['permerror', 'the key is for something else']
  if (identity !== undefined && identity !== signingDomain && key?.get('t')?.value.split(':').includes('s'))
    return ['permerror', 'the key is not for domains below its own']
  // RFC 6376 §5.4
  const signed = signingHeaders?.keys.toLowerCase().split(': ') ?? []
  if (!signed.includes('from')) return ['permerror', 'From is not signed']
  // RFC 6376 §8.2: anybody may have put something behind what was signed (l=).
  const { canonBodyLength: hashed = 0, canonBodyLengthTotal: all = hashed } = found as Signature
  if (all > hashed) return ['policy', `${all - hashed} octets are not signed`]
  return ['pass', null]
}

/** The signatures of a message, each with its relation to the From domain. */
export async function readSignatures(
  { results, arc }: DKIMVerifyResult,
  signatures: readonly SignatureTags[],
  related: Related,
): Promise<readonly DkimResult[]> {
  // The library puts the newest ARC-Seal among the signatures.
  const seal = arc?.lastEntry?.['arc-seal'] as { parsed?: { b?: { value?: unknown } } } | undefined
  const read: DkimResult[] = []
  const isOf = async (domain: string): Promise<boolean> => (await related(domainKey(domain))) === true
  for (const one of results) {
    const { signingDomain: domain, selector = '', signature } = one as Signature
    if (typeof domain !== 'string' || (seal && signature === seal.parsed?.b?.value)) continue
    const others = signatures.find(
      (own) => own.signature === signature && own.domain === domain && own.identity !== domain,
    )
    const [result, comment] = judged(one, others?.identity)
    read.push({ result, domain, selector, aligned: await isOf(domain), comment })
  }
  for (const { problem, domain, selector } of signatures) {
    if (problem === null) continue
    read.push({ result: 'permerror', domain, selector, aligned: await isOf(domain), comment: problem })
  }
  return read
}

/** DNS for the library, which takes quotes and parentheses in the notes of a key (`n=`) for more than text. */
export function withoutNotes(ask: Resolve): Resolve {
  return withRecords(ask, (record) => {
    const notes = readTags(record)?.get('n')
    return notes ? record.slice(0, notes.start) + record.slice(notes.end) : record
  })
}
