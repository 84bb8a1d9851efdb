/** Connections to servers: kept for the next message, and never more to one server than it may have. */
import {
  createSmtpPool,
  type OutgoingMail,
  type SendOptions,
  type SendResult,
  type SmtpClient,
  type SmtpPool,
  type Timer,
} from '@posthouse/smtp'
import type { ServerGate } from './gate.js'
import { type OpenSession, type SessionTarget, type TlsObservation, targetKey } from './session.js'

export interface ServerPoolsOptions {
  readonly open: OpenSession
  readonly hostname: string
  readonly gate: ServerGate
  /** Connections to one address and port at a time. */
  readonly perServer: number
  /** Messages a minute to one address and port; `null`: as many as can be. */
  readonly perServerMinute: number | null
  /** Messages over one connection. */
  readonly perConnection: number
  /** ms after which a connection that nobody uses is closed. */
  readonly idle: number
  readonly timer: Timer
  readonly observe: (seen: TlsObservation) => void
}

export interface ServerPools {
  /** `busy`: the server has as much as it may. */
  send(target: SessionTarget, mail: OutgoingMail, options: SendOptions): Promise<SendResult | 'busy'>
  /** Servers with connections, counted once for each way to use them. */
  readonly size: number
  close(): Promise<void>
}

interface Entry {
  readonly pool: SmtpPool
  readonly server: string
  /** The last one that it was used for: what is seen of a new connection is reported about its domain. */
  target: SessionTarget
  /** Messages on their way. */
  busy: number
}

/** ms that a message waits for its turn; who would wait longer comes again. */
const PATIENCE = 5_000

/** A connection was not opened because the server has enough of them. */
class ServerBusy extends Error {}

export function createServerPools(options: ServerPoolsOptions): ServerPools {
  const { open, hostname, gate, perServer, perServerMinute, perConnection, idle, timer, observe } = options
  const entries = new Map<string, Entry>()
  let sinceSweep = 0

  function entryOf(target: SessionTarget): Entry {
    const key = targetKey(target)
    const known = entries.get(key)
    if (known) {
      known.target = target
      return known
    }
    const pool = createSmtpPool({
      connect: (signal) => connect(made, signal),
      maxConnections: perServer,
      maxMessagesPerConnection: perConnection,
      idle,
      timer,
    })
    const made: Entry = { pool, server: `${target.address} ${target.port}`, target, busy: 0 }
    entries.set(key, made)
    return made
  }

  async function connect({ server, target }: Entry, signal: AbortSignal): Promise<SmtpClient> {
    if (!(await gate.enter(server, perServer))) {
      // The same server under another name may have connections that nobody uses.
      await closeIdle(server)
      if (!(await gate.enter(server, perServer))) throw new ServerBusy()
    }
    try {
      return leaving(await open(target, { hostname, signal, observe }), () => gate.leave(server))
    } catch (error) {
      gate.leave(server)
      throw error
    }
  }

  async function closeIdle(server: string): Promise<void> {
    const unused = [...entries].filter(([, entry]) => entry.server === server && entry.busy === 0)
    for (const [key] of unused) entries.delete(key)
    await Promise.all(unused.map(([, { pool }]) => pool.close()))
  }

  /** Pools without a connection are forgotten, so that a million domains do not leave a million of them behind. */
  function sweep(): void {
    if (++sinceSweep <= entries.size + 100) return
    sinceSweep = 0
    for (const [key, { pool, busy }] of entries) if (busy === 0 && pool.connections === 0) entries.delete(key)
  }

  return {
    get size() {
      return entries.size
    },
    async send(target, mail, how) {
      const entry = entryOf(target)
      entry.busy++
      try {
        if (perServerMinute !== null) {
          const wait = await gate.pace(entry.server, perServerMinute, PATIENCE)
          if (wait === null) return 'busy'
          // A turn that is not used is lost, as it would be for the server.
          if (wait > 0 && !(await delay(timer, wait, how.signal))) return 'busy'
        }
        return await entry.pool.send(mail, how)
      } catch (error) {
        if (error instanceof ServerBusy) return 'busy'
        throw error
      } finally {
        entry.busy--
        sweep()
      }
    },
    async close() {
      await Promise.all([...entries.values()].map(({ pool }) => pool.close()))
      entries.clear()
    },
  }
}

/** False when the signal was first. */
function delay(timer: Timer, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const stop = (): void => {
      forget()
      resolve(false)
    }
    const forget = timer(() => {
      signal?.removeEventListener('abort', stop)
      resolve(true)
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** The same client; `left` is called once when it is closed. */
function leaving(client: SmtpClient, left: () => void): SmtpClient {
  let open = true
  const once = (): void => {
    if (open) left()
    open = false
  }
  return Object.create(client, {
    close: { value: () => client.close().finally(once) },
    destroy: {
      value() {
        client.destroy()
        once()
      },
    },
  })
}
