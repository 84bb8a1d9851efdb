import type { Protocol, Session } from '@posthouse/wire'
import { once } from './once.js'

type Made = ReturnType<Protocol['connect']>
type Event = { readonly type: string }

/** A protocol, and the code that it needs. */
export interface LaterProtocol extends Protocol {
  /** Begins to load the code, or goes on. Rejects when it cannot be had. */
  load(): Promise<unknown>
}

/**
 * A protocol whose code is loaded behind the start, and at the latest for its first connection: a test that only sends
 * does not wait for IMAP.
 */
export function later(name: string, load: () => Promise<Protocol>): LaterProtocol {
  let protocol: Protocol | null = null
  const loaded = once(async () => {
    protocol = await load()
    return protocol
  })

  return {
    name,
    load: loaded,
    connect(link) {
      if (protocol) return protocol.connect(link)
      let made: Made | null = null
      let over = false
      // A driver asks for nothing while `start` has not been answered, but it may look for output, and it may end.
      const there = (): Made => {
        if (!made) throw new Error(`${name} was asked before it was loaded`)
        return made
      }
      const session: Session<Event> = {
        async start() {
          const ready = await loaded()
          if (over) return
          made = ready.connect(link)
          await made.session.start?.()
        },
        handle: (event) => there().session.handle(event),
        timedOut: () => made?.session.timedOut?.(),
        shutdown() {
          if (made?.session.shutdown) made.session.shutdown()
          else link.close()
        },
        failed: (error) => made?.session.failed?.(error),
        closed(reason) {
          over = true
          return made?.session.closed?.(reason)
        },
      }
      return {
        engine: {
          receive: (chunk) => there().engine.receive(chunk),
          receiveEnd: () => there().engine.receiveEnd(),
          next: () => there().engine.next(),
          send: (reply) => there().engine.send(reply),
          takeOutput: () => made?.engine.takeOutput() ?? [],
        },
        session,
      }
    },
  }
}
