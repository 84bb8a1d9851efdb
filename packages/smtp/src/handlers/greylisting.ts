import { type MaybePromise, networkKey } from '@posthouse/wire'
import type { SmtpHandler } from '../session/handler.js'
import { reply } from '../syntax/reply.js'

/** Remembers when something was first seen (ms since the epoch), for as long as it likes. */
export interface GreylistMemory {
  get(key: string): MaybePromise<number | undefined>
  set(key: string, firstSeen: number): MaybePromise<void>
}

/** What `greylisting` takes; everything has a default. */
export interface GreylistingOptions {
  /** Seconds that a first attempt is put off. Default: 300. */
  readonly delay?: number
  /** Seconds after which an attempt counts as a first one again. Default: 36 days. */
  readonly remember?: number
  /** Default: the memory of this process, for 100,000 attempts. */
  readonly memory?: GreylistMemory
}

/**
 * Greylisting (RFC 6647): the first attempt of a client network to write from this sender to this recipient is put
 * off with `451 4.7.1`; mail servers come back, most senders of junk do not. Users who logged in are not put off.
 */
export function greylisting(options: GreylistingOptions = {}): SmtpHandler {
  const { delay = 300, remember = 36 * 86_400, memory = memoryOf(100_000) } = options
  return {
    name: 'greylisting',
    async rcpt(recipient, transaction, session) {
      if (session.identity || session.loopback) return undefined
      // RFC 6647 §2.2: a sender's servers share a network, so the /24 counts for IPv4.
      const network = networkKey(session.remote.address, 24)
      const sender = transaction.reversePath?.address.toLowerCase() ?? ''
      const key = `${network} ${sender} ${recipient.address.toLowerCase()}`
      const now = session.now()
      const first = await memory.get(key)
      // A time to come: the clock was ahead then, and nobody waits until it is there again.
      if (first === undefined || first > now || now - first > remember * 1000) {
        await memory.set(key, now)
      } else if (now - first >= delay * 1000) return undefined
      return reply(451, '4.7.1', 'Greylisted; try again later')
    },
  }
}

function memoryOf(most: number): GreylistMemory {
  const seen = new Map<string, number>()
  return {
    get: (key) => seen.get(key),
    set(key, firstSeen) {
      seen.set(key, firstSeen)
      if (seen.size > most) seen.delete(seen.keys().next().value as string)
    },
  }
}
