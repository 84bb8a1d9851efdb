import {
  type MessageAnswer,
  type ReceivedMessage,
  reply,
  rewritten,
  type SmtpHandler,
  type SmtpSession,
  type Transaction,
} from '@posthouse/smtp'
import { fromLatin1, type MaybePromise } from '@posthouse/wire'
import { dkimSign as sign } from 'mailauth'
import { MailAuthError } from '../errors.js'
import { domainOf } from '../syntax/domains.js'
import { streamOf } from './feed.js'
import { fromAddress, headerTooBig, readHeader, withField } from './header.js'
import { DEFAULT_LIMITS, type MailAuthLimits } from './limits.js'

/** A key to sign with. */
export interface DkimKey {
  /** `d=`. Default: the domain that the key was found under. */
  readonly domain?: string
  /** `s=`: the public key is the TXT record of `selector._domainkey.domain`. */
  readonly selector: string
  /** PEM: RSA of 1,024 bits and more (RFC 8301: 2,048 is better), or Ed25519 (RFC 8463). */
  readonly privateKey: string
}

/**
 * The keys of a domain (in lower case, an internationalised one in its ASCII form); several make several signatures, such
 * as RSA and Ed25519. Nothing: none.
 */
export type DkimKeys =
  | ReadonlyMap<string, DkimKey | readonly DkimKey[]>
  | ((domain: string) => MaybePromise<DkimKey | readonly DkimKey[] | null | undefined>)

/** What `dkimSign` takes. */
export interface DkimSignOptions {
  readonly keys: DkimKeys
  /** Whose messages are signed. Default: those of users who have logged in. */
  readonly when?: (session: SmtpSession, transaction: Transaction) => boolean
  /**
   * May this account write as this From address? A message whose From is somebody else's is refused with 550 5.7.1; asked
   * only where there is a key, about users who have logged in. Default: every user may write as every address, and the
   * signature says that it is true.
   */
  readonly owns?: (account: string, address: string) => MaybePromise<boolean>
  /** Header fields that are signed where they exist. Default: From, To, Subject, Date and all others that matter. */
  readonly fields?: readonly string[]
  readonly limits?: Partial<MailAuthLimits>
}

/**
 * Signs messages with DKIM (RFC 6376) for the domain of their From field, so that DMARC passes at the other end. The
 * key of a parent domain serves where a domain has none. A message whose domain has no key goes on as it is, and so
 * does one with several From fields.
 *
 * Put it behind everything that changes messages and before what sends them.
 *
 * ```ts
 * dkimSign({ keys: new Map([['example.org', { selector: 'mail', privateKey }]]) })
 * ```
 */
export function dkimSign(options: DkimSignOptions): SmtpHandler {
  const { when = hasLoggedIn, fields } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }

  async function message(received: ReceivedMessage, session: SmtpSession): Promise<Awaited<MessageAnswer>> {
    if (!when(session, received.transaction)) return undefined
    const header = await readHeader(received, limits)
    if (!header) return headerTooBig(limits)
    const from = fromAddress(header.fields)
    const keys = from === null ? [] : await keysFor(options.keys, domainOf(from))
    if (from === null || keys.length === 0) return undefined
    const { identity } = session
    if (identity && options.owns && !(await options.owns(identity.account, from))) {
      return reply(550, '5.7.1', 'This From address is not yours')
    }
    const { signatures, errors } = await sign(streamOf(received, received.size), {
      canonicalization: 'relaxed/relaxed',
      signTime: new Date(session.now()),
      ...(fields && { headerList: fields.join(':') }),
      signatureData: keys.map(({ domain, selector, privateKey }) => ({
        signingDomain: domain,
        selector,
        privateKey,
      })),
    } as unknown as Parameters<typeof sign>[1])
    const [problem] = errors as readonly { readonly err?: Error }[]
    if (problem) {
      const { err = problem } = problem
      const why = err instanceof Error ? err.message : String(err)
      throw new MailAuthError('key', `no DKIM signature for ${keys[0].domain}: ${why}`, { cause: err })
    }
    return rewritten(received, withField(fromLatin1(signatures), header, received.size))
  }

  return { name: 'dkim-sign', rewrites: true, message }
}

function hasLoggedIn(session: SmtpSession): boolean {
  return session.identity !== null
}

/** The keys of the domain, or of the nearest domain above it. */
async function keysFor(keys: DkimKeys, domain: string): Promise<readonly Required<DkimKey>[]> {
  const find = typeof keys === 'function' ? keys : (name: string) => keys.get(name)
  for (let name = domain; name.includes('.'); name = name.slice(name.indexOf('.') + 1)) {
    const found = await find(name)
    if (!found) continue
    const list: readonly DkimKey[] = 'selector' in found ? [found] : found
    if (list.length > 0) return list.map((key) => ({ domain: name, ...key }))
  }
  return []
}
