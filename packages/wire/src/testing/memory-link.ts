import { createDriver, type Driver, type Transport } from '../drive.js'
import type { CloseReason, Link, LogEvent, Protocol, TlsInfo } from '../link.js'

/** How the connection of a test looks to the server. */
export interface MemoryConnectionOptions {
  readonly remote?: { readonly address: string; readonly port: number }
  readonly local?: { readonly address: string; readonly port: number }
  /** Encrypted from the start. */
  readonly tls?: TlsInfo
  /** Default: true. */
  readonly canStartTls?: boolean
  /** Milliseconds since the epoch. Default: a clock that stands at 2026-01-01T00:00:00Z. */
  readonly now?: () => number
  readonly log?: (event: LogEvent) => void
  /** What `link.delay` waits for. Default: nothing, since no time passes here. */
  readonly delay?: (ms: number) => Promise<void>
}

/** A connection without a socket. */
export interface MemoryConnection {
  /** Gives the server octets as one chunk. The array is not kept. */
  send(bytes: Uint8Array): void
  /** Half-closes. */
  end(): void
  /** What the server has written and nobody has taken. */
  take(): Uint8Array
  /** Resolves when there is output to take, or the connection is over. */
  output(): Promise<void>
  /** `tls` after the server asked for a handshake; `handshake()` performs it. */
  readonly pending: 'tls' | null
  handshake(): void
  readonly closed: boolean
  readonly driver: Driver
}

const TEST_TLS: TlsInfo = {
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  servername: null,
  peerCertificate: null,
  channelBinding: () => new Uint8Array(32),
}

const NEW_YEAR = Date.UTC(2026, 0, 1)

/** Serves one connection of a protocol in memory. */
export function connectInMemory(protocol: Protocol, options: MemoryConnectionOptions = {}): MemoryConnection {
  let written: Uint8Array[] = []
  let closed = false
  let pending: 'tls' | null = null
  let held = false
  const waiting: Uint8Array[] = []
  /** Chunks that the driver has and may still look at. */
  const lent: Uint8Array[] = []
  const listeners: (() => void)[] = []
  const controller = new AbortController()

  function wake(): void {
    for (const listener of listeners.splice(0)) listener()
  }

  function over(reason: CloseReason): void {
    if (closed) return
    closed = true
    driver.lost(reason)
    controller.abort()
    wake()
  }

  /** What is sent in clear text behind the command would be read as a handshake, and is none. */
  const noHandshake = (): void => over({ type: 'aborted', message: 'not a TLS handshake' })

  const transport: Transport = {
    write(pieces) {
      for (const piece of pieces) written.push(piece.slice())
      if (pieces.length > 0) wake()
    },
    consumed() {
      // Sockets read into the same memory again: whoever looks at it now sees something else.
      for (const chunk of lent.splice(0)) chunk.fill(0xdb)
    },
    pause() {
      held = true
    },
    resume() {
      held = false
      deliver()
    },
    end: () => over({ type: 'closed' }),
    destroy: () => over({ type: 'closed' }),
    startTls() {
      if (waiting.length > 0) return noHandshake()
      pending = 'tls'
      wake()
    },
    compress() {},
  }

  function deliver(): void {
    while (!held && waiting.length > 0) {
      const chunk = waiting.shift() as Uint8Array
      lent.push(chunk)
      driver.receive(chunk)
    }
  }

  function link(tls: TlsInfo | null, upgraded: boolean): Link {
    const remote = options.remote ?? { address: '192.0.2.1', port: 49152 }
    const local = options.local ?? { address: '192.0.2.25', port: 25 }
    return {
      id: 'test',
      remote,
      local,
      tls,
      upgraded,
      loopback: remote.address.startsWith('127.') && local.address.startsWith('127.'),
      canStartTls: tls === null && (options.canStartTls ?? true),
      canCompress: false,
      signal: controller.signal,
      log: options.log ?? (() => {}),
      now: options.now ?? (() => NEW_YEAR),
      get inputWaits() {
        return driver.control.inputWaits || waiting.length > 0
      },
      delay: options.delay ?? (() => Promise.resolve()),
      flush: () => driver.control.flush(),
      sent: () => driver.control.sent(),
      startTls: () => driver.control.startTls(),
      compress: () => driver.control.compress(),
      close: () => driver.control.close(),
      abort: (message) => driver.control.abort(message),
      idleTimeout() {},
      deadline() {},
    }
  }

  const driver = createDriver(protocol, transport, () => link(options.tls ?? null, false))
  driver.start()
  return {
    send(bytes) {
      if (closed) return
      if (pending === 'tls') return noHandshake()
      waiting.push(bytes.slice())
      deliver()
    },
    end: () => driver.receiveEnd(),
    take() {
      const length = written.reduce((sum, piece) => sum + piece.length, 0)
      const all = new Uint8Array(length)
      let at = 0
      for (const piece of written) {
        all.set(piece, at)
        at += piece.length
      }
      written = []
      return all
    },
    output() {
      if (written.length > 0 || closed || pending) return Promise.resolve()
      return new Promise((resolve) => listeners.push(resolve))
    },
    get pending() {
      return pending
    },
    handshake() {
      pending = null
      driver.upgraded(link(TEST_TLS, true))
    },
    get closed() {
      return closed
    },
    driver,
  }
}
