/** Does a forwarder that is trusted say that the message was true when it came to him (RFC 8617)? */

import { domainKey } from '@posthouse/smtp'
import { fromLatin1, utf8 } from '@posthouse/wire'
import { arc, type DKIMResult as LibraryResult } from 'mailauth'
import { domainOf } from '../syntax/domains.js'
import type { AuthenticationResult } from '../syntax/index.js'
import { readResults } from '../syntax/read-results.js'
import type { Clock } from './clock.js'
import { judged, withoutNotes } from './dkim.js'
import { isAligned, type Related } from './dmarc.js'
import { isTemporary, type Resolve } from './dns.js'
import { type ArcResult, resultOf } from './results.js'

/** One set of the chain, as the library reads it. */
interface Link {
  readonly 'arc-seal'?: { readonly parsed?: { readonly d?: { readonly value?: unknown } } }
  /** The field with its name; text: see `keepOctets`. */
  readonly 'arc-authentication-results'?: { readonly original?: Uint8Array | string }
}

/** What the library's types leave out. */
interface Sets {
  readonly lastEntry?: { readonly messageSignature?: LibraryResult }
}

/** The domain of a seal, in lower case; `null` when there is none. */
function sealerOf(link: unknown): string | null {
  const domain = (link as Link | undefined)?.['arc-seal']?.parsed?.d?.value
  return typeof domain === 'string' ? domainKey(domain) : null
}

/** A chain of seals that was checked. */
export interface Chain {
  readonly found: ArcResult
  readonly links: readonly unknown[]
  /** The newest signature is one that we believe, or would when its key were there. */
  readonly believable: boolean
}

/** Checks the seals that the library has read. Where DNS or time keep a key from us, the result is `temperror`. */
export async function checkChain(sets: Parameters<typeof arc>[0], clock: Clock, ask: Resolve): Promise<Chain> {
  // To the library whatever keeps it from a key is a failure of the chain.
  let unanswered = false
  const resolver: Resolve = (name, type) =>
    ask(name, type).catch((error: unknown) => {
      unanswered ||= isTemporary(error)
      throw error
    })
  const sealed = (await clock.within(arc(sets, { resolver: withoutNotes(resolver) })))?.value
  const links = (sets.chain || []) as readonly unknown[]
  const signature = (sets as Sets).lastEntry?.messageSignature
  const believed = signature ? judged(signature)[0] : 'none'
  const believable = believed === 'pass' || believed === 'temperror'
  // `signature` is there when the seals are good.
  const later = believable && (unanswered || (sealed?.signature && believed === 'temperror'))
  const result = !sealed || (sealed.status.result === 'fail' && later) ? 'temperror' : resultOf(sealed.status)
  return { found: { result, instance: links.length, domain: sealerOf(links.at(-1)) }, links, believable }
}

/**
 * Whoever sealed last may have changed the message and must be trusted; then what he saw counts, or what trusted ones
 * before him saw. Whether the seals are good is not looked at. `null`: DNS or time keep the answer from us.
 */
export async function isVouchedFor(
  from: string,
  strict: { readonly spf: boolean; readonly dkim: boolean },
  links: readonly unknown[],
  trusted: ReadonlySet<string>,
  related: Related,
): Promise<boolean | null> {
  let vouched: false | null = false
  for (const link of links.toReversed()) {
    if (!trusted.has(sealerOf(link) ?? '')) break
    const { original = '' } = (link as Link)['arc-authentication-results'] ?? {}
    const field = utf8(typeof original === 'string' ? fromLatin1(original) : original)
    const seen = await saw(readResults(field.slice(field.indexOf(':') + 1)), from, strict, related)
    if (seen) return true
    if (seen === null) vouched = null
  }
  return vouched
}

/** Was it `dmarc=pass` for this From domain; or did, where DMARC was not checked, an aligned signature or SPF pass? */
async function saw(
  results: readonly AuthenticationResult[],
  from: string,
  strict: { readonly spf: boolean; readonly dkim: boolean },
  related: Related,
): Promise<boolean | null> {
  const dmarc = results.filter(({ method }) => method === 'dmarc')
  let unknown = false
  for (const one of dmarc.length > 0 ? dmarc : results) {
    if (one.result !== 'pass') continue
    const aligned = await isTrueOf(one, from, strict, related)
    if (aligned) return true
    unknown ||= aligned === null
  }
  return unknown ? null : false
}

async function isTrueOf(
  { method, properties }: AuthenticationResult,
  from: string,
  strict: { readonly spf: boolean; readonly dkim: boolean },
  related: Related,
): Promise<boolean | null> {
  const named = new Map(properties)
  const domainIn = (name: string): string => domainOf(named.get(name) ?? '')
  if (method === 'dmarc') {
    // Some name the domain, some its organization.
    const seen = domainIn('header.from')
    return (from === seen || from.endsWith(`.${seen}`)) && related(seen)
  }
  if (method === 'dkim') return isAligned(from, domainIn('header.d') || domainIn('header.i'), strict.dkim, related)
  return method === 'spf' && isAligned(from, domainIn('smtp.mailfrom') || domainIn('smtp.helo'), strict.spf, related)
}
