import { type MaybePromise, networkKey } from '@posthouse/wire'
import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import { andThen } from '../session/stages.js'
import { type Reply, reply } from '../syntax/reply.js'
import { type Rate, WindowCounter } from './window-counter.js'

/** Counts events by key, here or in a database that several processes share. */
export interface RateCounter {
  /** Counts one event; false when it is one too many. `now`: ms since the epoch. */
  take(key: string, now: number): MaybePromise<boolean>
}

/** What is counted. */
export type RateName = 'connections' | 'messages' | 'recipients' | 'failedLogins' | 'failedLoginsPerUser'

/** What `rateLimit` takes: the rates that are given are kept, no others. */
export interface RateLimitOptions {
  /** Connections from one network. */
  readonly connections?: Rate
  /** Messages of one user, or from one network without a login. */
  readonly messages?: Rate
  /** Recipients of one user, or from one network without a login. */
  readonly recipients?: Rate
  /** Failed logins from one network; while there are too many, AUTH is refused. */
  readonly failedLogins?: Rate
  /**
   * Failed logins for one user, wherever they come from; while there are too many, nobody logs in as that user, with
   * whatever password. It helps where the names that are typed are those of accounts, and lets whoever guesses keep a
   * user out: make it wide.
   */
  readonly failedLoginsPerUser?: Rate
  /** What counts as one client. Default: `networkKey`, the IPv4 address or the /64 of an IPv6 address. */
  readonly key?: (session: SmtpSession) => string
  /** Makes the counter of a rate. Default: a sliding window in the memory of this process, for 100,000 keys. */
  readonly counter?: (name: RateName, rate: Rate) => RateCounter
}

/** Networks or users that are remembered at most because of failed logins. */
const MAX_BARRED = 100_000

/**
 * Limits rates by client network and by user. One value may serve several servers, which then share the counts;
 * several values with other rates or keys may stand in one list. Refusals are temporary (4yz).
 */
export function rateLimit(options: RateLimitOptions): SmtpHandler {
  const { key = ({ remote }: SmtpSession) => networkKey(remote.address) } = options
  const { counter: make = (_name: RateName, rate: Rate): RateCounter => new WindowCounter(rate) } = options
  const counter = (name: RateName): RateCounter | null => {
    const rate = options[name]
    return rate ? make(name, rate) : null
  }
  const connections = counter('connections')
  const messages = counter('messages')
  const recipients = counter('recipients')
  const failedLogins = counter('failedLogins')
  const failedPerUser = counter('failedLoginsPerUser')
  const barredNetworks = new Barred(options.failedLogins)
  const barredUsers = new Barred(options.failedLoginsPerUser)
  const sender = (session: SmtpSession): string =>
    session.identity ? `user ${session.identity.account}` : key(session)

  return {
    name: 'rate-limit',
    connect: (session) => limited(connections, key(session), session, MANY_CONNECTIONS),
    auth: (_mechanism, session) => (barredNetworks.has(key(session), session.now()) ? MANY_FAILURES : undefined),
    authenticated({ account, principal }, session) {
      const names = [account, principal ?? account].map((name) => name.toLowerCase())
      return names.some((name) => barredUsers.has(name, session.now())) ? MANY_FAILURES : undefined
    },
    authFailed(user, session) {
      const network = key(session)
      const name = user === null || user.length > MAX_NAME ? null : user.toLowerCase()
      return andThen(limited(failedLogins, network, session, MANY_FAILURES), (tooMany) => {
        if (tooMany) barredNetworks.add(network, session.now())
        if (name === null) return undefined
        return andThen(limited(failedPerUser, name, session, MANY_FAILURES), (refusal) => {
          if (refusal) barredUsers.add(name, session.now())
          // The same answer as to the right password.
          return barredUsers.has(name, session.now()) ? MANY_FAILURES : undefined
        })
      })
    },
    mail: (_transaction, session) => limited(messages, sender(session), session, MANY_MESSAGES),
    rcpt: (_recipient, _transaction, session) => limited(recipients, sender(session), session, MANY_RECIPIENTS),
  }
}

const MANY_CONNECTIONS = /* @__PURE__ */ reply(421, '4.7.0', 'Too many connections from your network; try again later')
const MANY_FAILURES = /* @__PURE__ */ reply(454, '4.7.0', 'Too many failed logins; try again later')
const MANY_MESSAGES = /* @__PURE__ */ reply(451, '4.7.1', 'Too many messages; try again later')
const MANY_RECIPIENTS = /* @__PURE__ */ reply(451, '4.7.1', 'Too many recipients; try again later')

/** Counts an event; the refusal when it is one too many. */
function limited(
  counter: RateCounter | null,
  key: string,
  session: SmtpSession,
  refusal: Reply,
): MaybePromise<Reply | undefined> {
  if (!counter) return undefined
  return andThen(counter.take(key, session.now()), (fits) => (fits ? undefined : refusal))
}

/** Characters of a user name that is remembered: no account has a longer one, and who guesses may say 9,000. */
const MAX_NAME = 512

/** Who may not log in for the time of a window. */
class Barred {
  readonly #until = new Map<string, number>()
  readonly #ms: number

  constructor(rate: Rate | undefined) {
    this.#ms = (rate?.seconds ?? 0) * 1000
  }

  add(name: string, now: number): void {
    this.#until.delete(name)
    this.#until.set(name, now + this.#ms)
    if (this.#until.size > MAX_BARRED) this.#until.delete(this.#until.keys().next().value as string)
  }

  has(name: string, now: number): boolean {
    const until = this.#until.get(name)
    if (until === undefined) return false
    // Further ahead than a clock is off that is kept right: it was put back since.
    const barred = until > now && until - now <= 2 * this.#ms
    if (!barred) this.#until.delete(name)
    return barred
  }
}
