/** A policy of DMARC (RFC 9989 §4.7): what the owner of a domain wants done with messages that fail. */
export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

/** The record `_dmarc.domain`. */
export interface DmarcRecord {
  /** `null`: it asks neither for anything that there is nor for reports; DMARC does not apply. */
  readonly policy: DmarcPolicy | null
  /** For domains below the one of the record (`sp=`). */
  readonly subdomains: DmarcPolicy | null
  /** For those of them that do not exist (`np=`). */
  readonly missing: DmarcPolicy | null
  /** The policy is only tried out (`t=y`). */
  readonly testing: boolean
  /** `y`: the domains right below are organizations, `n`: this one is, `u`: that is for the tree walk to find out. */
  readonly psd: 'y' | 'n' | 'u'
  /** The domains of SPF and DKIM are that of the From field itself, not a related one. */
  readonly strict: { readonly spf: boolean; readonly dkim: boolean }
}

/** Reads the text of a TXT record; `null`: it is no DMARC record. Tags that are unknown, or gone (`pct=`), do not count. */
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
  const missing = tags.has('np') ? policyOf(tags.get('np')) : subdomains
  // RFC 9989 §4.10.1: a record with a policy that is none asks for reports at most.
  const broken = policy === null || subdomains === null || missing === null
  const instead = tags.get('rua')?.split(',').some(isUri) ? 'none' : null
  const psd = tags.get('psd')
  return {
    ...(broken ? { policy: instead, subdomains: instead, missing: instead } : { policy, subdomains, missing }),
    testing: tags.get('t') === 'y',
    psd: psd === 'y' || psd === 'n' ? psd : 'u',
    strict: { spf: tags.get('aspf') === 's', dkim: tags.get('adkim') === 's' },
  }
}

function policyOf(word: string | undefined): DmarcPolicy | null {
  return word === 'none' || word === 'quarantine' || word === 'reject' ? word : null
}

function isUri(text: string): boolean {
  return URL.canParse(text.trim())
}
