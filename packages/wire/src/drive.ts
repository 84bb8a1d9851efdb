import type { Engine } from './engine.js'
import type { CloseReason, Link, Protocol, Session } from './link.js'

type AnyEvent = { readonly type: string }

/** Octets that an engine may have to say before they are written: a batch of pipelined commands is answered at once. */
const GATHERED = 262_144

/** In the place of a session that was let go of, until there is another one. */
const GONE: Session<AnyEvent> = { handle() {} }

/** What carries the bytes of a connection: a socket, or a test's memory. */
export interface Transport {
  /** Writes all pieces in order. A promise when the peer is slow: it resolves when more is welcome. */
  write(pieces: readonly Uint8Array[]): void | Promise<void>
  /** A promise until nothing that was written is held as a view any more. Absent: `write` keeps no views. */
  sent?(): void | Promise<void>
  /** All chunks that were received have been read, and nobody holds views of them any more. */
  consumed?(): void
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

/** What `Link`'s methods call. */
export type DriverControl = Pick<Link, 'inputWaits' | 'flush' | 'sent' | 'startTls' | 'compress' | 'close' | 'abort'>

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
  readonly control: DriverControl
}

/**
 * Drives one connection of a protocol over a transport. No timers, no sockets: those belong to the transport's owner.
 *
 * Only one thing runs at a time: while a handler's promise is pending, chunks wait (one is kept, then the transport
 * is paused). Handlers that answer synchronously cost no promise, and all their output leaves in one write.
 */
export function createDriver(protocol: Protocol, transport: Transport, firstLink: () => Link): Driver {
  return new ConnectionDriver(protocol, transport, firstLink)
}

/**
 * One object for each connection. Not an object literal with accessors: V8 gives each of those a hidden class of its
 * own, which keeps what its functions see until a full garbage collection.
 */
class ConnectionDriver implements Driver, DriverControl {
  #link!: Link
  /** There is neither engine nor session when `Protocol.connect` has thrown. */
  #engine!: Engine<AnyEvent, unknown>
  #session!: Session<AnyEvent>
  /** False while an implicit TLS handshake is still going on: there is no session then. */
  #started = false
  #busy = false
  #paused = false
  #closing = false
  #over = false
  #ended = false
  #endSeen = false
  #stopping = false
  #upgrade: 'tls' | 'compress' | null = null
  /** A handshake behind STARTTLS is going on. */
  #handshaking = false
  /** Steps that were waited for; tells a flush that is due whether its step is over. */
  #turns = 0
  /** The peer is behind: no event is handled until it has caught up, whoever has written what it does not read. */
  #slow: Promise<void> | undefined
  /** Chunks that nobody has read; `null`: none. */
  #waiting: Uint8Array[] | null = null
  readonly #protocol: Protocol
  readonly #transport: Transport
  readonly #firstLink: () => Link

  constructor(protocol: Protocol, transport: Transport, firstLink: () => Link) {
    this.#protocol = protocol
    this.#transport = transport
    this.#firstLink = firstLink
  }

  get control(): DriverControl {
    return this
  }

  get busy(): boolean {
    return this.#busy
  }

  get inputWaits(): boolean {
    return this.#waiting !== null
  }

  start(): void {
    if (this.#over) return
    this.#link = this.#firstLink()
    this.#started = true
    try {
      this.#open()
      if (this.#session.start && this.#wait(this.#session.start())) return
      this.#pump()
    } catch (error) {
      this.#fail(error)
    }
  }

  receive(chunk: Uint8Array): void {
    if (this.#over || this.#closing) return
    if (this.#busy || this.#waiting) {
      this.#waiting ??= []
      this.#waiting.push(chunk)
      // For each of them: whoever else has started the transport again must not make us keep all that comes.
      this.#paused = true
      this.#transport.pause()
      return
    }
    this.#engine.receive(chunk)
    this.#pump()
  }

  receiveEnd(): void {
    if (this.#over || this.#ended) return
    this.#ended = true
    this.#pump()
  }

  timedOut(): void {
    if (this.#over || !this.#started) return
    try {
      this.#session.timedOut?.()
    } catch (error) {
      this.#report('session.failed', error)
    }
    this.#close({ type: 'timeout' })
  }

  shutdown(): void {
    if (this.#over || this.#stopping) return
    this.#stopping = true
    // Nothing can be said in a handshake, and nothing is lost with it.
    if (!this.#started || this.#handshaking) return this.#transport.destroy()
    if (!this.#session.shutdown) {
      this.#closing = true
    } else {
      try {
        this.#session.shutdown()
      } catch (error) {
        return this.#fail(error)
      }
    }
    this.#pump()
  }

  lost(reason: CloseReason): void {
    this.#finish(reason)
  }

  upgraded(next: Link): void {
    if (this.#over) return
    this.#handshaking = false
    this.#letGo({ type: 'upgraded' })
    this.#session = GONE
    this.#link = next
    try {
      this.#open()
      this.#busy = false
      if (this.#session.start && this.#wait(this.#session.start())) return
      this.#pump()
    } catch (error) {
      this.#fail(error)
    }
  }

  flush(): void | Promise<void> {
    if (this.#over || !this.#engine) return
    const pieces = this.#engine.takeOutput()
    const slow = pieces.length > 0 ? this.#transport.write(pieces) : undefined
    if (slow) {
      const behind = slow.then(() => {
        if (this.#slow === behind) this.#slow = undefined
      })
      this.#slow = behind
    }
    return this.#slow
  }

  sent(): void | Promise<void> {
    void this.flush()
    return this.#transport.sent?.()
  }

  startTls(): void {
    this.#upgrade = 'tls'
    // From here on not one more octet of clear text is read.
    this.#paused = true
    this.#transport.pause()
  }

  compress(): void {
    this.#upgrade = 'compress'
  }

  close(): void {
    this.#closing = true
    // Called outside of a handler (a push, a timer): nothing else would notice.
    if (!this.#busy) queueMicrotask(() => this.#pump())
  }

  abort(message: string): void {
    if (this.#over) return
    const { log, id } = this.#link
    log({ level: 'warn', event: 'connection.aborted', connection: id, message })
    this.#finish({ type: 'aborted', message })
    this.#transport.destroy()
  }

  #open(): void {
    const made = this.#protocol.connect(this.#link)
    this.#engine = made.engine as Engine<AnyEvent, unknown>
    this.#session = made.session as Session<AnyEvent>
  }

  #pump(): void {
    if (this.#busy || this.#over) return
    const engine = this.#engine
    try {
      for (;;) {
        if (this.#upgrade && this.#takeOver()) return
        if (this.#closing) return this.#close({ type: this.#stopping ? 'shutdown' : 'closed' })
        const behind = (engine.unsent ?? 0) < GATHERED ? this.#slow : this.flush()
        if (behind && this.#wait(behind)) return
        const event = engine.next()
        if (this.#over) return
        if (event.type === 'need-data') {
          if (this.#waiting) {
            this.#readOn(this.#waiting)
            continue
          }
          const slow = this.flush()
          if (slow && this.#wait(slow)) return
          if (this.#ended) {
            if (this.#endSeen) return this.#close({ type: 'peer' })
            this.#endSeen = true
            engine.receiveEnd()
            continue
          }
          return this.#rest(engine)
        }
        if (event.type === 'paused') {
          void this.flush()
          return
        }
        if (this.#wait(this.#session.handle(event))) return
        if (this.#over) return
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Everything is read and answered. */
  #rest(engine: Engine<AnyEvent, unknown>): void {
    if (engine.release && this.#transport.consumed) {
      engine.release()
      this.#transport.consumed()
    }
    if (!this.#paused) return
    this.#paused = false
    this.#transport.resume()
  }

  #readOn(waiting: Uint8Array[]): void {
    const chunk = waiting.shift() as Uint8Array
    if (waiting.length === 0) this.#waiting = null
    this.#engine.receive(chunk)
  }

  /** Runs one step of the session; `true` when it goes on by itself later. */
  #wait(step: void | Promise<void>): boolean {
    if (!step) return false
    this.#busy = true
    step.then(
      () => {
        this.#busy = false
        this.#pump()
      },
      (error: unknown) => {
        this.#busy = false
        this.#fail(error)
      },
    )
    // What was answered so far must not wait for what takes its time; what is decided in this turn joins it.
    const turn = ++this.#turns
    const flushLate = (): void => {
      if (this.#busy && turn === this.#turns) void this.flush()
    }
    if (this.#transport.soon) this.#transport.soon(flushLate)
    else queueMicrotask(flushLate)
    return true
  }

  /** Performs what `startTls` or `compress` asked for; `true` when the engine must wait for it. */
  #takeOver(): boolean {
    const kind = this.#upgrade
    this.#upgrade = null
    void this.flush()
    // RFC 3207 §4.2 and RFC 9051 §6.2.1: what was sent in clear text behind the command is not ours to obey, whether it
    // came with the command and is in the engine, or waits here. Octets behind COMPRESS are not compressed (RFC 4978 §3).
    if (this.#waiting || this.#engine.next().type !== 'need-data') {
      this.abort(`octets behind the command that starts ${kind === 'tls' ? 'TLS' : 'compression'}`)
      return true
    }
    if (kind === 'compress') {
      this.#transport.compress?.()
      return false
    }
    this.#busy = true
    this.#handshaking = true
    this.#transport.startTls?.()
    return true
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#report('session.failed', error)
    try {
      this.#session?.failed?.(error)
    } catch (second) {
      this.#report('session.failed', second)
    }
    void this.flush()
    this.#finish({ type: 'error', error })
    this.#transport.end()
  }

  #close(reason: CloseReason): void {
    if (this.#over) return
    void this.flush()
    this.#finish(reason)
    this.#transport.end()
  }

  #finish(reason: CloseReason): void {
    if (this.#over) return
    this.#over = true
    this.#waiting = null
    if (this.#started) this.#letGo(reason)
  }

  #letGo(reason: CloseReason): void {
    try {
      const done = this.#session?.closed?.(reason)
      if (done) done.catch((error: unknown) => this.#report('session.close-failed', error))
    } catch (error) {
      this.#report('session.close-failed', error)
    }
  }

  #report(event: string, error: unknown): void {
    const { log, id } = this.#link
    log({ level: 'error', event, connection: id, error })
  }
}
