import { networkKey } from '@posthouse/wire'
import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import { reply } from '../syntax/reply.js'
import { type Rate, WindowCounter } from './window-counter.js'

export interface RateLimitOptions {
  /** Connections from one network. */
  readonly connections?: Rate
  /** Messages of one user, or from one network without a login. */
  readonly messages?: Rate
  /** Recipients of one user, or from one network without a login. */
  readonly recipients?: Rate
  /** Failed logins from one network; while there are too many, AUTH is refused. */
  readonly failedLogins?: Rate
  /** Failed logins for one user, wherever they come from. */
  readonly failedLoginsPerUser?: Rate
  /** What counts as one client. Default: the IPv4 address, or the /64 of an IPv6 address. */
  readonly key?: (session: SmtpSession) => string
}

/**
 * Limits rates by client network and by user, in the memory of this process. One value may serve several servers,
 * which then share the counts. Refusals are temporary (4yz).
 */
export function rateLimit(options: RateLimitOptions): SmtpHandler {
  const key = options.key ?? ((session: SmtpSession) => networkKey(session.remote.address))
  const counter = (rate: Rate | undefined) => (rate ? new WindowCounter(rate) : null)
  const connections = counter(options.connections)
  const messages = counter(options.messages)
  const recipients = counter(options.recipients)
  const failedLogins = counter(options.failedLogins)
  const failedPerUser = counter(options.failedLoginsPerUser)
  /** Networks that may not try to log in, and until when (ms since the epoch). */
  const barred = new Map<string, number>()
  const sender = (session: SmtpSession) => (session.identity ? `user ${session.identity.account}` : key(session))

  return {
    name: 'rate-limit',
    connect(session) {
      if (!connections || connections.take(key(session), session.now())) return undefined
      return reply(421, '4.7.0', 'Too many connections from your network; try again later')
    },
    auth(_mechanism, session) {
      const until = barred.get(key(session))
      if (until === undefined) return undefined
      if (until > session.now()) return reply(454, '4.7.0', 'Too many failed logins; try again later')
      barred.delete(key(session))
      return undefined
    },
    authFailed(user, session) {
      const now = session.now()
      const network = key(session)
      if (failedLogins && !failedLogins.take(network, now)) {
        barred.set(network, now + (options.failedLogins?.seconds ?? 0) * 1000)
        if (barred.size > 100_000) barred.delete(barred.keys().next().value as string)
      }
      if (user !== null && failedPerUser && !failedPerUser.take(user.toLowerCase(), now)) {
        return reply(454, '4.7.0', 'Too many failed logins; try again later')
      }
      return undefined
    },
    mail(_transaction, session) {
      if (!messages || messages.take(sender(session), session.now())) return undefined
      return reply(451, '4.7.1', 'Too many messages; try again later')
    },
    rcpt(_recipient, _transaction, session) {
      if (!recipients || recipients.take(sender(session), session.now())) return undefined
      return reply(451, '4.7.1', 'Too many recipients; try again later')
    },
  }
}
