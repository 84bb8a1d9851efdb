/** DMARC (RFC 9989): what the owner of the From domain says, and which domains are related to it. */

import { domainKey } from '@posthouse/smtp'
import type { DmarcPolicy, DmarcRecord } from '../syntax/dmarc-record.js'
import type { Clock } from './clock.js'
import type { DkimResult, DmarcResult, SpfResult } from './results.js'
import type { Tree } from './tree-walk.js'

/** Is a domain, in ASCII, the From domain or one of the same organization? `null`: DNS or time keep that from us. */
export type Related = (domain: string) => Promise<boolean | null>

/** Where there is not exactly one From domain. */
export const noRelation: Related = async () => false

/** Relations to a From domain. Each one is found out once. */
export function relatedTo(from: string, tree: Tree, clock: Clock): Related {
  const known = new Map<string, Promise<boolean | null>>([['', noRelation('')]])
  return (domain) => {
    const related =
      known.get(domain) ?? clock.within(isRelated(from, domain, tree)).then((found) => found?.value ?? null)
    known.set(domain, related)
    return related
  }
}

/** Without questions where the answer is clear: an organization is above all of its domains. */
async function isRelated(from: string, domain: string, tree: Tree): Promise<boolean> {
  if (from === domain) return true
  if (topOf(from) !== topOf(domain)) return false
  const { organization } = await tree.walk(from)
  if (domain !== organization && !domain.endsWith(`.${organization}`)) return false
  return (await tree.walk(domain)).organization === organization
}

function topOf(domain: string): string {
  return domain.slice(domain.lastIndexOf('.') + 1)
}

/** Is it related closely enough? */
export async function isAligned(
  from: string,
  domain: string,
  strict: boolean,
  related: Related,
): Promise<boolean | null> {
  return strict ? from === domain : related(domain)
}

/** What holds for a From domain. */
export interface FoundPolicy {
  readonly policy: DmarcPolicy
  readonly testing: boolean
  readonly strict: DmarcRecord['strict']
}

/**
 * RFC 9989 §4.10.1: the record of the domain itself, of its organization, or of the public suffix above that. `null`:
 * DMARC does not apply. Rejects when DNS does not say.
 */
export async function findPolicy(from: string, tree: Tree): Promise<FoundPolicy | null> {
  const own = await tree.record(from)
  const record = own ?? (await recordAbove(from, tree))
  const policy = own || !record ? own?.policy : await policyBelow(record, from, tree)
  return record && policy ? { policy, testing: record.testing, strict: record.strict } : null
}

async function recordAbove(from: string, tree: Tree): Promise<DmarcRecord | undefined> {
  const { organization, records } = await tree.walk(from)
  return records.get(organization) ?? [...records.values()].at(-1)
}

/** Whether the domain exists is asked where that makes a difference. */
async function policyBelow(
  { subdomains, missing }: DmarcRecord,
  from: string,
  tree: Tree,
): Promise<DmarcPolicy | null> {
  return missing === subdomains || (await tree.exists(from)) ? subdomains : missing
}

/**
 * The result for a From domain (`null`: there is not exactly one). `policy`: `null` when DNS does not say.
 * `unread`: there may be signatures that nobody has looked at.
 */
export async function dmarcOf(
  from: string | null,
  policy: { readonly value: FoundPolicy | null } | null,
  { spf, dkim }: { readonly spf: SpfResult; readonly dkim: readonly DkimResult[] },
  related: Related,
  unread: boolean,
): Promise<DmarcResult> {
  if (from === null) return { result: 'permerror', domain: null, policy: null, percent: 100 }
  const record = policy?.value
  if (!record) return { result: policy ? 'none' : 'temperror', domain: from, policy: null, percent: 100 }
  const said = { domain: from, policy: record.policy, percent: record.testing ? 0 : 100 }
  let doubtful = unread
  for (const { result, domain, strict } of [
    { ...spf, strict: record.strict.spf },
    ...dkim.map((one) => ({ ...one, strict: record.strict.dkim })),
  ]) {
    if (result !== 'pass' && result !== 'temperror') continue
    const aligned = await isAligned(from, domainKey(domain), strict, related)
    if (aligned === false) continue
    if (aligned && result === 'pass') return { ...said, result }
    doubtful = true
  }
  return { ...said, result: doubtful ? 'temperror' : 'fail' }
}
