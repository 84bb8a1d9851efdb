import type { Socket } from 'node:net'
import { createDriver, type Driver, type Transport } from '../drive.js'
import type { CloseReason, Endpoint, Log, Protocol, TlsInfo } from '../link.js'
import { createDeflateDuplex, type DeflateDuplex } from './deflate.js'
import { drained } from './drained.js'
import { endpointOf } from './endpoint.js'
import { later } from './later.js'
import { SocketLink } from './socket-link.js'
import { drop, type Incoming } from './socket-server.js'
import { TimeLimits } from './time-limits.js'
import { loadTls, type TlsIdentity, tlsInfo } from './tls.js'

/** How a listener serves its sockets: one object for all of them. */
export interface ServingOptions {
  readonly protocol: Protocol
  readonly log: Log
  readonly now: () => number
  /** Present: STARTTLS is offered, or TLS starts at once with `implicitTls`. */
  readonly tls: TlsIdentity | null
  readonly implicitTls: boolean
  /** It came through a Unix socket. */
  readonly local: boolean
  /** ms that a TLS handshake may take. */
  readonly handshakeTimeout: number
  /** Octets the peer may leave unread before `flush` makes the session wait. */
  readonly highWaterMark: number
  /** The socket is gone. */
  closed(connection: Connection): void
}

/** One accepted socket. */
export interface Arrival {
  readonly id: string
  /** Who really connected, when a trusted proxy said so. */
  readonly remote: Endpoint | null
  /** Octets read behind a proxy's header. */
  readonly head: Uint8Array | null
}

/** One socket that is served. */
export interface Connection {
  readonly id: string
  readonly remote: Endpoint
  /** Its index in the list of open connections. */
  place: number
  /** Asks the session to come to its end. */
  shutdown(): void
  destroy(): void
}

/** ms without progress after which a peer does not get the rest of our last words, or is hung up on. */
const GOODBYE = 5_000

const NOTHING = new Uint8Array(0)

/** Why signals abort. One for all: to make an exception costs as much as to read a command. */
const CONNECTION_OVER = new DOMException('the connection is over', 'AbortError')

/** Puts a driver on a socket: back-pressure, time limits, TLS and compression live here. */
export function serveConnection(incoming: Incoming, options: ServingOptions, arrival: Arrival): Connection {
  const connection = new SocketConnection(incoming, options, arrival)
  connection.begin(arrival.head)
  return connection
}

/** A class, as `ConnectionDriver` is one, so that a connection costs little. */
export class SocketConnection implements Connection, Transport {
  readonly id: string
  readonly options: ServingOptions
  readonly driver: Driver
  readonly limits: TimeLimits
  readonly remote: Endpoint
  /** A trusted proxy has said who the client is. */
  readonly proxied: boolean
  place = -1
  over = false
  /** The driver wants no chunks now. */
  #paused = false
  #local: Endpoint | null = null
  readonly #incoming: Incoming
  readonly #raw: Socket
  #stream: Socket
  #tls: TlsInfo | null = null
  #deflate: DeflateDuplex | null = null
  #controller: AbortController | null = null
  #goodbye: NodeJS.Timeout | null = null
  #draining: Promise<void> | null = null
  /** What had left, and what waited to, when `#hasMoved` looked last. */
  #written = 0
  #queued = 0

  constructor(incoming: Incoming, options: ServingOptions, { id, remote }: Arrival) {
    const raw = incoming.socket
    this.id = id
    this.options = options
    this.#incoming = incoming
    this.#raw = raw
    this.#stream = raw
    this.proxied = remote !== null
    this.remote = remote ?? endpointOf(raw.remoteAddress, raw.remotePort)
    this.limits = new TimeLimits(
      (why) => this.#late(why),
      () => this.#hasMoved(),
      () => this.driver.busy && this.#unsent() === 0,
    )
    this.driver = createDriver(options.protocol, this, () => new SocketLink(this, this.#tls, false))
  }

  get local(): Endpoint {
    return (this.#local ??= endpointOf(this.#raw.localAddress, this.#raw.localPort))
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.over) this.#controller.abort(CONNECTION_OVER)
    return this.#controller.signal
  }

  begin(head: Uint8Array | null): void {
    const raw = this.#raw
    const { implicitTls } = this.options
    raw.once('close', () => this.#lost({ type: 'peer' }))
    raw.on('error', (error) => this.#log('connection.error', error.message))
    if (implicitTls) {
      if (head && head.length > 0) raw.unshift(head)
      this.startTls()
      return
    }
    this.#incoming.giveTo((chunk) => this.#received(chunk))
    raw.on('end', () => this.#receivedEnd())
    this.driver.start()
    if (head && head.length > 0) this.#received(head)
    // Whoever read the header has paused the socket; the driver may want it to stay so.
    if (head && !this.#paused) raw.resume()
  }

  shutdown(): void {
    this.driver.shutdown()
  }

  write(pieces: readonly Uint8Array[]): void | Promise<void> {
    const stream = this.#stream
    if (this.over || stream.destroyed || stream.writableEnded) return
    if (this.#deflate) {
      this.#deflate.write(pieces)
    } else if (pieces.length === 1) {
      stream.write(pieces[0])
    } else {
      stream.cork()
      for (const piece of pieces) stream.write(piece)
      stream.uncork()
    }
    if (this.#waiting() > this.options.highWaterMark) return this.#drained()
  }

  sent(): void | Promise<void> {
    const stream = this.#stream
    if (this.over || stream.destroyed || stream.writableEnded) return
    if (this.#deflate) return this.#deflate.taken()
    // Writes are answered in their order, also when the stream is destroyed.
    if (stream.writableLength > 0) return new Promise((resolve) => stream.write(NOTHING, () => resolve()))
  }

  consumed(): void {
    // What is inflated is read later than what was received, and nobody tells when that was.
    this.#incoming.consumed(this.#deflate === null)
  }

  soon(step: () => void): void {
    setImmediate(step)
  }

  pause(): void {
    this.#paused = true
    this.#stream.pause()
    this.#deflate?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#deflate?.resume()
    this.#stream.resume()
  }

  end(): void {
    this.#stop()
    // What still comes is read and dropped: a full receive buffer would turn our FIN into a reset, and the peer would
    // lose our last words.
    this.#stream.resume()
    this.#sayGoodbye()
    if (this.#deflate) this.#deflate.end(() => this.#stream.end())
    else this.#stream.end()
  }

  destroy(): void {
    this.#stop()
    this.#raw.destroy()
  }

  compress(): void {
    this.#deflate = createDeflateDuplex({
      received: (chunk) => this.driver.receive(chunk),
      ended: () => this.driver.receiveEnd(),
      write: (chunk) => {
        if (!this.#stream.destroyed) this.#stream.write(chunk)
      },
      failed: (message) => this.driver.control.abort(message),
    })
  }

  /** Wraps the socket in TLS, as its server, and hands the driver a new link after the handshake. */
  startTls(): void {
    const { tls: identity, implicitTls, handshakeTimeout } = this.options
    if (!identity) return this.driver.control.abort('TLS was started without a certificate')
    const raw = this.#raw
    this.#incoming.giveTo(drop)
    const late = new Error('the TLS handshake took too long')
    const handshake = later(() => raw.destroy(late), handshakeTimeout)
    handshake.unref?.()
    raw.once('close', () => clearTimeout(handshake))
    const { TLSSocket } = loadTls()
    const encrypted = new TLSSocket(raw, {
      isServer: true,
      secureContext: identity.context(),
      SNICallback: (servername, done) => {
        try {
          done(null, identity.context(servername))
        } catch (error) {
          done(error as Error)
        }
      },
      requestCert: identity.requestClientCertificate,
      rejectUnauthorized: false,
    })
    this.#stream = encrypted
    encrypted.on('error', (error) => {
      this.#log('tls.failed', error.message)
      raw.destroy()
    })
    // A client that does not trust the certificate may just leave; nobody reads yet who would notice.
    const left = (): void => void encrypted.destroy(new Error('the client left during the TLS handshake'))
    encrypted.once('end', left)
    encrypted.resume()
    encrypted.once('secure', () => {
      clearTimeout(handshake)
      encrypted.removeListener('end', left)
      this.limits.touch()
      encrypted.on('data', (chunk) => this.#received(chunk))
      encrypted.on('end', () => this.#receivedEnd())
      this.#tls = tlsInfo(encrypted, 'server')
      if (implicitTls) this.driver.start()
      else this.driver.upgraded(new SocketLink(this, this.#tls, true))
    })
  }

  /** See `Link.delay`. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.over) return resolve()
      const finished = (): void => {
        clearTimeout(due)
        this.#raw.removeListener('close', finished)
        resolve()
      }
      const due = later(finished, ms)
      this.#raw.once('close', finished)
    })
  }

  #received(chunk: Uint8Array): void {
    if (this.over) return
    this.limits.touch()
    if (this.#deflate) this.#deflate.receive(chunk)
    else this.driver.receive(chunk)
  }

  #receivedEnd(): void {
    if (this.#deflate) this.#deflate.receiveEnd()
    else this.driver.receiveEnd()
  }

  /** Octets that wait in this process. */
  #waiting(): number {
    return this.#stream.writableLength + (this.#deflate?.held ?? 0)
  }

  /** One promise for all that wait: not everybody who writes looks at it. */
  #drained(): Promise<void> {
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = null
    })
    return this.#draining
  }

  async #drain(): Promise<void> {
    await this.#deflate?.taken()
    await drained(this.#stream)
  }

  /** Octets of the write in progress that the operating system has not taken yet. */
  #inSystem(): number {
    const { _handle } = this.#stream as unknown as { _handle?: { writeQueueSize?: number } | null }
    return _handle?.writeQueueSize ?? 0
  }

  #unsent(): number {
    return this.#waiting() + this.#inSystem()
  }

  /**
   * True when octets have left since the last call, and not only into a buffer that a dead peer leaves empty too: an
   * answer is under way, or the peer was behind.
   */
  #hasMoved(): boolean {
    const before = { written: this.#written, queued: this.#queued }
    this.#written = this.#stream.bytesWritten - this.#stream.writableLength
    this.#queued = this.#inSystem()
    const left = this.#written > before.written || (this.#written === before.written && this.#queued < before.queued)
    return left && (before.queued > 0 || this.driver.busy)
  }

  #late(why: string): void {
    this.#log('connection.timeout', why)
    this.driver.timedOut()
  }

  #log(event: string, message: string): void {
    this.options.log({ level: 'info', event, connection: this.id, message })
  }

  #stop(): void {
    this.over = true
    this.limits.stop()
  }

  /** A peer that reads slowly gets all of it; one that has stopped, or does not end the connection, is cut off. */
  #sayGoodbye(): void {
    let before = this.#unsent()
    this.#goodbye = setInterval(() => {
      const now = this.#unsent()
      if (now === before) this.#raw.destroy()
      before = now
    }, GOODBYE)
    this.#goodbye.unref?.()
  }

  #lost(reason: CloseReason): void {
    this.#stop()
    if (this.#goodbye) clearInterval(this.#goodbye)
    this.#deflate?.destroy()
    this.driver.lost(reason)
    this.#controller?.abort(CONNECTION_OVER)
    this.options.closed(this)
  }
}
