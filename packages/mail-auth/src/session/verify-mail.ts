import { prependHeader } from '@posthouse/mime/edit'
import {
  type MessageAnswer,
  type ReceivedMessage,
  type Reply,
  reply,
  rewritten,
  type SmtpHandler,
  type SmtpSession,
} from '@posthouse/smtp'
import { fromLatin1, type MaybePromise, utf8 } from '@posthouse/wire'
import { authenticate } from 'mailauth'
import { MailAuthError } from '../errors.js'
import { domainName } from '../syntax/domains.js'
import { readAuthservId, writeAuthenticationResults } from '../syntax/index.js'
import { streamOf } from './feed.js'
import { type Field, fromAddress, headerTooBig, hugeFrom, readHeader, withField, without } from './header.js'
import { DEFAULT_LIMITS, type MailAuthLimits } from './limits.js'
import { type MailAuthentication, mailAuthentication, readFindings, resultsOf, uncheckedMail } from './results.js'

/** Asks DNS; `resolve` of `node:dns/promises` is one. Names that do not exist: an error with the code `ENOTFOUND`. */
// biome-ignore lint/suspicious/noExplicitAny: what comes back depends on the type of the record
export type Resolve = (name: string, type: string) => Promise<any>

/** Decides by what was found. A reply refuses the message. */
export type AuthPolicy = (found: MailAuthentication, session: SmtpSession) => MaybePromise<Reply | undefined | void>

const NO_HEADER = new Uint8Array(0)

export interface VerifyMailOptions {
  /** Default: `resolve` of `node:dns/promises`. */
  readonly resolver?: Resolve
  /**
   * `note` refuses nothing: handlers behind this one read `mailAuthentication`. `enforce` refuses what fails DMARC where
   * the domain's owner asks for that (p=reject), and messages without exactly one From address. A function does
   * anything else. Default: `note`.
   */
  readonly policy?: 'note' | 'enforce' | AuthPolicy
  /** Domains of forwarders and mailing lists whose ARC seal excuses a DMARC failure (RFC 8617 §7.2). Default: none. */
  readonly trustArc?: readonly string[]
  /** The name in the Authentication-Results field. Default: the server's. */
  readonly authservId?: string
  /** Whose messages are not checked; forged results are taken out of theirs too. Default: users who have logged in. */
  readonly exempt?: (session: SmtpSession) => boolean
  readonly limits?: Partial<MailAuthLimits>
}

/**
 * Checks SPF, DKIM, DMARC and ARC of each message, writes what was found into an Authentication-Results field
 * (RFC 8601), takes out fields of that kind that claim to be ours, and leaves the note `mailAuthentication`.
 *
 * ```ts
 * createSmtpServer({ hostname, handlers: [localRecipients(store, { domains }), verifyMail({ policy: 'enforce' }), deliverTo(store)] })
 * ```
 */
export function verifyMail(options: VerifyMailOptions = {}): SmtpHandler {
  const { exempt = (session) => session.identity !== null } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const trusted = new Set(options.trustArc?.map((domain) => domain.toLowerCase()))

  async function message(received: ReceivedMessage, session: SmtpSession): Promise<Awaited<MessageAnswer>> {
    const authservId = options.authservId ?? session.hostname
    const header = await readHeader(received, limits)
    if (!header) return headerTooBig(limits)
    const { fields } = header
    const forged = fields.filter((field) => isOurs(field, authservId))
    if (exempt(session)) return forged.length === 0 ? undefined : rewritten(received, without(forged, received.size))
    const found = await check(received, fields, session, authservId)
    received.transaction.set(mailAuthentication, found)
    const refused = await judge(found, session)
    if (refused) return refused
    const value = writeAuthenticationResults(authservId, resultsOf(found, envelopeOf(received, session)))
    const field = prependHeader(NO_HEADER, { name: 'Authentication-Results', folded: value })
    return rewritten(received, withField(field, header, received.size, forged))
  }

  /** A check that cannot be made is no reason to lose a message: `temperror`. */
  async function check(
    received: ReceivedMessage,
    fields: readonly Field[],
    session: SmtpSession,
    authservId: string,
  ): Promise<MailAuthentication> {
    const from = fromAddress(fields)
    const { sender, helo } = envelopeOf(received, session)
    const checks = authenticate(streamOf(received, received.size, surplus(fields, limits.signatures)), {
      // Without one the library looks for a Return-Path field, of any length.
      sender: sender === '' ? `postmaster@${helo}` : sender,
      helo,
      ip: session.remote.address,
      mta: authservId,
      disableBimi: true,
      ...(options.resolver && { resolver: counting(options.resolver, limits.dnsQueries) }),
    })
    try {
      const inTime = session.delay(limits.time).then(() => {
        throw new MailAuthError('timeout', `checking a message took more than ${limits.time} ms`)
      })
      const findings = readFindings(await Promise.race([checks, inTime]), from)
      const vouched = findings.arc.result === 'pass' && trusted.has(findings.arc.domain ?? '')
      return { ...findings, excused: findings.dmarc.result === 'fail' && vouched }
    } catch (error) {
      session.log({ level: 'warn', event: 'mail-auth.failed', error })
      return uncheckedMail('temperror', from)
    }
  }

  async function judge(found: MailAuthentication, session: SmtpSession): Promise<Reply | undefined | void> {
    const { policy = 'note' } = options
    if (policy === 'note') return undefined
    if (policy !== 'enforce') return policy(found, session)
    const { dmarc, excused } = found
    if (dmarc.result === 'permerror') return reply(550, '5.7.1', 'A message has one From address')
    // RFC 7489 §6.6.4: an owner that is still trying out says 0 per cent.
    if (dmarc.result !== 'fail' || dmarc.policy !== 'reject' || dmarc.percent === 0 || excused) return undefined
    // RFC 7372 §3.3
    return reply(550, '5.7.26', `The DMARC policy of ${dmarc.domain} refuses this message`)
  }

  return { name: 'verify-mail', rewrites: true, message }
}

function envelopeOf({ transaction }: ReceivedMessage, session: SmtpSession): { sender: string; helo: string } {
  return { sender: transaction.reversePath?.address ?? '', helo: session.helo ?? '' }
}

/** RFC 8601 §5: nobody else may speak in our name, in no spelling of it. */
function isOurs({ name, value }: Field, authservId: string): boolean {
  if (name !== 'authentication-results') return false
  const id = readAuthservId(utf8(fromLatin1(value)))
  return id !== null && domainName(id) === domainName(authservId)
}

/** Octets of a signature field that is looked at. The library takes time by the square of its length. */
const MAX_SIGNATURE = 4096

/** What is not looked at: signatures beyond the limit (each one costs DNS, and a walk over the body), and huge fields. */
function surplus(fields: readonly Field[], limit: number): readonly Field[] {
  const left = new Set(hugeFrom(fields))
  let signatures = 0
  for (const field of fields) {
    const isSignature = field.name === 'dkim-signature'
    if (!isSignature && field.name !== 'arc-seal' && field.name !== 'arc-message-signature') continue
    if (field.end - field.start > MAX_SIGNATURE || (isSignature && ++signatures > limit)) left.add(field)
  }
  return fields.filter((field) => left.has(field))
}

/** Not more than so many queries. */
function counting(resolve: Resolve, limit: number): Resolve {
  let left = limit
  return (name, type) => {
    if (left-- > 0) return resolve(name, type)
    return Promise.reject(new MailAuthError('dns-limit', `more than ${limit} DNS queries for one message`))
  }
}
