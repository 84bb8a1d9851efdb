/** The application's list: who gets the newsletter, and how often mail to them came back. */
export interface Subscriber {
  readonly id: number
  readonly address: string
  bounces: number
  active: boolean
}

/** Temporary failures that count as one permanent: a full mailbox may be read again. */
const PATIENCE = 5

export function createSubscribers(addresses: readonly string[]) {
  const all = new Map(addresses.map((address, i): [number, Subscriber] => [i + 1, make(i + 1, address)]))
  return {
    get: (id: number): Subscriber | undefined => all.get(id),
    bounced(id: number, permanent: boolean): void {
      const subscriber = all.get(id)
      if (!subscriber) return
      subscriber.bounces++
      if (permanent || subscriber.bounces >= PATIENCE) subscriber.active = false
    },
    unsubscribed(id: number): void {
      const subscriber = all.get(id)
      if (subscriber) subscriber.active = false
    },
  }
}

function make(id: number, address: string): Subscriber {
  return { id, address, bounces: 0, active: true }
}

export type Subscribers = ReturnType<typeof createSubscribers>
