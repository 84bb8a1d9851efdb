import {
  ContentWriter,
  type MessageAnswer,
  type ReceivedMessage,
  reply,
  rewritten,
  type SmtpHandler,
  type SmtpSession,
  type Transaction,
} from '@posthouse/smtp'
import type { ByteRange } from '@posthouse/store-api'
import { concat, type MaybePromise } from '@posthouse/wire'
import { MailAuthError } from '../errors.js'
import { domainOf } from '../syntax/domains.js'
import { fromAddress, headerTooBig, readHeader, withField } from './header.js'
import { DEFAULT_LIMITS, type MailAuthLimits } from './limits.js'
import { signaturesOf } from './sign.js'

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
  /**
   * Header fields that are signed where they exist; From always is. Default: To, Subject, Date and all others that matter.
   * Of From, Reply-To, Subject, To and Cc one that is added later breaks the signature.
   */
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
    const signatures = await signaturesOf(received, received.size, keys, session.now(), fields)
    return rewritten(received, withField(signatures, header, received.size))
  }

  return { name: 'dkim-sign', rewrites: true, message }
}

/** For `signMessage`. */
export interface SignMessageOptions extends Pick<DkimSignOptions, 'keys' | 'fields'> {
  /** When it is signed, in ms since 1970. Default: now. */
  readonly now?: number
}

/**
 * The message with a DKIM signature for the domain of its From field in front, for who sends without a server of this
 * package. What comes back is as `SmtpClient` sends it: a bare CR or LF is CRLF, a NUL is left out. Change nothing behind
 * it. Throws MailAuthError (`key`) when there is not one From address, no key for its domain, or a key that is none.
 *
 * ```ts
 * await client.send({ envelope, message: await signMessage(message, { keys }) })
 * ```
 */
export async function signMessage(octets: Uint8Array, options: SignMessageOptions): Promise<Uint8Array> {
  const message = asSent(octets)
  const size = message.length
  const whole = {
    size,
    read: async function* ({ start, end = size }: ByteRange = { start: 0 }) {
      yield message.subarray(start, end)
    },
  }
  const header = await readHeader(whole, { ...DEFAULT_LIMITS, header: size, headerLines: size })
  const from = header && fromAddress(header.fields)
  const keys = from ? await keysFor(options.keys, domainOf(from)) : []
  if (!header || !from || keys.length === 0)
    throw new MailAuthError('key', from ? `no DKIM key for ${domainOf(from)}` : 'a message has one From address')
  const signatures = await signaturesOf(whole, size, keys, options.now ?? Date.now(), options.fields)
  return concat([message.subarray(0, header.top), signatures, message.subarray(header.top)])
}

function asSent(octets: Uint8Array): Uint8Array {
  const writer = new ContentWriter('counted', 'normalize')
  const pieces: Uint8Array[] = []
  writer.write(octets, pieces)
  writer.end(pieces)
  return concat(pieces)
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
