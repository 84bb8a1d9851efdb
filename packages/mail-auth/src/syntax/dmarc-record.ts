/** A policy of DMARC (RFC 7489 §6.3, RFC 9989): what the owner of a domain wants done with messages that fail. */
export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

/** The record `_dmarc.domain`. */
export interface DmarcRecord {
  readonly policy: DmarcPolicy
  /** For domains below the one of the record. */
  readonly subdomains: DmarcPolicy
  /** Per cent of failing messages that the policy is for; 0 where it is only tried out (`t=y`). */
  readonly percent: number
  /** The domains of SPF and DKIM are that of the From field itself, not a related one. */
  readonly strict: { readonly spf: boolean; readonly dkim: boolean }
}

/** Reads the text of a TXT record; `null`: it is no DMARC record. */
export function readDmarcRecord(text: string): DmarcRecord | null {
  const tags = new Map<string, string>()
  for (const part of text.split(';')) {
    const [name, ...value] = part.split('=')
    const key = name.trim().toLowerCase()
    // The version comes first.
    if (tags.size === 0 && (key !== 'v' || value.join('=').trim() !== 'DMARC1')) return null
    if (!tags.has(key)) tags.set(key, value.join('=').trim().toLowerCase())
  }
  const policy = policyOf(tags.get('p'))
  const subdomains = tags.has('sp') ? policyOf(tags.get('sp')) : policy
  // RFC 7489 §6.6.3: a record with a policy that is none asks for reports at most.
  const valid = policy !== null && subdomains !== null
  return {
    policy: valid ? policy : 'none',
    subdomains: valid ? subdomains : 'none',
    percent: tags.get('t') === 'y' ? 0 : percentOf(tags.get('pct')),
    strict: { spf: tags.get('aspf') === 's', dkim: tags.get('adkim') === 's' },
  }
}

function policyOf(word: string | undefined): DmarcPolicy | null {
  return word === 'none' || word === 'quarantine' || word === 'reject' ? word : null
}

/** What is no number from 0 to 100 counts as if it were not there. */
function percentOf(text: string | undefined): number {
  const number = text === undefined || text === '' ? 100 : Number(text)
  return Number.isInteger(number) && number >= 0 && number <= 100 ? number : 100
}
