import type { Engine } from './engine.js'
import type { CloseReason, Link, Protocol, Session } from './link.js'

type AnyEvent = { readonly type: string }

/** What carries the bytes of a connection: a socket, or a test's memory. */
export interface Transport {
  /** Writes all pieces in order. A promise when the peer is slow: it resolves when more is welcome. */
  write(pieces: readonly Uint8Array[]): void | Promise<void>
  /** A promise until nothing that was written is held as a view any more. Absent: `write` keeps no views. */
  sent?(): void | Promise<void>
  /** Runs a step in the next turn of the event loop. Default: with the microtasks of this one. */
  soon?(step: () => void): void
  /** Stop and start giving chunks to `Driver.receive`. */
  pause(): void
  resume(): void
  /** Ends the connection after everything written has left. */
  end(): void
  /** Ends the connection at once. */
  destroy(): void
  /** Takes over after `link.startTls()`; absent when it cannot. Calls `driver.upgraded(link)` after the handshake. */
  startTls?(): void
  /** Takes over after `link.compress()`. */
  compress?(): void
}

/** Turns an engine's handle: feeds it, lets the session answer its events one after the other, writes its output. */
export interface Driver {
  /** Opens the session. Call once, before the first `receive`. */
  start(): void
  /** A chunk from the peer. It is kept, unread, while a handler runs. */
  receive(chunk: Uint8Array): void
  /** The peer will send no more. */
  receiveEnd(): void
  /** The idle time or a deadline is over. */
  timedOut(): void
  /** The server wants to stop. */
  shutdown(): void
  /** The carrier is gone. */
  lost(reason: CloseReason): void
  /** The link to say in `Protocol.connect` has changed (TLS): a new engine and session take over. */
  upgraded(link: Link): void
  /** A handler runs, or what it said waits to be written. */
  readonly busy: boolean
  /** What `Link`'s methods call. */
  readonly control: {
    readonly inputWaits: boolean
    flush(): void | Promise<void>
    sent(): void | Promise<void>
    startTls(): void
    compress(): void
    close(): void
    abort(message: string): void
  }
}

/**
 * Drives one connection of a protocol over a transport. No timers, no sockets: those belong to the transport's owner.
 *
 * Only one thing runs at a time: while a handler's promise is pending, chunks wait (one is kept, then the transport
 * is paused). Handlers that answer synchronously cost no promise, and all their output leaves in one write.
 */
export function createDriver(protocol: Protocol, transport: Transport, firstLink: () => Link): Driver {
  let link!: Link
  let engine!: Engine<AnyEvent, unknown>
  let session!: Session<AnyEvent>
  /** False while an implicit TLS handshake is still going on: there is no session then. */
  let started = false
  let busy = false
  let paused = false
  let closing = false
  let over = false
  let ended = false
  let endSeen = false
  let stopping = false
  let upgrade: 'tls' | 'compress' | null = null
  /** Steps that were waited for; tells a flush that is due whether its step is over. */
  let turns = 0
  const waiting: Uint8Array[] = []
  const soon = (step: () => void): void => (transport.soon ? transport.soon(step) : queueMicrotask(step))

  function flush(): void | Promise<void> {
    // There is no engine when `Protocol.connect` has thrown.
    if (over || !engine) return
    const pieces = engine.takeOutput()
    if (pieces.length > 0) return transport.write(pieces)
  }

  function finish(reason: CloseReason): void {
    if (over) return
    over = true
    waiting.length = 0
    if (started) letGo(session, reason)
  }

  /** There is no session when `Protocol.connect` has thrown. */
  function letGo(of: Session<AnyEvent> | undefined, reason: CloseReason): void {
    try {
      const done = of?.closed?.(reason)
      if (done) done.catch((error: unknown) => report('session.close-failed', error))
    } catch (error) {
      report('session.close-failed', error)
    }
  }

  function report(event: string, error: unknown): void {
    link.log({ level: 'error', event, connection: link.id, error })
  }

  function abort(message: string): void {
    if (over) return
    link.log({ level: 'warn', event: 'connection.aborted', connection: link.id, message })
    finish({ type: 'aborted', message })
    transport.destroy()
  }

  function fail(error: unknown): void {
    if (over) return
    report('session.failed', error)
    try {
      session?.failed?.(error)
    } catch (second) {
      report('session.failed', second)
    }
    void flush()
    finish({ type: 'error', error })
    transport.end()
  }

  function close(reason: CloseReason): void {
    if (over) return
    void flush()
    finish(reason)
    transport.end()
  }

  /** Runs one step of the session; `true` when it goes on by itself later. */
  function wait(step: void | Promise<void>): boolean {
    if (!step) return false
    busy = true
    step.then(
      () => {
        busy = false
        pump()
      },
      (error: unknown) => {
        busy = false
        fail(error)
      },
    )
    // What was answered so far must not wait for what takes its time; what is decided in this turn joins it.
    const turn = ++turns
    soon(() => {
      if (busy && turn === turns) void flush()
    })
    return true
  }

  function pump(): void {
    if (busy || over) return
    try {
      for (;;) {
        if (upgrade && takeOver()) return
        if (closing) return close({ type: stopping ? 'shutdown' : 'closed' })
        const event = engine.next()
        if (over) return
        if (event.type === 'need-data') {
          const chunk = waiting.shift()
          if (chunk) {
            engine.receive(chunk)
            continue
          }
          const slow = flush()
          if (slow && wait(slow)) return
          if (ended) {
            if (endSeen) return close({ type: 'peer' })
            endSeen = true
            engine.receiveEnd()
            continue
          }
          return resume()
        }
        if (event.type === 'paused') {
          void flush()
          return
        }
        if (wait(session.handle(event))) return
        if (over) return
      }
    } catch (error) {
      fail(error)
    }
  }

  function resume(): void {
    if (!paused) return
    paused = false
    transport.resume()
  }

  /** Performs what `startTls` or `compress` asked for; `true` when the engine must wait for it. */
  function takeOver(): boolean {
    const kind = upgrade
    upgrade = null
    void flush()
    // RFC 3207 §4.2 and RFC 9051 §6.2.1: what was sent in clear text behind the command is not ours to obey, whether it
    // came with the command and is in the engine, or waits here. Octets behind COMPRESS are not compressed (RFC 4978 §3).
    if (waiting.length > 0 || engine.next().type !== 'need-data') {
      abort(`octets behind the command that starts ${kind === 'tls' ? 'TLS' : 'compression'}`)
      return true
    }
    if (kind === 'compress') {
      transport.compress?.()
      return false
    }
    busy = true
    transport.startTls?.()
    return true
  }

  function open(): void {
    const made = protocol.connect(link)
    engine = made.engine as Engine<AnyEvent, unknown>
    session = made.session as Session<AnyEvent>
  }

  const driver: Driver = {
    start() {
      if (over) return
      link = firstLink()
      started = true
      try {
        open()
        if (session.start && wait(session.start())) return
        pump()
      } catch (error) {
        fail(error)
      }
    },
    receive(chunk) {
      if (over || closing) return
      if (busy || waiting.length > 0) {
        waiting.push(chunk)
        if (!paused) {
          paused = true
          transport.pause()
        }
        return
      }
      engine.receive(chunk)
      pump()
    },
    receiveEnd() {
      if (over || ended) return
      ended = true
      pump()
    },
    timedOut() {
      if (over || !started) return
      try {
        session.timedOut?.()
      } catch (error) {
        report('session.failed', error)
      }
      close({ type: 'timeout' })
    },
    shutdown() {
      if (over || stopping) return
      stopping = true
      if (!started) return transport.destroy()
      if (!session.shutdown) {
        closing = true
      } else {
        try {
          session.shutdown()
        } catch (error) {
          return fail(error)
        }
      }
      pump()
    },
    lost(reason) {
      finish(reason)
    },
    upgraded(next) {
      if (over) return
      letGo(session, { type: 'upgraded' })
      link = next
      try {
        open()
        busy = false
        if (session.start && wait(session.start())) return
        pump()
      } catch (error) {
        fail(error)
      }
    },
    get busy() {
      return busy
    },
    control: {
      get inputWaits() {
        return waiting.length > 0
      },
      flush,
      sent() {
        void flush()
        return transport.sent?.()
      },
      startTls() {
        upgrade = 'tls'
        // From here on not one more octet of clear text is read.
        paused = true
        transport.pause()
      },
      compress() {
        upgrade = 'compress'
      },
      close() {
        closing = true
        // Called outside of a handler (a push, a timer): nothing else would notice.
        if (!busy) queueMicrotask(pump)
      },
      abort,
    },
  }
  return driver
}
