import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { type ClientConnection, ConnectionError } from '../client/connection.js'
import { drained } from './drained.js'
import { endpointOf, isLoopback } from './endpoint.js'
import { elapsed, later } from './later.js'
import { createSocketReader, lossOf } from './socket-reader.js'
import { checkPem, loadTls, tlsInfo } from './tls.js'

/** Where a client connects to, and how. */
export interface OpenConnectionOptions {
  /** Name or address. Default: `localhost`. */
  readonly host?: string
  readonly port?: number
  /** A Unix socket in place of host and port. */
  readonly path?: string
  /** The address to connect from. Default: the system's choice. */
  readonly localAddress?: string
  /** Finds the addresses of `host`. Default: the system's resolver; all addresses are tried (RFC 8305). */
  readonly lookup?: LookupFunction
  /** TLS from the first octet. Default: false. */
  readonly implicitTls?: boolean
  /**
   * What the peer's certificate must be, and what ours is, as `node:tls` takes it. Default: a trusted one for `host`.
   * TLS 1.2 is the least that is spoken (RFC 8996).
   */
  readonly tls?: ConnectionOptions
  /**
   * Judges the peer behind the handshake, for rules that `tls` has no words for (DANE). What it throws fails the
   * handshake. `true`: it vouches for the peer, who is `authorized` then; who only looks on says nothing.
   */
  readonly verifyPeer?: (socket: TLSSocket) => boolean | void
  /** ms until the connection stands, its handshake included, and as many for a `startTls` later. Default: 30,000. */
  readonly connectTimeout?: number
  /** Octets that may wait for a slow peer before `write` gives a promise. Default: 262,144. */
  readonly highWaterMark?: number
  /** Ends the connection when it aborts. */
  readonly signal?: AbortSignal
}

/**
 * Opens a connection for a client.
 * @throws ConnectionError `connect`, `tls`, `timeout`, `aborted`; TypeError for a certificate that is no PEM, such as the path of
 * a file.
 */
export async function openConnection(options: OpenConnectionOptions): Promise<ClientConnection> {
  const { host = 'localhost', signal, connectTimeout = 30_000, highWaterMark = 262_144 } = options
  if (signal?.aborted) throw aborted(signal)
  if (options.tls) checkPem(options.tls, 'TLS')
  const raw = open(options, host)
  const reader = createSocketReader()
  let stream: Socket = raw
  let tls: ReturnType<typeof tlsInfo> | null = null
  let encrypting = false
  /** With implicit TLS the handshake has what connecting has left. */
  const openedBy = elapsed() + connectTimeout

  const onAbort = (): void => void raw.destroy(aborted(signal as AbortSignal))
  signal?.addEventListener('abort', onAbort, { once: true })
  raw.once('close', () => {
    signal?.removeEventListener('abort', onAbort)
    reader.lost()
  })
  raw.on('error', (error) => reader.failed(error))

  /** Waits for an event that says a step is done. */
  function reached(socket: Socket, event: string, code: 'connect' | 'tls'): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = code === 'connect' || options.implicitTls ? openedBy : elapsed() + connectTimeout
      const late = (): void => {
        const what = code === 'tls' ? 'the TLS handshake' : 'connecting'
        raw.destroy(new ConnectionError('timeout', `${what} took longer than ${connectTimeout} ms`))
      }
      const timer = later(late, Math.max(0, deadline - elapsed()))
      const done = (step: () => void) => (): void => {
        clearTimeout(timer)
        socket.removeListener(event, succeeded)
        socket.removeListener('error', failed)
        raw.removeListener('close', closed)
        step()
      }
      const succeeded = done(resolve)
      let cause: Error | null = null
      const failed = (error: Error): void => {
        cause ??= error
        if (socket !== raw) raw.destroy(error)
        closed()
      }
      const closed = done(() => {
        if (cause instanceof ConnectionError) return reject(cause)
        const why = cause?.message ?? 'the peer closed the connection'
        reject(new ConnectionError(code, code === 'tls' ? `TLS: ${why}` : `cannot connect: ${why}`, { cause }))
      })
      socket.once(event, succeeded)
      socket.on('error', failed)
      raw.once('close', closed)
    })
  }

  async function encrypt(): Promise<void> {
    encrypting = true
    reader.detach(raw)
    const encrypted = loadTls().connect({
      minVersion: 'TLSv1.2',
      ...(isIP(host) === 0 && { servername: host }),
      ...options.tls,
      socket: raw,
      host: options.tls?.host ?? host,
    })
    stream = encrypted
    // For good: a handshake that has failed may fail once more, and an error that nobody hears ends the process.
    encrypted.on('error', (error) => reader.failed(error))
    await reached(encrypted, 'secureConnect', 'tls')
    if (options.verifyPeer && verify(encrypted, options.verifyPeer) === true) encrypted.authorized = true
    tls = tlsInfo(encrypted, 'client')
    reader.attach(encrypted)
  }

  function verify(encrypted: TLSSocket, verifyPeer: (socket: TLSSocket) => boolean | void): boolean | void {
    try {
      return verifyPeer(encrypted)
    } catch (cause) {
      raw.destroy()
      throw new ConnectionError('tls', `TLS: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }

  raw.setNoDelay(true)
  await reached(raw, 'connect', 'connect')
  if (options.implicitTls) await encrypt()
  else reader.attach(raw)
  const remote = endpointOf(raw.remoteAddress, raw.remotePort)
  const local = endpointOf(raw.localAddress, raw.localPort)
  return {
    remote,
    local,
    loopback: options.path !== undefined || (isLoopback(remote.address) && isLoopback(local.address)),
    get tls() {
      return tls
    },
    get canStartTls() {
      return !encrypting && !raw.destroyed
    },
    read: reader.read,
    write(pieces) {
      if (stream.destroyed || stream.writableEnded) return
      if (pieces.length > 1) stream.cork()
      for (const piece of pieces) stream.write(piece)
      if (pieces.length > 1) stream.uncork()
      if (stream.writableLength > highWaterMark) return drained(stream)
    },
    async startTls() {
      if (encrypting) throw new ConnectionError('tls', 'the connection is encrypted already')
      // Nothing would end the wait for the handshake: a socket closes once.
      if (raw.destroyed) throw lossOf(raw.errored)
      if (reader.holds || raw.readableLength > 0) {
        raw.destroy()
        throw new ConnectionError('injected', 'octets came in clear text behind the reply to STARTTLS')
      }
      await encrypt()
    },
    async end() {
      if (raw.destroyed) return
      reader.discard(stream)
      stream.end()
      await closedWithin(raw, 5_000)
    },
    destroy: () => void raw.destroy(),
  }
}

function open(options: OpenConnectionOptions, host: string): Socket {
  if (options.path !== undefined) return connectTcp({ path: options.path })
  return connectTcp({
    host,
    port: options.port ?? 0,
    autoSelectFamily: true,
    ...(options.localAddress !== undefined && { localAddress: options.localAddress }),
    ...(options.lookup && { lookup: options.lookup }),
  })
}

function aborted(signal: AbortSignal): ConnectionError {
  return new ConnectionError('aborted', 'the connection was aborted', { cause: signal.reason })
}

function closedWithin(socket: Socket, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), ms)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
