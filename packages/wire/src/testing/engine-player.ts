import type { Engine } from '../engine.js'

/** What an engine did with an input: its events (byte views copied) and all its output. */
export interface Played<Event> {
  readonly events: readonly Event[]
  readonly output: Uint8Array
}

/**
 * Feeds an engine chunk by chunk and answers its events; stops at `paused` with nothing left to feed.
 * For the property that every engine has: any cutting of the input gives the same events and output.
 */
export function playEngine<Event extends { readonly type: string }, Reply>(
  engine: Engine<Event, Reply>,
  chunks: Iterable<Uint8Array>,
  answer: (event: Event, engine: Engine<Event, Reply>) => void,
): Played<Event> {
  const events: Event[] = []
  const output: Uint8Array[] = []
  function turn(): void {
    for (;;) {
      const event = engine.next()
      if (event.type === 'need-data' || event.type === 'paused') break
      events.push(copyViews(event as Event))
      answer(event as Event, engine)
    }
    for (const piece of engine.takeOutput()) output.push(piece.slice())
  }
  turn()
  for (const chunk of chunks) {
    engine.receive(chunk)
    turn()
  }
  engine.receiveEnd()
  turn()
  const whole = new Uint8Array(output.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of output) {
    whole.set(piece, at)
    at += piece.length
  }
  return { events, output: whole }
}

/**
 * Joins neighbouring events that carry pieces of one payload, so that runs with different cuts compare equal.
 * `type` names the event, `field` the property with the octets.
 */
export function joinPayload<Event extends { readonly type: string }>(
  events: readonly Event[],
  type: Event['type'],
  field: string,
): Event[] {
  const joined: Event[] = []
  for (const event of events) {
    const last = joined[joined.length - 1] as Record<string, unknown> | undefined
    if (last && event.type === type && last.type === type) {
      const a = last[field] as Uint8Array
      const b = (event as unknown as Record<string, unknown>)[field] as Uint8Array
      const both = new Uint8Array(a.length + b.length)
      both.set(a)
      both.set(b, a.length)
      joined[joined.length - 1] = { ...last, [field]: both } as unknown as Event
    } else {
      joined.push(event)
    }
  }
  return joined
}

function copyViews<T>(value: T): T {
  if (value instanceof Uint8Array) return Uint8Array.from(value) as T
  if (Array.isArray(value)) return value.map(copyViews) as T
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyViews(inner)])) as T
  }
  return value
}
