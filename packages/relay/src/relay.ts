/** A relay: takes messages, keeps them, delivers them, and says what became of them. */
import { domainKey, type Mailbox, parseMailbox, systemTimer, type Timer } from '@posthouse/smtp'
import { checkNumber, checkOptions, type Log, type MaybePromise, type OptionTable } from '@posthouse/wire'
import { type Conclusion, conclude, untried } from './delivery/conclude.js'
import { type Dispatcher, startDispatcher } from './delivery/dispatcher.js'
import { createGate } from './delivery/gate.js'
import type { LocalDelivery } from './delivery/local.js'
import { contentOf } from './delivery/mail.js'
import { type Attempt, forAll, ownFailure } from './delivery/outcome.js'
import { createServerPools } from './delivery/pools.js'
import { createReachability, isLost } from './delivery/reachability.js'
import type { OpenSession } from './delivery/session.js'
import { unlessAborted } from './delivery/signal.js'
import { createSilentAddresses } from './delivery/silence.js'
import { attemptBySmtp } from './delivery/smtp.js'
import { findTargets } from './delivery/targets.js'
import { RelayError } from './errors.js'
import type { RelayEvent } from './events.js'
import { destinationLimitsOf, type RelayLimits, relayLimits } from './limits.js'
import { noticeMessage } from './notices/order.js'
import { defaultRetrySchedule, type RetrySchedule } from './queue/retry.js'
import type {
  ClaimedJob,
  DestinationLimits,
  Failure,
  Job,
  JobEngine,
  JobQuery,
  JobSelector,
  QueueStatus,
} from './queue/types.js'
import { canonicalAddress } from './routing/addresses.js'
import { checkTable } from './routing/check-table.js'
import { domainDestination, LOCAL, routeDestination } from './routing/destination.js'
import type { MailResolver } from './routing/resolver.js'
import { createRouter, type Router, type Routing, type RoutingTable } from './routing/router.js'
import { prepare, type Submission, type Submitted } from './submission.js'
import { observed } from './tls/observe.js'
import { opportunisticPolicies, type TlsPolicies } from './tls/policies.js'
import type { TlsResult } from './tls/result.js'

/** What a relay is made of. */
export interface RelayOptions {
  /** The name of this machine: in EHLO, in notices, and to find out that a mail server is this one. */
  readonly hostname: string
  /** Where messages wait: `openSqliteQueue` of `@posthouse/relay/node`, or an engine of your own. Closed with the relay. */
  readonly engine: JobEngine
  readonly routing: RoutingTable
  readonly resolver: MailResolver
  /** Opens connections: `openSmtpSession` of `@posthouse/relay/node`. */
  readonly open: OpenSession
  /** Takes what is local: `deliverToStore(store)`. Without it nothing is. */
  readonly deliver?: LocalDelivery
  /** Where another process works on the queue: wait until it ends, instead of failing with `busy`. Default: false. */
  readonly standby?: boolean
  /** The port of other domains' mail servers. Default: 25. */
  readonly port?: number
  /** IP versions that are used, in the order in which they are tried. Default: `[6, 4]`. */
  readonly families?: readonly (4 | 6)[]
  /** Addresses of this machine, to find loops. Default: none, and names alone tell. */
  readonly ownAddresses?: readonly string[]
  /**
   * May mail be sent to this address, which DNS or an address literal has named? Routes may go anywhere. Default: not to
   * this machine itself (127.0.0.0/8, `::1`), to everybody or to nobody.
   */
  readonly allowAddress?: (address: string) => boolean
  /** Pauses between attempts. Default: `defaultRetrySchedule`. */
  readonly retry?: RetrySchedule
  /** Limits of single domains; `smarthost` is the name of the smart host. Those of routes count too. */
  readonly domainLimits?: ReadonlyMap<string, Partial<DestinationLimits>>
  /** MTA-STS, DANE: `tlsPolicies`. Default: STARTTLS where it works. */
  readonly tls?: TlsPolicies
  readonly limits?: Partial<RelayLimits>
  /** Hears of everything that happens. Must not throw. */
  readonly onEvent?: (event: RelayEvent) => void
  readonly log?: Log
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number
  readonly timer?: Timer
  /** 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
  /** A new name of letters and digits each time. Default: 100 random bits. */
  readonly createId?: () => string
}

/** Mail on its way. Methods reject with `RelayError`. */
export interface Relay extends AsyncDisposable {
  readonly hostname: string
  readonly router: Router
  readonly limits: RelayLimits
  /** Mail for mailboxes on this machine is delivered from the queue, too (`deliver`). */
  readonly delivers: boolean
  /** Where mail for an address goes. */
  route(recipient: string | Mailbox): MaybePromise<Routing>
  /** Puts a message into the queue; it is durable when this resolves. */
  submit(submission: Submission): Promise<Submitted>
  /** Begins to deliver. Without it messages are only taken. @throws RelayError `busy` without `standby` */
  start(): Promise<void>
  /** Keeps jobs back that are in the queue now. Returns how many. */
  hold(which: JobSelector): Promise<number>
  /** Lets held jobs go, and tries waiting ones and their destinations at once. Returns how many jobs it has changed. */
  release(which: JobSelector): Promise<number>
  /** Removes jobs without a word to anybody. Returns how many. */
  cancel(which: JobSelector): Promise<number>
  list(query?: JobQuery): Promise<readonly Job[]>
  /** The jobs of a message; empty when it is not in the queue. */
  inspect(message: string): Promise<readonly Job[]>
  status(): Promise<QueueStatus>
  /** Resolves when nothing waits or runs; held jobs do not count. For tests and scripts. */
  idle(): Promise<void>
  /** Takes no more, lets deliveries in progress end (`limits.close`), closes connections and the queue. Never rejects. */
  close(): Promise<void>
}

/** All that `createRelay` takes. */
export const RELAY_OPTIONS: OptionTable<RelayOptions> = {
  hostname: 1,
  engine: 1,
  routing: 1,
  resolver: 1,
  open: 1,
  deliver: 0,
  standby: 0,
  port: 0,
  families: 0,
  ownAddresses: 0,
  allowAddress: 0,
  retry: 0,
  domainLimits: 0,
  tls: 0,
  limits: 0,
  onEvent: 0,
  log: 0,
  now: 0,
  timer: 0,
  random: 0,
  createId: 0,
}

/**
 * Makes a relay.
 * @throws RelayError `address` for a table with a mistake; TypeError for options or limits that there are not, that are
 * missing, or of another kind; RangeError for limits under which nothing is sent.
 */
export function createRelay(options: RelayOptions): Relay {
  checkOptions('createRelay', options, RELAY_OPTIONS)
  checkTable(options.routing)
  checkNumber('port', options.port, 1, 65_535)
  const { hostname, engine, resolver, deliver } = options
  const { retry = defaultRetrySchedule, now = Date.now, random = Math.random, timer = systemTimer } = options
  const { createId = randomId, tls: policies = opportunisticPolicies, port = 25 } = options
  const limits = relayLimits(options.limits)
  const byDestination = destinationLimits(options, limits)
  const router = createRouter(options.routing)
  /** One for each attempt in progress. */
  const attempts = new Set<AbortController>()
  /** What goes on beside attempts. */
  const life = new AbortController()
  let dispatcher: Dispatcher | null = null
  let stopping = false
  /** The patience of `close` is at its end. */
  let hurried = false
  let closed: Promise<void> | null = null
  let forgetTurn = (): void => {}
  const watchIdle = new Set<() => void>()
  const reachable = createReachability()
  const silent = createSilentAddresses(now)

  function tell(event: RelayEvent): void {
    options.onEvent?.(event)
    options.log?.(logEvent(event))
  }

  const pools = createServerPools({
    open: options.open,
    hostname,
    gate: engine.gate ?? createGate(now),
    perServer: limits.perServer,
    perServerMinute: limits.perServerMinute,
    perConnection: limits.perConnection,
    idle: limits.idleConnection,
    timer,
    observe: (seen) => {
      const result = observed(seen)
      if (result) tell({ type: 'tls', ...result })
    },
  })
  const observe = (result: TlsResult): void => tell({ type: 'tls', ...result })

  const targetOptions = {
    router,
    resolver,
    policies,
    port,
    observe,
    life: life.signal,
    exchangers: {
      ownNames: new Set([domainKey(hostname)]),
      ownAddresses: new Set((options.ownAddresses ?? []).map(canonicalAddress)),
      random,
      ...(options.families && { families: options.families }),
      ...(options.allowAddress && { allowAddress: options.allowAddress }),
    },
  }

  const closing = (): Failure => ownFailure('4.3.2', 'the relay is closed', now())

  async function attempt(job: ClaimedJob, signal: AbortSignal): Promise<Attempt> {
    const { requireTls: required, tlsOptional: optional, deliverBy } = job.message.envelope
    // RFC 2852 §4: after that it goes back, wherever it was to go.
    if (deliverBy?.mode === 'return' && now() >= deliverBy.at) {
      return same(job, 'failed', ownFailure('5.4.7', 'the time to deliver it is over', now()), 'unknown')
    }
    const content = contentOf(job, (message) => engine.read(message))
    if (job.destination === LOCAL) {
      const missing = ownFailure('4.3.5', 'there is no delivery to mailboxes here', now())
      if (!deliver) return same(job, 'deferred', missing, 'unknown')
      const outcomes = await unlessAborted(deliver(job, content, { signal, now }), signal)
      return outcomes ? { outcomes, destination: 'alive', busy: false } : same(job, 'deferred', closing(), 'unknown')
    }
    // What a message asks of TLS keeps no other one from its destination.
    const dead = required ? 'unknown' : 'dead'
    const found = await findTargets(job.destination, { required, optional }, targetOptions, signal)
    if (!found) return same(job, 'deferred', closing(), 'unknown')
    if (found.type === 'failed') {
      const failure = ownFailure(found.status, found.text, now())
      return same(job, found.permanent ? 'failed' : 'deferred', failure, found.permanent ? 'unknown' : dead)
    }
    const made = await attemptBySmtp(job, content, {
      pools,
      targets: found.targets,
      maxTries: limits.servers,
      silent,
      signal,
      now,
    })
    return required && isLost(made.destination) ? { ...made, destination: 'unknown' } : made
  }

  async function work(job: ClaimedJob): Promise<void> {
    let result: Attempt
    const stopper = new AbortController()
    const trip = reachable.begin(job.destination, job.message.id)
    attempts.add(stopper)
    try {
      if (job.purpose === 'deliver') {
        tell({ type: 'attempt', message: job.message.id, destination: job.destination, number: job.attempts })
        result = await attempt(job, stopper.signal)
      } else result = untried(job, now())
    } catch (error) {
      tell({ type: 'trouble', error })
      result = same(job, 'deferred', ownFailure('4.3.0', 'something went wrong here', now()), 'unknown')
    } finally {
      attempts.delete(stopper)
    }
    result = { ...result, destination: trip.end(result.destination) }
    const conclusion = conclude(job, result, { now: now(), random, retry, limits, stopping: stopper.signal.aborted })
    await settle(job, conclusion)
  }

  /** What was delivered must be written down, or it is delivered again: the queue is asked until it can. */
  async function settle(job: ClaimedJob, conclusion: Conclusion): Promise<void> {
    const events = [...conclusion.events]
    for (let pause = 100; ; pause = Math.min(pause * 2, 10_000)) {
      try {
        const notices = []
        for (const order of conclusion.notices) {
          const made = await noticeMessage(order, job, { engine, router, hostname, limits, now: now(), createId })
          if (made.message) notices.push(made.message)
          events.push(made.event)
        }
        await engine.settle({ ...conclusion.settlement, notices })
        break
      } catch (error) {
        tell({ type: 'trouble', error })
        // Somebody else has the queue, and will do the job again.
        if (error instanceof RelayError && (error.code === 'closed' || error.code === 'busy')) return
        if (hurried) return
        events.length = conclusion.events.length
        await new Promise<void>((resolve) => timer(resolve, pause))
      }
    }
    for (const event of events) tell(event)
    checkIdle()
  }

  function checkIdle(): void {
    for (const wake of [...watchIdle]) wake()
  }

  let beginning: Promise<void> | null = null

  /** Once: an engine that starts again lets go of the jobs in hand, and they would be done twice. */
  function begin(): Promise<void> {
    beginning ??= open().finally(() => (beginning = null))
    return beginning
  }

  async function open(): Promise<void> {
    if (dispatcher) return
    await engine.start()
    if (stopping) return
    const trouble = (error: unknown): void => tell({ type: 'trouble', error })
    dispatcher = startDispatcher({ engine, limits, byDestination, now, timer, work, trouble, lost })
    tell({ type: 'started' })
  }

  /** Another process has the queue. */
  function waitForTurn(why: RelayError): void {
    tell({ type: 'standby', reason: why.message })
    const again = (): void => {
      begin().catch((error: unknown) => {
        if (!isBusy(error)) tell({ type: 'trouble', error })
        if (!stopping) forgetTurn = timer(again, limits.poll)
      })
    }
    forgetTurn()
    forgetTurn = timer(again, limits.poll)
  }

  /** Another process has taken the queue, because this one was silent for too long. */
  function lost(error: RelayError): void {
    void dispatcher?.stop()
    dispatcher = null
    if (options.standby) waitForTurn(error)
    else tell({ type: 'trouble', error })
  }

  function read(text: string | Mailbox): Mailbox {
    const mailbox = typeof text === 'string' ? parseMailbox(text) : text
    if (!mailbox) throw new RelayError('address', `${text} is no address`)
    return mailbox
  }

  const relay: Relay = {
    hostname,
    router,
    limits,
    delivers: deliver !== undefined,
    route: (recipient) => router.route(read(recipient)),
    async submit(submission) {
      if (stopping) throw new RelayError('closed', 'the relay is closed')
      const { message, refused } = await prepare(submission, { router, limits, now: now(), createId })
      await engine.enqueue(message)
      tell({
        type: 'queued',
        message: message.id,
        from: message.envelope.reversePath ?? '',
        recipients: message.jobs.flatMap(({ recipients }) => recipients.map(({ address }) => address)),
      })
      return { id: message.id, refused }
    },
    async start() {
      try {
        await begin()
      } catch (error) {
        if (!options.standby || !isBusy(error)) throw error
        waitForTurn(error)
      }
    },
    hold: (which) => engine.hold(which),
    release: (which) => engine.release(which, now()),
    cancel: (which) => engine.cancel(which),
    list: (query = {}) => engine.list(query),
    inspect: (message) => engine.list({ message, limit: 10_000 }),
    status: () => engine.status(),
    async idle() {
      for (;;) {
        const { waiting, running } = await engine.status()
        if (waiting + running === 0) return
        // Other processes may work on the same queue: nobody tells us.
        await new Promise<void>((resolve) => {
          const done = (): void => {
            watchIdle.delete(done)
            forget()
            resolve()
          }
          watchIdle.add(done)
          const forget = timer(done, limits.poll)
        })
      }
    },
    close() {
      closed ??= finish()
      return closed
    },
    [Symbol.asyncDispose]: () => relay.close(),
  }
  return relay

  async function finish(): Promise<void> {
    stopping = true
    forgetTurn()
    const patience = timer(() => {
      hurried = true
      for (const stopper of attempts) stopper.abort(new RelayError('closed', 'the relay is closed'))
    }, limits.close)
    await dispatcher?.stop()
    patience()
    life.abort()
    await pools.close()
    await engine.close().catch((error: unknown) => tell({ type: 'trouble', error }))
    checkIdle()
  }
}

function isBusy(error: unknown): error is RelayError {
  return error instanceof RelayError && error.code === 'busy'
}

function same(
  job: ClaimedJob,
  type: 'deferred' | 'failed',
  failure: ReturnType<typeof ownFailure>,
  destination: Attempt['destination'],
): Attempt {
  return { outcomes: forAll(job.recipients, { type, failure }), destination, busy: false }
}

/** The limits of routes, then those that the options name. */
function destinationLimits(
  { routing, domainLimits }: RelayOptions,
  limits: RelayLimits,
): ReadonlyMap<string, DestinationLimits> {
  const found = new Map<string, DestinationLimits>()
  const add = (key: string, own: Partial<DestinationLimits> | undefined): void => {
    if (own) found.set(key, destinationLimitsOf(key, own, limits))
  }
  for (const [domain, route] of routing.routes ?? []) add(domainDestination(domain), route.limits)
  add(routeDestination('smarthost'), routing.smartHost?.limits)
  for (const [domain, own] of domainLimits ?? []) {
    add(domain === 'smarthost' ? routeDestination(domain) : domainDestination(domain), own)
  }
  return found
}

const LETTERS = '0123456789abcdefghijklmnopqrstuv'

function randomId(): string {
  let id = ''
  for (const octet of crypto.getRandomValues(new Uint8Array(20))) id += LETTERS[octet & 31]
  return id
}

function logEvent(event: RelayEvent): Parameters<Log>[0] {
  const { type, ...details } = event
  const level = type === 'trouble' ? 'error' : type === 'attempt' || type === 'tls' ? 'debug' : 'info'
  return { level, event: `relay.${type}`, ...details }
}
