/** Does a forwarder that is trusted say that the message was true when it came to him (RFC 8617)? */

import { domainKey } from '@posthouse/smtp'
import { fromLatin1, utf8 } from '@posthouse/wire'
import type { ARCResult as LibraryResult } from 'mailauth'
import { domainOf } from '../syntax/domains.js'
import type { AuthenticationResult } from '../syntax/index.js'
import { readResults } from '../syntax/read-results.js'
import { judged } from './dkim.js'
import { isAligned } from './dmarc.js'

/** One set of the chain, as the library reads it. */
interface Link {
  readonly 'arc-seal'?: { readonly parsed?: { readonly d?: { readonly value?: unknown } } }
  /** The field with its name; text: see `keepOctets`. */
  readonly 'arc-authentication-results'?: { readonly original?: Uint8Array | string }
}

/** The domain of a seal, in lower case; `null` when there is none. */
export function sealerOf(link: unknown): string | null {
  const domain = (link as Link | undefined)?.['arc-seal']?.parsed?.d?.value
  return typeof domain === 'string' ? domainKey(domain) : null
}

/**
 * The chain must be whole, and its newest signature one that we would believe. Whoever sealed last may have changed the
 * message and must be trusted; then what he saw counts, or what trusted ones before him saw.
 */
export async function isVouchedFor(
  from: string,
  strict: { readonly spf: boolean; readonly dkim: boolean },
  sealed: LibraryResult,
  trusted: ReadonlySet<string>,
): Promise<boolean> {
  const { status, signature, chain = [] } = sealed
  if (status.result !== 'pass' || !signature || judged(signature)[0] !== 'pass') return false
  for (let i = chain.length - 1; i >= 0; i--) {
    if (!trusted.has(sealerOf(chain[i]) ?? '')) return false
    const { original = '' } = (chain[i] as unknown as Link)['arc-authentication-results'] ?? {}
    const field = utf8(typeof original === 'string' ? fromLatin1(original) : original)
    if (await saw(readResults(field.slice(field.indexOf(':') + 1)), from, strict)) return true
  }
  return false
}

/** Was it `dmarc=pass` for this From domain; or did, where DMARC was not checked, an aligned signature or SPF pass? */
async function saw(
  results: readonly AuthenticationResult[],
  from: string,
  strict: { readonly spf: boolean; readonly dkim: boolean },
): Promise<boolean> {
  const dmarc = results.filter(({ method }) => method === 'dmarc')
  for (const one of dmarc.length > 0 ? dmarc : results) {
    if (one.result !== 'pass') continue
    const properties = new Map(one.properties)
    const domainIn = (name: string): string => domainOf(properties.get(name) ?? '')
    if (one.method === 'dmarc') {
      // Some name the domain, some its organization.
      const seen = domainIn('header.from')
      if (from === seen || (from.endsWith(`.${seen}`) && (await isAligned(from, seen, false)))) return true
    } else if (one.method === 'dkim') {
      if (await isAligned(from, domainIn('header.d') || domainIn('header.i'), strict.dkim)) return true
    } else if (one.method === 'spf') {
      if (await isAligned(from, domainIn('smtp.mailfrom') || domainIn('smtp.helo'), strict.spf)) return true
    }
  }
  return false
}
