/** A small world for tests: DNS in memory, servers on loopback, a relay with a clock that can be turned on. */
import {
  createSmtpServer,
  onMessage,
  type ReceivedMessage,
  type SmtpHandler,
  type SmtpServerOptions,
  type SmtpSession,
} from '@posthouse/smtp'
import { type Listening, listen } from '@posthouse/smtp/node'
import { latin1 } from '@posthouse/wire'
import {
  createRelay,
  type DnsRecords,
  type MailResolver,
  type MxRecord,
  type Relay,
  type RelayEvent,
  type RelayOptions,
  type TlsaRecord,
} from '../src/index.js'
import { openSmtpSession, openSqliteQueue, type SmtpSessionOptions } from '../src/node/index.js'

/** A zone: names in lower case. */
export interface Zone {
  readonly mx?: Readonly<Record<string, readonly (readonly [number, string])[]>>
  readonly a?: Readonly<Record<string, readonly string[]>>
  readonly aaaa?: Readonly<Record<string, readonly string[]>>
  readonly txt?: Readonly<Record<string, readonly string[]>>
  readonly tlsa?: Readonly<Record<string, readonly TlsaRecord[]>>
  /** Names whose questions fail. */
  readonly broken?: readonly string[]
  readonly secure?: boolean
}

export function zoneResolver(zone: Zone): MailResolver & { readonly asked: string[] } {
  const asked: string[] = []
  const names = new Set([zone.mx, zone.a, zone.aaaa, zone.txt, zone.tlsa].flatMap((table) => Object.keys(table ?? {})))
  async function find<T>(
    type: string,
    table: Readonly<Record<string, readonly T[]>> = {},
    name: string,
  ): Promise<DnsRecords<T>> {
    asked.push(`${type} ${name}`)
    if (zone.broken?.includes(name)) throw new Error('SERVFAIL')
    return { records: table[name] ?? [], exists: names.has(name), ttl: 60, secure: zone.secure ?? false }
  }
  return {
    asked,
    async mx(domain) {
      const answer = await find('mx', zone.mx, domain)
      return {
        ...answer,
        records: answer.records.map(([preference, exchange]): MxRecord => ({ preference, exchange })),
      }
    },
    addresses: (host, family) => find(`a${family}`, family === 4 ? zone.a : zone.aaaa, host),
    txt: (name) => find('txt', zone.txt, name),
    tlsa: (name) => find('tlsa', zone.tlsa, name),
  }
}

/** A message that came to a server of the world. */
export interface Received {
  readonly from: string | null
  readonly to: readonly string[]
  readonly text: string
  readonly transaction: ReceivedMessage['transaction']
  readonly session: SmtpSession
}

/** A server that keeps what it gets. */
export interface Sink {
  readonly port: number
  readonly received: Received[]
  /** Waits until so many messages are there. */
  count(messages: number): Promise<readonly Received[]>
  close(): Promise<void>
}

export async function startSink(
  options: Partial<SmtpServerOptions> & {
    readonly before?: readonly SmtpHandler[]
    readonly port?: number
    readonly host?: string
    readonly tls?: { readonly cert: string; readonly key: string }
  } = {},
): Promise<Sink> {
  const received: Received[] = []
  let wake: (() => void)[] = []
  const { before = [], port = 0, host = '127.0.0.1', tls, ...rest } = options
  const server = createSmtpServer({
    hostname: 'sink.test',
    ...rest,
    handlers: [
      ...before,
      ...(rest.handlers ?? []),
      onMessage((message, session) => {
        const { transaction } = message
        received.push({
          from: transaction.reversePath?.address ?? null,
          to: transaction.recipients.map(({ address }) => address),
          text: latin1(message.octets()),
          transaction,
          session,
        })
        for (const step of wake.splice(0)) step()
      }),
    ],
  })
  const listening: Listening = await listen(server, { host, port, ...(tls && { tls }) })
  return {
    port: listening.port,
    received,
    async count(messages) {
      while (received.length < messages) await new Promise<void>((resolve) => wake.push(resolve))
      return received
    },
    async close() {
      wake = []
      await listening.close({ force: true })
    },
  }
}

/** A relay whose clock is ours: timers run when `turn` says so. */
export interface TestRelay {
  readonly relay: Relay
  readonly events: RelayEvent[]
  /** Events of one type. */
  of<T extends RelayEvent['type']>(type: T): Extract<RelayEvent, { type: T }>[]
  /** Waits for an event. */
  seen<T extends RelayEvent['type']>(
    type: T,
    test?: (event: Extract<RelayEvent, { type: T }>) => boolean,
  ): Promise<Extract<RelayEvent, { type: T }>>
  now(): number
  /** So many ms later. */
  turn(ms: number): void
}

export async function startTestRelay(
  options: Partial<RelayOptions> & {
    readonly port: number
    readonly path?: string
    readonly sessions?: SmtpSessionOptions
    readonly started?: boolean
  },
): Promise<TestRelay> {
  const { path = ':memory:', sessions, started = true, ...rest } = options
  const events: RelayEvent[] = []
  const waiting: (() => void)[] = []
  let time = Date.UTC(2026, 10, 23)
  const timers = new Set<{ readonly at: number; readonly step: () => void }>()
  const engine = options.engine ?? (await openSqliteQueue({ path, thread: false, now: () => time }))
  const relay = createRelay({
    hostname: 'relay.test',
    routing: {},
    resolver: zoneResolver({}),
    open: openSmtpSession(sessions),
    families: [4],
    allowAddress: () => true,
    random: () => 0,
    ...rest,
    engine,
    now: () => time,
    timer(step, ms) {
      const timer = { at: time + ms, step }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    onEvent(event) {
      events.push(event)
      for (const step of waiting.splice(0)) step()
    },
  })
  if (started) await relay.start()
  return {
    relay,
    events,
    of: (type) => events.filter((event) => event.type === type) as never,
    async seen(type, test = () => true) {
      for (;;) {
        const found = events.find((event) => event.type === type && test(event as never))
        if (found) return found as never
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    now: () => time,
    turn(ms) {
      time += ms
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at > time || !timers.delete(timer)) continue
        timer.step()
      }
    },
  }
}

/** Lets the time go by, a second at a time, until it is so. */
export async function turnUntil({ turn }: TestRelay, test: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await test())) {
    turn(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export function octets(text: string): Uint8Array {
  return new TextEncoder().encode(text.replaceAll('\n', '\r\n'))
}

export const HELLO = octets('From: <alice@relay.test>\nSubject: Hello\n\nHello\n')
