/** What the checks of a message found, without the words of the library that made them. */
import { type Annotation, annotation } from '@posthouse/smtp'
import type { DmarcPolicy } from '../syntax/dmarc-record.js'
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
  /** The domain is that of the From field, or of the same organization (RFC 9989 §4.10.2). */
  readonly aligned: boolean
  readonly comment: string | null
}

/** DMARC (RFC 9989): is the From field true? */
export interface DmarcResult {
  /**
   * `permerror`: there is not exactly one From domain. `temperror`: DNS or time kept the policy, or a signature or SPF
   * that would have made it pass, from being found.
   */
  readonly result: AuthResult
  /** The domain of the From field. */
  readonly domain: string | null
  /** What its owner wants done with messages that fail; `null`: it says nothing, or nobody knows. */
  readonly policy: DmarcPolicy | null
  /**
   * Per cent of failing messages that the policy is for: 100, or 0 where its owner only tries it out (`t=y`) and
   * wants one step less (`quarantine` for `reject`, `none` for `quarantine`). RFC 9989 knows no `pct=`.
   */
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
  /** What DMARC found (`fail`, `temperror`) is excused: a forwarder of `trustArc` saw the message when it was true. */
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

export function resultOf(status: { readonly result?: string } | undefined): AuthResult {
  const result = status?.result
  if (result === 'temperr') return 'temperror'
  return result !== undefined && RESULTS.has(result) ? (result as AuthResult) : 'none'
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
