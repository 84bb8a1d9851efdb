/**
 * Faults below the protocol: a wrapper around any server that can cut, slow, mute or replace what crosses the
 * connection. It uses the same engine contract that a listener uses.
 */
import { type Engine, fromUtf8, type Link, type Protocol, type Session } from '@posthouse/wire'
import type { FaultAction, FaultSituation, Script, ScriptBook } from './script.js'

/** What a fault may do to one connection. */
export interface Controls {
  /** Ends it without a goodbye, now or behind so many octets. */
  drop(after: number, of: 'client' | 'server'): void
  /** Says octets, each piece in a packet of its own, in place of what the server says next. */
  replace(pieces: readonly string[]): Promise<void>
  throttle(octetsPerSecond: number): void
}

type AnyEvent = { readonly type: string }

/** How a protocol's events are faults' steps, and how a line is said in it. */
export interface Dialect {
  readonly protocol: Script['protocol']
  /** The step that an event is, with its arguments; `null` for events where nothing is answered. */
  step(event: AnyEvent): { readonly name: string; readonly argument: string } | null
  /** Answers an event with a scripted line. */
  answer(event: AnyEvent, line: string, engine: Engine<AnyEvent, unknown>): void
  readonly types: readonly FaultAction['type'][]
}

export interface FaultyProtocol extends Protocol {
  /** By the id of the link. */
  readonly controls: ReadonlyMap<string, Controls>
}

/** Puts faults between a protocol and its listener. Costs nothing but a look into an empty book while there are none. */
export function withFaults(protocol: Protocol, dialect: Dialect, book: ScriptBook): FaultyProtocol {
  const all = new Map<string, Controls>()
  return {
    name: protocol.name,
    controls: all,
    connect(link) {
      let received = 0
      let sent = 0
      let dropAt: { octets: number; of: 'client' | 'server' } | null = null
      let rate = 0
      let accounted = 0
      let muted = false
      let replaced = false
      let substitute: Uint8Array[] = []
      const faultyLink: Link = Object.create(link, {
        flush: { value: () => (rate === 0 ? link.flush() : slowly()) },
      })
      const { engine, session } = protocol.connect(faultyLink)
      // The session has the engine itself: a reply that was replaced is taken away as soon as it is said.
      const send = engine.send.bind(engine)
      engine.send = (reply) => {
        send(reply)
        if (!replaced) return
        replaced = false
        engine.takeOutput()
      }
      const controls: Controls = {
        drop(after, of) {
          if (after === 0) return link.abort('scripted: dropped')
          dropAt = { octets: (of === 'client' ? received : sent) + after, of }
        },
        async replace(pieces) {
          for (const piece of pieces) {
            substitute.push(fromUtf8(piece))
            await link.flush()
            await link.delay(1)
          }
          replaced = true
        },
        throttle(octetsPerSecond) {
          rate = octetsPerSecond
        },
      }
      all.set(link.id, controls)

      /** Waits as long as the octets take that went either way since the last time. */
      async function slowly(): Promise<void> {
        await link.flush()
        const octets = received + sent - accounted
        accounted += octets
        await link.delay((octets / rate) * 1000)
      }

      const faultyEngine: Engine<AnyEvent, unknown> = {
        receive(chunk) {
          received += chunk.length
          engine.receive(chunk)
          if (dropAt?.of === 'client' && received >= dropAt.octets) link.abort('scripted: dropped')
        },
        receiveEnd: () => engine.receiveEnd(),
        next: () => engine.next(),
        send: (reply) => engine.send(reply),
        takeOutput() {
          const own = engine.takeOutput()
          if (substitute.length > 0) {
            const pieces = substitute
            substitute = []
            return [...own, ...pieces]
          }
          if (own.length === 0) return own
          if (muted) return []
          const pieces = dropAt?.of === 'server' ? upTo(own, dropAt.octets - sent) : own
          for (const piece of pieces) sent += piece.length
          if (pieces !== own) {
            muted = true
            link.close()
          }
          return pieces
        },
      }

      async function handle(event: AnyEvent, step: { name: string; argument: string }): Promise<void> {
        const situation: FaultSituation = { argument: step.argument, remote: link.remote.address }
        const action = book.take(dialect.protocol, step.name, situation, dialect.types)
        if (action && (await perform(action, event))) return
        await session.handle(event)
      }

      /** True when the event has been answered. */
      async function perform(action: FaultAction, event: AnyEvent): Promise<boolean> {
        switch (action.type) {
          case 'delay':
            await link.delay(action.ms)
            return false
          case 'run':
            await action.run()
            return false
          case 'stall':
            await gone(link)
            return true
          case 'throttle':
            controls.throttle(action.octetsPerSecond)
            return false
          case 'drop':
            controls.drop(action.after, action.of)
            return action.after === 0
          case 'fail-handshake':
            await controls.replace(['220 2.0.0 Ready to start TLS\r\n', 'no TLS here\r\n'])
            link.close()
            return true
          case 'line':
            dialect.answer(event, action.line, faultyEngine)
            if (action.close) link.close()
            return true
          default:
            return false
        }
      }

      const faultySession: Session<AnyEvent> = {
        handle(event) {
          if (rate > 0) return slowly().then(() => session.handle(event))
          const step = book.empty ? null : dialect.step(event)
          return step ? handle(event, step) : session.handle(event)
        },
        start: () => session.start?.(),
        timedOut: () => session.timedOut?.(),
        shutdown: session.shutdown ? () => session.shutdown?.() : undefined,
        failed: (error) => session.failed?.(error),
        closed(reason) {
          all.delete(link.id)
          return session.closed?.(reason)
        },
      } as Session<AnyEvent>
      return { engine: faultyEngine, session: faultySession }
    },
  }
}

/** Resolves when the connection is over. */
export function gone({ signal }: { readonly signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The first so many octets of pieces; the same array when that is all of them. */
function upTo(pieces: readonly Uint8Array[], octets: number): readonly Uint8Array[] {
  let left = octets
  for (const [i, piece] of pieces.entries()) {
    if (piece.length > left) return [...pieces.slice(0, i), piece.subarray(0, Math.max(0, left))]
    left -= piece.length
  }
  return pieces
}
