import type { Log, Protocol } from '@posthouse/wire'
import { type Listening, listen } from '@posthouse/wire/node'
import { type AbsenceOptions, expectNone } from '../absence.js'
import { checkedAddress } from '../address.js'
import { freshAddress } from '../any-octets.js'
import type { TestMessage } from '../content/message.js'
import { TestMailError } from '../errors.js'
import { checkScripts, createScriptBook } from '../faults/script.js'
import { createInbox, type Inbox } from '../inbox.js'
import { createMailroom, type Mailroom, type Only } from '../mailroom.js'
import type { Match } from '../match.js'
import { checkOptions, type ListenAt, limitsOf, type TestMailOptions } from '../options.js'
import { createSessionBook, type SessionBook, type TestSession } from '../sessions.js'
import type { Endpoint, Endpoints, TestMail } from '../test-mail.js'
import { deliver } from './deliver.js'
import { createCaFile, environmentOf, hostInUrl, transportOf } from './environment.js'
import { later } from './later.js'
import { type LaterStore, laterStore } from './later-store.js'
import { once } from './once.js'
import { makeSmtp, type Parts } from './servers.js'
import { tlsOf } from './tls-of.js'
import { usersOf } from './users.js'

/**
 * Starts a mail server for a test: on loopback, on free ports, in memory. Resolves when all its listeners are bound.
 *
 * ```ts
 * await using mail = await startTestMail()
 * await signUp('ada@example.test', { smtp: mail.smtp.url })
 * const message = await mail.waitFor({ to: 'ada@example.test' })
 * ```
 *
 * @throws TestMailError `options`, or the error of `node:net` for a port that is taken.
 */
export async function startTestMail(options: TestMailOptions = {}): Promise<TestMail> {
  checkOptions(options)
  const { host = '127.0.0.1', waitTimeout = 4_000, now = Date.now, signal } = options
  const sessions = createSessionBook(now)
  const parts = partsOf(options, sessions, now)
  const { room, scripts, store } = parts
  const { tls, ca, hint } = tlsOf(options, host)
  const caFile = ca === '' ? null : createCaFile(ca)
  const open: { close(): Promise<void> }[] = []
  /** What the first message and the first connections need. */
  const behind: (() => Promise<unknown>)[] = [parts.content]
  let disposed: Promise<void> | null = null

  async function bind(
    protocol: Protocol,
    kind: TestSession['protocol'],
    where: boolean | ListenAt | undefined,
    implicitTls = false,
  ): Promise<Endpoint | undefined> {
    if (!where) return undefined
    const listening = await bindTo(protocol, host, portOf(where), {
      log: recorder(sessions, kind, hint),
      implicitTls,
      now,
      // All clients of a test come from one address.
      maxConnectionsPerAddress: 10_000,
      ...(tls && { tls }),
    })
    await keepOpen({ close: () => listening.close({ force: true }) })
    return endpoint(implicitTls ? `${kind}s` : kind, listening.port, implicitTls)
  }

  /** @throws TestMailError `aborted`: the signal has disposed what was open before, and this with it. */
  async function keepOpen(one: { close(): Promise<void> }): Promise<void> {
    open.push(one)
    if (!disposed) return
    await one.close()
    throw abortedStart(signal)
  }

  function endpoint(scheme: string, port: number, tls: boolean): Endpoint {
    return { host, port, tls, url: `${scheme}://${hostInUrl(host)}:${port}` }
  }

  async function bindAll(): Promise<Omit<Endpoints, 'http'>> {
    const smtp = makeSmtp(parts)
    const imap = store && (options.imap || options.imaps) ? later('imap', () => loadImap(parts, store)) : null
    const pop3 = store && (options.pop3 || options.pop3s) ? later('pop3', () => loadPop3(parts, store)) : null
    if (store) behind.push(store.open)
    for (const one of [imap, pop3]) if (one) behind.push(one.load)
    return {
      smtp: await bind(smtp, 'smtp', options.smtp ?? true),
      smtps: await bind(smtp, 'smtp', options.smtps, true),
      imap: imap ? await bind(imap, 'imap', options.imap) : undefined,
      imaps: imap ? await bind(imap, 'imap', options.imaps, true) : undefined,
      pop3: pop3 ? await bind(pop3, 'pop3', options.pop3) : undefined,
      pop3s: pop3 ? await bind(pop3, 'pop3', options.pop3s, true) : undefined,
    }
  }

  async function serveHttp(mail: TestMail): Promise<Endpoint | undefined> {
    const { http } = options
    if (!http) return undefined
    const { serveTestMail } = await import('./http.js')
    const served = await serveTestMail(mail, { host, ...(typeof http === 'object' && http) })
    await keepOpen(served)
    return endpoint('http', served.port, false)
  }

  function assemble(bound: Omit<Endpoints, 'http'>): TestMail & { endpoints: Endpoints } {
    const absence = (match: Match | undefined, how: AbsenceOptions, only?: Only): Promise<void> =>
      expectNone(room, sessions, { match, options: how, timeout: waitTimeout, only })
    const { domain = 'mail.test', random } = options
    const inboxOf = (name: string): Inbox => createInbox(checkedAddress('inbox() takes', name, domain), room, absence)
    const mail: TestMail & { endpoints: Endpoints } = {
      endpoints: { ...bound, http: undefined },
      get smtp() {
        const found = bound.smtp ?? bound.smtps
        if (!found) throw new TestMailError('missing', 'this test server was started without SMTP')
        return found
      },
      imap: bound.imap ?? bound.imaps,
      pop3: bound.pop3 ?? bound.pop3s,
      get http() {
        return mail.endpoints.http
      },
      ca,
      get messages() {
        return room.messages
      },
      get sessions() {
        return sessions.sessions
      },
      env: (prefix = '') => environmentOf(mail.endpoints, prefix, caFile),
      transport: () => transportOf(mail),
      inbox: (address) => inboxOf(address ?? freshAddress(domain, random)),
      waitFor: (match, how = {}) => room.first({ match, options: how }),
      waitForAll: (count, match, how = {}) => room.wait({ count, match, options: how }),
      list: (match) => room.list(match),
      expectNone: (match, how = {}) => absence(match, how),
      mark: () => ({ sequence: room.sequence }),
      async during(act) {
        const before = room.sequence
        const value = await act()
        return { value, messages: room.messages.filter(({ sequence }) => sequence > before) }
      },
      script(...added) {
        const { remove } = scripts.add(added)
        return { remove, [Symbol.dispose]: remove }
      },
      deliver: (to, draft, how = {}) => deliver(parts, to, draft, { ...how, domain }),
      clear() {
        room.clear()
        store?.empty()
        sessions.clear()
      },
      dispose,
      [Symbol.asyncDispose]: dispose,
      [Symbol.asyncIterator]: () => iterate(room),
    }
    return mail
  }

  /** Loads one after the other while the test does something else. When it fails, who needs it is told. */
  async function loadBehind(): Promise<void> {
    for (const load of behind) if (!disposed) await load().catch(() => {})
  }

  function dispose(): Promise<void> {
    disposed ??= (async () => {
      room.dispose()
      signal?.removeEventListener('abort', aborted)
      await Promise.all(open.map((one) => one.close()))
      caFile?.remove()
      if (options.strictScripts) checkScripts(scripts, sessions.surprises)
    })()
    return disposed
  }

  const aborted = (): void => void dispose().catch(() => {})

  if (signal?.aborted) throw abortedStart(signal)
  signal?.addEventListener('abort', aborted, { once: true })
  try {
    const mail = assemble(await bindAll())
    setImmediate(loadBehind)
    mail.endpoints = { ...mail.endpoints, http: await serveHttp(mail) }
    return mail
  } catch (reason) {
    await dispose().catch(() => {})
    throw reason
  }

  function partsOf(options: TestMailOptions, sessions: SessionBook, now: () => number): Parts {
    const { imap, imaps, pop3, pop3s, domain = 'mail.test' } = options
    const users = usersOf(options, domain)
    const limits = limitsOf(options.limits)
    const autoCreate = (account: string): boolean => users.known?.has(account) ?? true
    const store = laterStore({ autoCreate, maxBytes: limits.bytes, clock: now })
    return {
      options,
      limits,
      users,
      now,
      sessions,
      // To import what is there already takes longer than to read a message.
      content: once(() => import('../content/message.js')),
      scripts: createScriptBook(sessions.surprise),
      room: createMailroom({ waitTimeout, explain: sessions.explain }),
      store: [imap, imaps, pop3, pop3s].some(Boolean) ? store : null,
    }
  }
}

function abortedStart(signal: AbortSignal | undefined): TestMailError {
  return new TestMailError('aborted', 'the signal aborted before the server had started', { cause: signal?.reason })
}

async function loadImap(parts: Parts, store: LaterStore): Promise<Protocol> {
  const [{ makeImap }, { mail }] = await Promise.all([import('./imap-server.js'), store.open()])
  return makeImap(parts, mail)
}

async function loadPop3(parts: Parts, store: LaterStore): Promise<Protocol> {
  const [{ makePop3 }, { mail }] = await Promise.all([import('./pop3-server.js'), store.open()])
  return makePop3(parts, mail)
}

const portOf = (where: true | ListenAt): number => (where === true ? 0 : (where.port ?? 0))

/** @throws Error of `node:net`, with what to do about a port that is taken. */
async function bindTo(
  protocol: Protocol,
  host: string,
  port: number,
  options: Omit<Parameters<typeof listen>[1], 'host' | 'port'>,
): Promise<Listening> {
  try {
    return await listen(protocol, { host, port, ...options })
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
    const text = `port ${port} of ${host} is taken: leave the port out and take any free one from the server's URLs`
    throw new TestMailError('options', text, { cause: error })
  }
}

/** What a listener and its server log, as sessions. */
function recorder(sessions: SessionBook, protocol: TestSession['protocol'], hint: string): Log {
  return ({ event, connection = '', message = '', address, level, error, stage }) => {
    switch (event) {
      case 'connection.opened':
        return sessions.started(connection, protocol, String(address ?? ''))
      case 'connection.closed':
        return sessions.ended(connection)
      case 'tls.failed':
        return sessions.problem(connection, tlsProblem(message, hint))
      case 'connection.aborted':
      case 'connection.timeout':
        return sessions.problem(connection, message)
      case 'handler.failed':
        return sessions.surprise(`a handler at ${String(stage)}`, error)
      default:
        if (level === 'error') sessions.surprise(`${protocol}: ${event}`, error ?? message)
    }
  }
}

/** What OpenSSL says, without its file names and numbers, and what it mostly means. */
function tlsProblem(message: string, hint: string): string {
  const [, alert = message] = message.match(/:([^:]*\balert\b[^:]*|[^:]+):[^:]*:\d+:/) ?? []
  const distrust = /unknown ca|bad certificate|certificate unknown|expired|left during/.test(alert)
  return `TLS failed: ${alert}${distrust ? ` (${hint})` : ''}`
}

/** Ends when the server is disposed. */
async function* iterate(room: Mailroom): AsyncGenerator<TestMessage, void, undefined> {
  let since: 'start' | TestMessage = 'start'
  for (;;) {
    try {
      since = await room.first({ match: undefined, options: { since, timeout: Number.POSITIVE_INFINITY } })
    } catch (error) {
      if (error instanceof TestMailError && error.code === 'disposed') return
      throw error
    }
    yield since
  }
}
