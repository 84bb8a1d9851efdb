import { type Endpoint, errorLog, type Identity, type Link, type LogEvent, type TlsInfo } from '@posthouse/wire'
import type { SmtpLimits } from '../engine/limits.js'
import type { Dialect } from '../engine/states.js'
import { LayeredNotes } from './annotations.js'
import type { ClientDetails, SmtpSession } from './handler.js'
import type { TransactionState } from './transaction.js'

/** What a session knows of its server. */
export interface SessionServer {
  readonly protocol: Dialect
  readonly hostname: string
  readonly limits: SmtpLimits
  readonly banner: string
  readonly log: ((event: LogEvent) => void) | null
}

/** A connection's memory: what handlers see as `SmtpSession`. */
export class SessionState extends LayeredNotes implements SmtpSession {
  readonly protocol: Dialect
  readonly hostname: string
  readonly limits: SmtpLimits
  readonly banner: string
  helo: string | null = null
  extended = false
  identity: Identity | null = null
  remoteName: string | null = null
  messages = 0
  /** Somebody wants an event for each message. */
  readonly logsMessages: boolean
  /** Recipients that were refused for good: somebody may be guessing addresses. */
  refusedRecipients = 0
  /** Recipients that were refused for now, since the last message. */
  deferredRecipients = 0
  transaction: TransactionState | null = null
  remote: Endpoint
  /** A trusted peer has said who the client is, and nobody has been asked about that client yet. */
  impersonated = false
  proxied = false
  #link: Link
  readonly #log: (event: LogEvent) => void

  constructor(link: Link, server: SessionServer) {
    super()
    this.#link = link
    this.#log = server.log ?? link.log
    this.logsMessages = server.log !== null || link.log !== errorLog
    this.protocol = server.protocol
    this.hostname = server.hostname
    this.limits = server.limits
    this.banner = server.banner
    this.remote = link.remote
  }

  get id(): string {
    return this.#link.id
  }

  get peer(): Endpoint {
    return this.#link.remote
  }

  get local(): Endpoint {
    return this.#link.local
  }

  get tls(): TlsInfo | null {
    return this.#link.tls
  }

  get loopback(): boolean {
    return this.#link.loopback && !this.proxied
  }

  get signal(): AbortSignal {
    return this.#link.signal
  }

  get canStartTls(): boolean {
    return this.#link.canStartTls
  }

  get inputWaits(): boolean {
    return this.#link.inputWaits
  }

  /** What was noted so far is about the client itself, whatever it says: the stage `connect` is over. */
  connected(): void {
    this.keepNotes()
  }

  /** Continues over another link, behind STARTTLS. */
  continueOver(link: Link): void {
    this.#link = link
    this.#startAnew()
  }

  delay(ms: number): Promise<void> {
    return this.#link.delay(ms)
  }

  impersonate(details: ClientDetails): void {
    const { address, port, remoteName, helo = null, identity = null } = details
    // Another client: what the one before has said or shown is not known of it.
    this.#startAnew()
    this.helo = helo
    this.identity = identity
    if (remoteName !== undefined) this.remoteName = remoteName
    else if (address !== undefined) this.remoteName = null
    this.remote = { address: address ?? this.remote.address, port: port ?? this.remote.port }
    // Whoever speaks through a proxy is not on this machine.
    this.proxied = true
    this.impersonated = true
  }

  /** Forgets what the client has said. What the server found out about its address stays (RFC 3207 §4.2). */
  #startAnew(): void {
    this.helo = null
    this.extended = false
    this.identity = null
    this.dropNotes()
  }

  now(): number {
    return this.#link.now()
  }

  log(event: LogEvent): void {
    try {
      this.#log({ connection: this.id, ...event })
    } catch {
      // A log that breaks its promise not to throw must not cost a message.
    }
  }
}
