import { StoreError } from '@posthouse/store-api'

/** Everything in the store that can grow, and how far. */
export interface SqliteLimits {
  /** Octets of one message. Default: 4 GiB less one chunk, the most that the file layout can hold. */
  readonly messageBytes: number
  /** Keywords of one mailbox: of its messages, and earlier ones until their room is needed. Default: 100. */
  readonly keywords: number
  /** Mailboxes of one account. Default: 10,000. */
  readonly mailboxes: number
  /** Lines of the access list of one mailbox. Default: 1,000. */
  readonly accessList: number
  /** Annotations of one account, of its mailboxes and of all principals. Default: 10,000. */
  readonly annotations: number
  /** Octets of one annotation. Default: 64 KiB. */
  readonly annotationBytes: number
  /** Octets of all annotations of one account, with their names. They are no part of its quota. Default: 16 MiB. */
  readonly annotationTotal: number
  /** Subscriptions of one account, of all principals. Default: 20,000. */
  readonly subscriptions: number
  /** Rows of the expunge log of one mailbox (one for each commit that expunged), and up to 64 more. Default: 1,000. */
  readonly expungeLog: number
  /** ms that the expunge log reaches back. Default: 30 days. */
  readonly expungeLogAge: number
  /** ms that a delivery or commit key is remembered. Default: 7 days. */
  readonly keyAge: number
  /** ms that staged octets wait for their commit. Default: 1 hour. */
  readonly lease: number
  /** ms that octets stay readable after their last row is gone (R7). Default: 1 hour; less than 15 minutes is refused. */
  readonly grace: number
  /** ms that a call waits for other processes before it fails with `busy`. Default: 30 s. */
  readonly busy: number
}

const MINUTE = 60_000
/** R7 of the contract of a mail store. */
const LEAST_GRACE = 15 * MINUTE
const DAY = 24 * 60 * MINUTE

/** The defaults of `SqliteLimits`. */
export const DEFAULT_LIMITS: SqliteLimits = Object.freeze({
  messageBytes: 65535 * 65536,
  keywords: 100,
  mailboxes: 10_000,
  accessList: 1_000,
  annotations: 10_000,
  annotationBytes: 64 * 1024,
  annotationTotal: 16 * 1024 * 1024,
  subscriptions: 20_000,
  expungeLog: 1_000,
  expungeLogAge: 30 * DAY,
  keyAge: 7 * DAY,
  lease: 60 * MINUTE,
  grace: 60 * MINUTE,
  busy: 30_000,
})

/** The limits with what the caller wants otherwise. @throws StoreError `invalid` */
export function limitsOf(wanted: Partial<SqliteLimits> | undefined): SqliteLimits {
  const limits = { ...DEFAULT_LIMITS }
  checkNames('limit', wanted ?? {}, DEFAULT_LIMITS)
  for (const [name, value] of Object.entries(wanted ?? {})) {
    checkNumber(`limits.${name}`, value)
    if (value !== undefined) (limits as Record<string, number>)[name] = value
  }
  if (!(limits.grace >= LEAST_GRACE)) {
    throw new StoreError('invalid', 'limits.grace: octets must stay readable for 15 minutes (900000 ms) at least')
  }
  return limits
}

/** The store has no need of `@posthouse/wire`, which does this for servers. @throws StoreError `invalid` */
export function checkNames(kind: string, given: unknown, known: object): void {
  const names = Object.keys(known)
  if (typeof given !== 'object' || given === null)
    throw invalid(`${kind}s are an object with any of ${names.join(', ')}`)
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined) throw invalid(`there is no ${kind} ${unknown}; there are ${names.join(', ')}`)
}

/** `undefined` is not given. @throws StoreError `invalid` */
export function checkNumber(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return
  throw invalid(`${name} must be a number, 0 or more, not ${JSON.stringify(value) ?? String(value)}`)
}

function invalid(message: string): StoreError {
  return new StoreError('invalid', message)
}
