import { checkNames, checkNumber, withLimits } from '@posthouse/wire'
import type { DestinationLimits } from './queue/types.js'

/** Everything of a relay that can grow or last, in one place. Milliseconds, octets or a count. */
export interface RelayLimits {
  /** Jobs in hand at a time. Default: 200. */
  readonly jobs: number
  /** Jobs of one destination at a time; each is a connection. Default: 20. */
  readonly perDestination: number
  /** Jobs of one destination a minute; `null`: as many as can be. Default: `null`. */
  readonly perMinute: number | null
  /** Connections to one server (address and port) at a time, whatever domains it serves. Default: 20. */
  readonly perServer: number
  /** Messages to one server a minute; `null`: as many as can be. Default: `null`. */
  readonly perServerMinute: number | null
  /** Messages over one connection. Default: 100. */
  readonly perConnection: number
  /** ms that a connection waits for another message. Default: 2,000. */
  readonly idleConnection: number
  /** Addresses of servers that one attempt tries. Default: 5. */
  readonly servers: number
  /** Recipients of one job, and so of one transaction (RFC 5321 §4.5.3.1.8: servers take 100). Default: 100. */
  readonly recipients: number
  /** ms after which a message is given up (RFC 5321 §4.5.4.1). Default: 5 days. */
  readonly lifetime: number
  /** ms after which the sender is told that it takes longer; 0: never. Default: 4 hours. */
  readonly warnAfter: number
  /** ms at most for which a destination is left alone when none of its servers can be reached. Default: 30 minutes. */
  readonly pause: number
  /** Received fields that a message may have; one with more goes in circles (RFC 5321 §6.3). Default: 100. */
  readonly hops: number
  /** Octets of a header that are read. Default: 256 KiB. */
  readonly header: number
  /** Octets of a message that a notice returns when all of it is asked for; of a longer one only the header. Default: 1 MiB. */
  readonly returned: number
  /** ms for which `close` waits for what is in progress. Default: 10,000. */
  readonly close: number
  /** ms after which the queue is asked again although nothing seems to have happened: other processes may have put
   * messages into it. Default: 1,000. */
  readonly poll: number
}

/** With less than one of these nothing would ever be sent. */
const COUNTS = ['jobs', 'perDestination', 'perServer', 'perConnection', 'servers', 'recipients'] as const

/**
 * The defaults with what the caller wants otherwise.
 * @throws TypeError for a limit that there is not or that is no number; RangeError for one below 0, or under which the relay
 * would stand still.
 */
export function relayLimits(wanted: Partial<RelayLimits> | undefined): RelayLimits {
  const limits = withLimits(DEFAULT_LIMITS, wanted, COUNTS)
  for (const name of ['perMinute', 'perServerMinute'] as const) checkPace(`limits.${name}`, limits[name])
  return limits
}

/** As `relayLimits`, for those of a destination, beside those of all. */
export function destinationLimitsOf(
  key: string,
  wanted: Partial<DestinationLimits>,
  general: RelayLimits,
): DestinationLimits {
  const { concurrency = general.perDestination, perMinute = general.perMinute } = wanted
  checkNames(`limit of ${key}`, wanted, { concurrency, perMinute })
  checkNumber(`the concurrency of ${key}`, concurrency, 1)
  checkPace(`perMinute of ${key}`, perMinute)
  return { concurrency, perMinute }
}

function checkPace(what: string, value: number | null): void {
  if (value === null) return
  checkNumber(what, value, Number.NEGATIVE_INFINITY)
  if (!(value > 0)) throw new RangeError(`${what} must be more than 0, not ${value}`)
}

const HOUR = 3_600_000

/** See `RelayLimits`. */
export const DEFAULT_LIMITS: RelayLimits = Object.freeze({
  jobs: 200,
  perDestination: 20,
  perMinute: null,
  perServer: 20,
  perServerMinute: null,
  perConnection: 100,
  idleConnection: 2_000,
  servers: 5,
  recipients: 100,
  lifetime: 5 * 24 * HOUR,
  warnAfter: 4 * HOUR,
  pause: HOUR / 2,
  hops: 100,
  header: 262_144,
  returned: 1 << 20,
  close: 10_000,
  poll: 1_000,
})
