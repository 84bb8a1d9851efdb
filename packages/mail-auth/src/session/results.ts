/** What the checks of a message found, without the words of the library that made them. */
import { type Annotation, annotation } from '@posthouse/smtp'
import type { AuthenticateResult } from 'mailauth'
import { domainOf } from '../syntax/domains.js'
import type { AuthenticationResult } from '../syntax/index.js'

/** A word for what a method found (RFC 8601 §2.7). */
export type AuthResult = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'policy' | 'temperror' | 'permerror'

/** SPF (RFC 7208): may this client use that sender? */
export interface SpfResult {
  readonly result: AuthResult
  /** The domain that was asked about: of the reverse-path, or of HELO where that is empty. */
  readonly domain: string
}

/** DKIM (RFC 6376): one signature. */
export interface DkimResult {
  readonly result: AuthResult
  readonly domain: string
  readonly selector: string
  /** The domain is that of the From field, or related to it. */
  readonly aligned: boolean
  readonly comment: string | null
}

/** DMARC (RFC 7489): is the From field true? */
export interface DmarcResult {
  /** `permerror`: there is not exactly one From address. */
  readonly result: AuthResult
  /** The domain of the From field. */
  readonly domain: string | null
  /** What its owner wants done with messages that fail; `null`: it says nothing. */
  readonly policy: 'none' | 'quarantine' | 'reject' | null
  /** Per cent of failing messages that the policy is for. */
  readonly percent: number
}

/** ARC (RFC 8617): what forwarders have seen. */
export interface ArcResult {
  readonly result: AuthResult
  /** The newest one's number; 0: none. */
  readonly instance: number
  /** Who sealed it last. */
  readonly domain: string | null
}

/** All that was found. */
export interface MailAuthentication {
  readonly spf: SpfResult
  readonly dkim: readonly DkimResult[]
  readonly dmarc: DmarcResult
  readonly arc: ArcResult
  /** A DMARC failure that is excused because a forwarder of `trustArc` vouches for the message. */
  readonly excused: boolean
}

/** The note on a transaction whose message was checked. */
export const mailAuthentication: Annotation<MailAuthentication> = annotation<MailAuthentication>('mail authentication')

const RESULTS: ReadonlySet<string> = new Set<AuthResult>([
  'pass',
  'fail',
  'softfail',
  'neutral',
  'none',
  'policy',
  'temperror',
  'permerror',
])

function resultOf(status: { readonly result?: string } | undefined): AuthResult {
  const result = status?.result
  if (result === 'temperr') return 'temperror'
  return result !== undefined && RESULTS.has(result) ? (result as AuthResult) : 'none'
}

/** What stands for checks that could not be made. */
export function uncheckedMail(result: AuthResult, from: string | null): MailAuthentication {
  const domain = from === null ? null : domainOf(from)
  return {
    spf: { result, domain: '' },
    dkim: [],
    dmarc: { result, domain, policy: null, percent: 100 },
    arc: { result: 'none', instance: 0, domain: null },
    excused: false,
  }
}

/**
 * Reads the library's findings. `from`: the From address as our own parser reads it; where the library reads another
 * domain the field is ambiguous, and nobody can say what a mail reader shows.
 */
export function readFindings(found: AuthenticateResult, from: string | null): Omit<MailAuthentication, 'excused'> {
  const { spf, dkim, dmarc, arc } = found
  const read = dkim.headerFrom
  const one = from !== null && read.length === 1 && domainOf(from) === domainOf(read[0])
  const chain = arc ? arc.chain : undefined
  const sealer = chain?.[chain.length - 1] as
    | { readonly 'arc-seal'?: { readonly parsed?: { readonly d?: { readonly value?: unknown } } } }
    | undefined
  const seal = sealer?.['arc-seal']?.parsed?.d?.value
  return {
    spf: { result: spf ? resultOf(spf.status) : 'none', domain: spf ? spf.domain : '' },
    dkim: dkim.results
      .filter((one) => typeof one.signingDomain === 'string')
      .map(({ signingDomain, selector, status }) => ({
        result: resultOf(status),
        domain: signingDomain,
        selector: selector ?? '',
        aligned: Boolean(status.aligned),
        comment: typeof status.comment === 'string' ? status.comment : null,
      })),
    dmarc: {
      result: one ? (dmarc ? resultOf(dmarc.status) : 'none') : 'permerror',
      domain: one ? domainOf(from) : null,
      policy: one && dmarc ? policyOf(dmarc.policy) : null,
      percent: dmarc && typeof dmarc.pct === 'number' ? dmarc.pct : 100,
    },
    arc: {
      result: arc ? resultOf(arc.status) : 'none',
      instance: arc && typeof arc.i === 'number' ? arc.i : 0,
      domain: typeof seal === 'string' ? seal.toLowerCase() : null,
    },
  }
}

function policyOf(policy: unknown): DmarcResult['policy'] {
  const word = typeof policy === 'string' ? policy.toLowerCase() : ''
  return word === 'none' || word === 'quarantine' || word === 'reject' ? word : null
}

/** The findings for an Authentication-Results field. */
export function resultsOf(
  { spf, dkim, dmarc, arc }: MailAuthentication,
  envelope: { readonly sender: string; readonly helo: string },
): readonly AuthenticationResult[] {
  const results: AuthenticationResult[] = [
    {
      method: 'spf',
      result: spf.result,
      properties: envelope.sender === '' ? [['smtp.helo', envelope.helo]] : [['smtp.mailfrom', envelope.sender]],
    },
  ]
  if (dkim.length === 0) results.push({ method: 'dkim', result: 'none' })
  for (const { result, domain, selector, comment } of dkim) {
    results.push({
      method: 'dkim',
      result,
      ...(comment && { comment }),
      properties: [
        ['header.d', domain],
        ['header.s', selector],
      ],
    })
  }
  if (arc.result !== 'none') {
    results.push({ method: 'arc', result: arc.result })
  }
  results.push({
    method: 'dmarc',
    result: dmarc.result,
    ...(dmarc.policy && { comment: `p=${dmarc.policy}` }),
    properties: [['header.from', dmarc.domain ?? '']],
  })
  return results
}
