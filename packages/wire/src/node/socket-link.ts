import type { Endpoint, Link, Log, TlsInfo } from '../link.js'
import type { SocketConnection } from './connection.js'
import { isLoopback } from './endpoint.js'

/** What a session sees of its connection. Others may be made of it by `Object.create`, so it has no private fields. */
export class SocketLink implements Link {
  readonly id: string
  readonly remote: Endpoint
  readonly tls: TlsInfo | null
  readonly upgraded: boolean
  readonly log: Log
  readonly now: () => number
  readonly connection: SocketConnection

  constructor(connection: SocketConnection, tls: TlsInfo | null, upgraded: boolean) {
    const { log, now } = connection.options
    this.connection = connection
    this.id = connection.id
    this.remote = connection.remote
    this.tls = tls
    this.upgraded = upgraded
    this.log = log
    this.now = now
  }

  get local(): Endpoint {
    return this.connection.local
  }

  get loopback(): boolean {
    const { options, local, proxied } = this.connection
    // A Unix socket has no addresses, and is on this machine.
    if (options.local) return !proxied
    return isLoopback(this.remote.address) && isLoopback(local.address)
  }

  get canStartTls(): boolean {
    return this.tls === null && this.connection.options.tls !== null
  }

  get canCompress(): boolean {
    return true
  }

  get inputWaits(): boolean {
    return this.connection.driver.control.inputWaits
  }

  get signal(): AbortSignal {
    return this.connection.signal
  }

  delay(ms: number): Promise<void> {
    return this.connection.delay(ms)
  }

  flush(): void | Promise<void> {
    return this.connection.driver.control.flush()
  }

  sent(): void | Promise<void> {
    return this.connection.driver.control.sent()
  }

  startTls(): void {
    this.connection.driver.control.startTls()
  }

  compress(): void {
    this.connection.driver.control.compress()
  }

  close(): void {
    this.connection.driver.control.close()
  }

  abort(message: string): void {
    this.connection.driver.control.abort(message)
  }

  idleTimeout(ms: number): void {
    this.connection.limits.idle(ms)
  }

  deadline(ms: number): void {
    this.connection.limits.deadline(ms)
  }
}
