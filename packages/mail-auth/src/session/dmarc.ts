/** DMARC (RFC 7489): what the owner of the From domain says, and which domains are related to it. */

import { domainKey } from '@posthouse/smtp'
import { dmarc } from 'mailauth'
import { type DmarcRecord, readDmarcRecord } from '../syntax/dmarc-record.js'
import type { Resolve } from './dns.js'
import type { DkimResult, DmarcResult, SpfResult } from './results.js'

/** The library's knowledge of public suffixes, without DNS: a record that is always there. */
async function related(from: string, domain: string): Promise<{ readonly organization: string; readonly is: boolean }> {
  const found = await dmarc({
    headerFrom: `x@${from}`,
    spfDomains: [],
    dkimDomains: [{ id: '', domain }],
    resolver: async () => [['v=DMARC1; p=none']],
  } as unknown as Parameters<typeof dmarc>[0])
  if (!found) return { organization: from, is: false }
  return { organization: found.domain, is: Boolean(found.alignment.dkim.result) }
}

/** Is the domain that of the From field, or one of the same organization where that is enough? Both in ASCII. */
export async function isAligned(from: string, domain: string, strict: boolean): Promise<boolean> {
  return from === domain || (!strict && domain !== '' && (await related(from, domain)).is)
}

/** What holds for a From domain: its own record, or that of its organization. `null`: nobody says anything. */
export interface FoundPolicy extends DmarcRecord {
  /** The record is not that of the domain itself. */
  readonly inherited: boolean
}

/** Rejects when DNS does not say. */
export async function findPolicy(from: string, ask: Resolve): Promise<FoundPolicy | null> {
  const own = await recordOf(from, ask)
  if (own) return { ...own, inherited: false }
  const { organization } = await related(from, from)
  const above = organization === from ? null : await recordOf(organization, ask)
  return above && { ...above, inherited: true }
}

/** Without one, or with several, there is none (RFC 7489 §6.6.3). */
async function recordOf(domain: string, ask: Resolve): Promise<DmarcRecord | null> {
  const answers = await ask(`_dmarc.${domain}`, 'TXT').catch((error: unknown) => {
    if ((error as { readonly code?: unknown }).code === 'ENOTFOUND') return []
    throw error
  })
  const records = (answers as readonly (readonly string[])[])
    .map((strings) => readDmarcRecord(strings.join('')))
    .filter((record) => record !== null)
  return records.length === 1 ? records[0] : null
}

/**
 * The result for a From domain (`null`: there is not exactly one). `policy`: `null` when DNS does not say.
 * `unread`: there may be signatures that nobody has looked at.
 */
export async function dmarcOf(
  from: string | null,
  policy: { readonly value: FoundPolicy | null } | null,
  { spf, dkim }: { readonly spf: SpfResult; readonly dkim: readonly DkimResult[] },
  unread: boolean,
): Promise<DmarcResult> {
  if (from === null) return { result: 'permerror', domain: null, policy: null, percent: 100 }
  const record = policy?.value
  if (!record) return { result: policy ? 'none' : 'temperror', domain: from, policy: null, percent: 100 }
  const said = { domain: from, policy: record.inherited ? record.subdomains : record.policy, percent: record.percent }
  let doubtful = unread
  for (const { result, domain, strict } of [
    { ...spf, strict: record.strict.spf },
    ...dkim.map((one) => ({ ...one, strict: record.strict.dkim })),
  ]) {
    if (result !== 'pass' && result !== 'temperror') continue
    if (!(await isAligned(from, domainKey(domain), strict))) continue
    if (result === 'pass') return { ...said, result }
    doubtful = true
  }
  return { ...said, result: doubtful ? 'temperror' : 'fail' }
}
