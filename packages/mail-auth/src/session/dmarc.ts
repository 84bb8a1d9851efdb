/** DMARC (RFC 7489): what the owner of the From domain says, and which domains are related to it. */

import { domainKey } from '@posthouse/smtp'
import { dmarc } from 'mailauth'
import { type DmarcRecord, readDmarcRecord } from '../syntax/dmarc-record.js'
import type { Resolve } from './dns.js'
import type { DkimResult, DmarcResult, SpfResult } from './results.js'

/** The library's knowledge of public suffixes, without DNS: a record that is always there. */
async function registered(name: string): Promise<string> {
  const found = await dmarc({
    ...{ headerFrom: `x@${name}`, spfDomains: [], dkimDomains: [] },
    resolver: async () => [['v=DMARC1; p=none']],
  } as unknown as Parameters<typeof dmarc>[0])
  return found ? found.domain : name
}

const MAX_NAME = 253

/**
 * The organizational domain (RFC 7489 §3.2), or the domain itself where it has none. The library knows none of names
 * that no host can have; what is wrong with them does not make them anybody else's.
 */
async function organizationOf(domain: string): Promise<string> {
  for (let name = domain; name.includes('.'); name = name.slice(name.indexOf('.') + 1)) {
    if (name.length > MAX_NAME) continue
    const found = await registered(name)
    if (found !== name || (await registered(`x.${name}`)) === name) return found
  }
  return domain
}

/** Is the domain that of the From field, or one of the same organization where that is enough? Both in ASCII. */
export async function isAligned(from: string, domain: string, strict: boolean): Promise<boolean> {
  if (from === domain) return true
  return !strict && domain !== '' && (await organizationOf(from)) === (await organizationOf(domain))
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
  const organization = await organizationOf(from)
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
