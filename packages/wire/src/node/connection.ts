import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { createDriver, type Driver, type Transport } from '../drive.js'
import type { CloseReason, Endpoint, Link, Log, Protocol, TlsInfo } from '../link.js'
import { createDeflateDuplex, type DeflateDuplex } from './deflate.js'
import { endpointOf, isLoopback } from './endpoint.js'
import { type TlsIdentity, tlsInfo } from './tls.js'

/** How one accepted socket is served. */
export interface ConnectionOptions {
  readonly id: string
  readonly protocol: Protocol
  readonly log: Log
  readonly now: () => number
  /** Present: STARTTLS is offered, or TLS starts at once with `implicitTls`. */
  readonly tls: TlsIdentity | null
  readonly implicitTls: boolean
  /** ms that a TLS handshake may take. */
  readonly handshakeTimeout: number
  /** Octets the peer may leave unread before `flush` makes the session wait. */
  readonly highWaterMark: number
  /** Who really connected, when a trusted proxy said so. */
  readonly remote: Endpoint | null
  /** Octets read behind a proxy's header. */
  readonly head: Uint8Array | null
  readonly closed: () => void
}

/** One socket that is served. */
export interface Connection {
  readonly id: string
  /** Asks the session to come to its end. */
  shutdown(): void
  destroy(): void
}

const NOTHING = new Uint8Array(0)
/** ms without progress after which a peer does not get the rest of our last words. */
const GOODBYE = 5_000

/** Puts a driver on a socket: back-pressure, time limits, TLS and compression live here. */
export function serveConnection(socket: Socket, options: ConnectionOptions): Connection {
  const { id, log, protocol } = options
  const raw = socket
  let stream: Socket = socket
  let deflate: DeflateDuplex | null = null
  let controller: AbortController | null = null
  let over = false
  let idleMs = 0
  let deadlineAt = 0
  /** No chunk came since `quietSince`. */
  let quiet = true
  let quietSince = Date.now()
  let moved = { written: 0, queued: 0 }
  let timer: NodeJS.Timeout | null = null
  let draining: Promise<void> | null = null
  const remote = options.remote ?? endpointOf(socket.remoteAddress, socket.remotePort)
  const local = endpointOf(socket.localAddress, socket.localPort)

  const transport: Transport = {
    write(pieces) {
      if (over || stream.destroyed || stream.writableEnded) return
      if (deflate) {
        deflate.write(pieces)
      } else if (pieces.length === 1) {
        stream.write(pieces[0])
      } else {
        stream.cork()
        for (const piece of pieces) stream.write(piece)
        stream.uncork()
      }
      if (waitingOctets() > options.highWaterMark) return drained()
    },
    sent() {
      if (over || stream.destroyed || stream.writableEnded) return
      if (deflate) return deflate.taken()
      // Writes are answered in their order, also when the stream is destroyed.
      if (stream.writableLength > 0) return new Promise((resolve) => stream.write(NOTHING, () => resolve()))
    },
    soon: (step) => void setImmediate(step),
    pause() {
      stream.pause()
      deflate?.pause()
    },
    resume() {
      deflate?.resume()
      stream.resume()
    },
    end() {
      stop()
      stream.removeListener('data', received)
      // What still comes is not read, but must not fill the socket: a full receive buffer would turn our FIN into a
      // reset, and the peer would lose our last words.
      stream.on('data', () => {})
      stream.resume()
      sayGoodbye()
      if (deflate) deflate.end(() => stream.end())
      else stream.end()
    },
    destroy() {
      stop()
      raw.destroy()
    },
    startTls: () => secure(),
    compress() {
      deflate = createDeflateDuplex({
        received: (chunk) => driver.receive(chunk),
        ended: () => driver.receiveEnd(),
        write: (chunk) => {
          if (!stream.destroyed) stream.write(chunk)
        },
        failed: (message) => driver.control.abort(message),
      })
    },
  }

  const waitingOctets = (): number => stream.writableLength + (deflate?.held ?? 0)

  /** One promise for all that wait: not everybody who writes looks at it. */
  function drained(): Promise<void> {
    draining ??= drain().finally(() => {
      draining = null
    })
    return draining
  }

  async function drain(): Promise<void> {
    await deflate?.taken()
    const waited = stream
    if (waited.destroyed || !waited.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        waited.removeListener('drain', done)
        waited.removeListener('close', done)
        resolve()
      }
      waited.on('drain', done)
      waited.on('close', done)
    })
  }

  /** Octets of the write in progress that the operating system has not taken yet. */
  function queuedOctets(): number {
    return (stream as unknown as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0
  }

  /**
   * True when octets have left since the last call, and not only into a buffer that a dead peer leaves empty too: an
   * answer is under way, or the peer was behind.
   */
  function hasMoved(): boolean {
    const { written, queued } = moved
    moved = { written: stream.bytesWritten - stream.writableLength, queued: queuedOctets() }
    const left = moved.written > written || (moved.written === written && moved.queued < queued)
    return left && (queued > 0 || driver.busy)
  }

  /** A peer that reads slowly gets all of it; one that has stopped, or does not end the connection, is cut off. */
  function sayGoodbye(): void {
    const unsent = (): number => waitingOctets() + queuedOctets()
    let before = unsent()
    const goodbye = setInterval(() => {
      const now = unsent()
      if (now === before) raw.destroy()
      before = now
    }, GOODBYE)
    goodbye.unref()
    raw.once('close', () => clearInterval(goodbye))
  }

  function makeLink(tls: TlsInfo | null, upgraded: boolean): Link {
    return {
      id,
      remote,
      local,
      tls,
      upgraded,
      loopback: isLoopback(remote.address) && isLoopback(local.address),
      canStartTls: tls === null && options.tls !== null,
      canCompress: true,
      get signal() {
        controller ??= new AbortController()
        if (over) controller.abort()
        return controller.signal
      },
      log,
      now: options.now,
      get inputWaits() {
        return driver.control.inputWaits
      },
      delay,
      flush: () => driver.control.flush(),
      sent: () => driver.control.sent(),
      startTls: () => driver.control.startTls(),
      compress: () => driver.control.compress(),
      close: () => driver.control.close(),
      abort: (message) => driver.control.abort(message),
      idleTimeout(ms) {
        idleMs = ms
        quiet = true
        quietSince = Date.now()
        arm()
      },
      deadline(ms) {
        deadlineAt = ms === 0 ? 0 : Date.now() + ms
        arm()
      },
    }
  }

  function delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (over) return resolve()
      const due = setTimeout(finished, ms)
      function finished(): void {
        clearTimeout(due)
        raw.removeListener('close', finished)
        resolve()
      }
      raw.once('close', finished)
    })
  }

  /**
   * One timer for both limits. Octets that leave are a sign of life, too: who downloads for an hour says nothing
   * meanwhile. A chunk only says that the line is not quiet, because reading the clock for each costs
   * more than the engine does; the timer looks four times in the idle time, so an end comes at most a quarter late.
   */
  function arm(): void {
    if (timer) clearTimeout(timer)
    timer = null
    if (over) return
    const now = Date.now()
    const idleAt = idleMs > 0 ? Math.min(quietSince + idleMs, now + idleMs / 4) : Number.POSITIVE_INFINITY
    const at = Math.min(idleAt, deadlineAt > 0 ? deadlineAt : Number.POSITIVE_INFINITY)
    if (at === Number.POSITIVE_INFINITY) return
    timer = setTimeout(look, Math.min(Math.max(1, Math.ceil(at - now)), 0x7fffffff))
    timer.unref()
  }

  function look(): void {
    timer = null
    const now = Date.now()
    if (hasMoved() || !quiet) {
      quiet = true
      quietSince = now
    }
    const idle = idleMs > 0 && now >= quietSince + idleMs
    const late = deadlineAt > 0 && now >= deadlineAt
    if (!idle && !late) return arm()
    log({
      level: 'info',
      event: 'connection.timeout',
      connection: id,
      message: idle ? 'idle for too long' : 'took too long',
    })
    driver.timedOut()
  }

  function received(chunk: Uint8Array): void {
    quiet = false
    if (deflate) deflate.receive(chunk)
    else driver.receive(chunk)
  }

  function receivedEnd(): void {
    if (deflate) deflate.receiveEnd()
    else driver.receiveEnd()
  }

  function stop(): void {
    over = true
    if (timer) clearTimeout(timer)
    timer = null
  }

  function lost(reason: CloseReason): void {
    stop()
    deflate?.destroy()
    driver.lost(reason)
    controller?.abort()
    options.closed()
  }

  function listen(on: Socket): void {
    on.on('data', received)
    on.on('end', receivedEnd)
    on.on('error', (error: Error) => {
      log({ level: 'info', event: 'connection.error', connection: id, message: error.message })
    })
  }

  /** Wraps the socket in TLS, as its server, and hands the driver a new link after the handshake. */
  function secure(): void {
    const identity = options.tls
    if (!identity) return driver.control.abort('TLS was started without a certificate')
    raw.removeListener('data', received)
    const handshake = setTimeout(
      () => raw.destroy(new Error('the TLS handshake took too long')),
      options.handshakeTimeout,
    )
    handshake.unref()
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
    stream = encrypted
    encrypted.on('error', (error: Error) => {
      log({ level: 'info', event: 'tls.failed', connection: id, message: error.message })
      raw.destroy()
    })
    // A client that does not trust the certificate may just leave; nobody reads yet who would notice.
    const left = (): void => void encrypted.destroy(new Error('the client left during the TLS handshake'))
    encrypted.once('end', left)
    encrypted.resume()
    encrypted.once('secure', () => {
      clearTimeout(handshake)
      encrypted.removeListener('end', left)
      quiet = false
      encrypted.on('data', received)
      encrypted.on('end', receivedEnd)
      const info = tlsInfo(encrypted, 'server')
      if (options.implicitTls) {
        first = makeLink(info, false)
        driver.start()
      } else {
        driver.upgraded(makeLink(info, true))
      }
    })
    raw.once('close', () => clearTimeout(handshake))
  }

  let first: Link | null = null
  const driver: Driver = createDriver(protocol, transport, () => first ?? makeLink(null, false))
  raw.setNoDelay(true)
  raw.on('error', () => {})
  raw.once('close', () => lost({ type: 'peer' }))
  if (options.implicitTls) {
    if (options.head && options.head.length > 0) raw.unshift(options.head)
    secure()
  } else {
    listen(raw)
    driver.start()
    if (options.head && options.head.length > 0) received(options.head)
    if (options.head) raw.resume()
  }
  return { id, shutdown: () => driver.shutdown(), destroy: () => transport.destroy() }
}
