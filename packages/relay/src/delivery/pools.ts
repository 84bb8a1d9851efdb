/** Connections to servers: kept for the next message, and never more to one server than it may have. */
import {
  createSmtpPool,
  type OutgoingMail,
  type SendOptions,
  type SendResult,
  type SmtpPool,
  type Timer,
} from '@posthouse/smtp'
import { type OpenSession, type SessionTarget, type TlsObservation, targetKey } from './session.js'

export interface ServerPoolsOptions {
  readonly open: OpenSession
  readonly hostname: string
  /** Connections to one address and port at a time. */
  readonly perServer: number
  /** Messages over one connection. */
  readonly perConnection: number
  /** ms after which a connection that nobody uses is closed. */
  readonly idle: number
  readonly timer: Timer
  readonly observe: (seen: TlsObservation) => void
}

export interface ServerPools {
  /** `null`: the server has as many connections as it may. */
  send(target: SessionTarget, mail: OutgoingMail, options: SendOptions): Promise<SendResult> | null
  /** Servers with connections. */
  readonly size: number
  close(): Promise<void>
}

interface Entry {
  readonly pool: SmtpPool
  busy: number
}

export function createServerPools(options: ServerPoolsOptions): ServerPools {
  const { open, hostname, perServer, perConnection, idle, timer, observe } = options
  const entries = new Map<string, Entry>()
  /** Messages on their way, by server: the same server may be known under several names. */
  const busy = new Map<string, number>()

  function entryOf(target: SessionTarget): Entry {
    const key = targetKey(target)
    const known = entries.get(key)
    if (known) return known
    const pool = createSmtpPool({
      connect: (signal) => open(target, { hostname, signal, observe }),
      maxConnections: perServer,
      maxMessagesPerConnection: perConnection,
      idle,
      timer,
    })
    const made = { pool, busy: 0 }
    entries.set(key, made)
    return made
  }

  /** Pools without a connection are forgotten, so that a million domains do not leave a million of them behind. */
  function forgetIdle(): void {
    for (const [key, { pool, busy: own }] of entries) {
      if (own === 0 && pool.connections === 0) entries.delete(key)
    }
  }

  let sinceSweep = 0

  return {
    get size() {
      return entries.size
    },
    send(target, mail, how) {
      const server = `${target.address} ${target.port}`
      const count = busy.get(server) ?? 0
      if (count >= perServer) return null
      const entry = entryOf(target)
      busy.set(server, count + 1)
      entry.busy++
      return entry.pool.send(mail, how).finally(() => {
        entry.busy--
        const left = (busy.get(server) ?? 1) - 1
        if (left === 0) busy.delete(server)
        else busy.set(server, left)
        if (++sinceSweep > entries.size + 100) {
          sinceSweep = 0
          forgetIdle()
        }
      })
    },
    async close() {
      await Promise.all([...entries.values()].map(({ pool }) => pool.close()))
      entries.clear()
    },
  }
}
