import type { Endpoint, Identity, Link, LogEvent, TlsInfo } from '@posthouse/wire'
import type { SmtpLimits } from '../engine/limits.js'
import type { Dialect } from '../engine/states.js'
import { Notes } from './annotations.js'
import type { SmtpSession } from './handler.js'
import type { TransactionState } from './transaction.js'

/** A connection's memory: what handlers see as `SmtpSession`. */
export class SessionState extends Notes implements SmtpSession {
  readonly protocol: Dialect
  readonly hostname: string
  readonly limits: SmtpLimits
  helo: string | null = null
  extended = false
  identity: Identity | null = null
  remoteName: string | null = null
  transaction: TransactionState | null = null
  remote: Endpoint
  readonly #link: Link
  readonly #log: (event: LogEvent) => void

  constructor(link: Link, protocol: Dialect, hostname: string, limits: SmtpLimits, log: (event: LogEvent) => void) {
    super()
    this.#link = link
    this.#log = log
    this.protocol = protocol
    this.hostname = hostname
    this.limits = limits
    this.remote = link.remote
  }

  get id(): string {
    return this.#link.id
  }

  get local(): Endpoint {
    return this.#link.local
  }

  get tls(): TlsInfo | null {
    return this.#link.tls
  }

  get loopback(): boolean {
    return this.#link.loopback
  }

  get signal(): AbortSignal {
    return this.#link.signal
  }

  get canStartTls(): boolean {
    return this.#link.canStartTls
  }

  now(): number {
    return this.#link.now()
  }

  log(event: LogEvent): void {
    this.#log({ connection: this.id, ...event })
  }
}
