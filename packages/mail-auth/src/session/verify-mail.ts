import {
  domainKey,
  type MessageAnswer,
  type ReceivedMessage,
  type Reply,
  reply,
  rewritten,
  type SmtpHandler,
  type SmtpSession,
} from '@posthouse/smtp'
import { fromLatin1, fromUtf8, type MaybePromise, utf8 } from '@posthouse/wire'
import { readAuthservId, writeAuthenticationResults } from '../syntax/index.js'
import { type Checked, checkMessage } from './checks.js'
import type { Resolve } from './dns.js'
import { type Field, headerTooBig, readHeader, withField, without } from './header.js'
import { DEFAULT_LIMITS, type MailAuthLimits } from './limits.js'
import { type MailAuthentication, mailAuthentication, resultsOf } from './results.js'

/** Decides by what was found. A reply refuses the message. */
export type AuthPolicy = (found: MailAuthentication, session: SmtpSession) => MaybePromise<Reply | undefined | void>

/** What `verifyMail` takes; everything has a default. */
export interface VerifyMailOptions {
  /** Default: `resolve` of `node:dns/promises`. */
  readonly resolver?: Resolve
  /**
   * `note` refuses nothing: handlers behind this one read `mailAuthentication`. `enforce` refuses what fails DMARC where
   * the domain's owner asks for that (p=reject) with `550 5.7.26`, and messages without exactly one From domain with
   * `550 5.7.1`; where DNS or time keep that from being found out, `451 4.7.0` lets the client try again. A function
   * does anything else. Default: `note`.
   */
  readonly policy?: 'note' | 'enforce' | AuthPolicy
  /**
   * Domains of forwarders and mailing lists that are believed when their ARC seal says that a message passed DMARC, or
   * an aligned signature or SPF, when it came to them (RFC 8617 §7.2). Default: none.
   */
  readonly trustArc?: readonly string[]
  /** The name in the Authentication-Results field. Default: the server's. */
  readonly authservId?: string
  /** Whose messages are not checked; forged results are taken out of theirs too. Default: users who have logged in. */
  readonly exempt?: (session: SmtpSession) => boolean
  readonly limits?: Partial<MailAuthLimits>
}

/** See `verifyMail` in `node/`, which has a resolver. */
export function verifyMail(options: VerifyMailOptions & { readonly resolver: Resolve }): SmtpHandler {
  const { resolver, exempt = (session) => session.identity !== null } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const trusted = new Set(options.trustArc?.map(domainKey))

  async function message(received: ReceivedMessage, session: SmtpSession): Promise<Awaited<MessageAnswer>> {
    const authservId = options.authservId ?? session.hostname
    const header = await readHeader(received, limits)
    if (!header) return headerTooBig(limits)
    const { fields } = header
    const forged = fields.filter((field) => isOurs(field, authservId))
    if (exempt(session)) return forged.length === 0 ? undefined : rewritten(received, without(forged, received.size))
    const checked = await checkMessage(received, fields, session, { resolver, limits, trusted, authservId })
    const { found } = checked
    received.transaction.set(mailAuthentication, found)
    const refused = await judge(checked, session)
    if (refused) return refused
    const value = writeAuthenticationResults(authservId, resultsOf(found, envelopeOf(received, session)))
    const field = fromUtf8(`Authentication-Results: ${value}\r\n`)
    return rewritten(received, withField(field, header, received.size, forged))
  }

  async function judge({ found, unsure }: Checked, session: SmtpSession): Promise<Reply | undefined | void> {
    const { policy = 'note' } = options
    if (policy === 'note') return undefined
    if (policy !== 'enforce') return policy(found, session)
    const { dmarc, excused } = found
    if (dmarc.result === 'permerror') return reply(550, '5.7.1', 'A message has one From field, of one domain')
    if (excused) return undefined
    // RFC 9989 §4.7: an owner that is still trying out does not want it.
    const wanted = dmarc.policy === 'reject' && dmarc.percent > 0
    // RFC 9989 §7.2: whoever can keep DNS from answering must not get in by it.
    if ((unsure || dmarc.result === 'temperror') && (wanted || dmarc.policy === null))
      return reply(451, '4.7.0', `The DMARC policy of ${dmarc.domain} cannot be checked now; try again later`)
    if (dmarc.result !== 'fail' || !wanted) return undefined
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
  return id !== null && domainKey(id) === domainKey(authservId)
}
