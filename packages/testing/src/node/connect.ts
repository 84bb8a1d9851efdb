import { ABSENCE_OPTIONS, type AbsenceOptions, unwanted } from '../absence.js'
import { addressKey, checkedAddress } from '../address.js'
import { freshAddress } from '../any-octets.js'
import { elapsed } from '../clock.js'
import type { TestMessage } from '../content/message.js'
import { deliverOptions, draftOctets } from '../draft.js'
import { TestMailError } from '../errors.js'
import { explainWait } from '../explain.js'
import { inTurn, type RemoteInbox } from '../inbox.js'
import { checkSince, checkTime, checkWait, type Mark, WAIT_OPTIONS, type WaitOptions } from '../mailroom.js'
import { checkMatch, fits, type Match } from '../match.js'
import { checkNames } from '../options.js'
import { encodeMatch, encodeScript, type JsonMatch, type JsonMessage } from '../remote/format.js'
import type { TestSession } from '../sessions.js'
import type { Endpoint, Endpoints, RemoteTestMail } from '../test-mail.js'
import { createCaFile, environmentOf, transportOf } from './environment.js'
import { createCaller } from './remote-call.js'

/** How to reach a test server. */
export interface ConnectOptions {
  /** ms that `waitFor` waits. Default: 4,000. */
  readonly waitTimeout?: number
  /** Domain of the addresses that `inbox()` makes up. Default: `mail.test`. */
  readonly domain?: string
  /** Disposes this end when it aborts. */
  readonly signal?: AbortSignal
}

const CONNECT_OPTIONS: Readonly<Record<keyof ConnectOptions, true>> = { waitTimeout: true, domain: true, signal: true }

/** ms that one request is held at most: below what clients and proxies take for a silence. */
const HOLD = 120_000

/** ms that a server has to answer when this end is disposed. */
const GOODBYE = 2_000

/** What the server says of itself. */
interface ServerInfo {
  readonly endpoints: Partial<Endpoints>
  readonly ca: string
}

interface RemoteWait {
  readonly count: number
  readonly match: Match | undefined
  readonly options: WaitOptions
  readonly recipient: string | null
}

/**
 * A test server in another process, over HTTP: for workers whose server runs in a global set-up, in a container or as
 * `npx @posthouse/testing`. A wait is a request that is held until the message has come; nothing polls.
 *
 * ```ts
 * const mail = await connectTestMail(process.env.TEST_MAIL_URL)
 * const inbox = mail.inbox()
 * ```
 *
 * @throws TestMailError `unreachable`; `options` for what is no URL of HTTP; `aborted`.
 */
export async function connectTestMail(url: string, options: ConnectOptions = {}): Promise<RemoteTestMail> {
  checkNames('option', options, CONNECT_OPTIONS)
  const { waitTimeout = 4_000, domain = 'mail.test' } = options
  const base = baseOf(url)
  const ended = new AbortController()
  const call = createCaller(base, ended.signal)
  const info = await call<ServerInfo>({ method: 'GET', path: 'server', signal: options.signal })
  if (!info?.endpoints) throw new TestMailError('unreachable', `${base.href} is no test mail server`)
  const { endpoints: served, ca } = info
  const { createTestMessage, prepareFor } = await import('../content/message.js')
  const endpoints = reachable(served, base.hostname)
  const caFile = ca === '' ? null : createCaFile(ca)
  /** What somebody waits for; when this end is disposed nobody has to look at it any more. */
  const pending = new Set<Promise<unknown>>()
  /** Faults that this end has scripted and not removed. */
  const faults = new Set<string>()

  function held<T>(promise: Promise<T>): Promise<T> {
    pending.add(promise)
    const done = (): void => void pending.delete(promise)
    promise.then(done, done)
    return promise
  }

  async function read({ receivedAt, raw, ...rest }: JsonMessage): Promise<TestMessage> {
    const octets = new Uint8Array(Buffer.from(raw, 'base64'))
    await prepareFor(octets)
    return createTestMessage({ ...rest, receivedAt: new Date(receivedAt), raw: octets })
  }

  const mark = (): Promise<Mark> => call<Mark>({ method: 'GET', path: 'server' })

  async function list(match: Match | undefined, recipient: string | null, after = 0): Promise<TestMessage[]> {
    checkMatch(match)
    const narrowed = recipient === null ? '' : `&recipient=${encodeURIComponent(recipient)}`
    const found = await call<JsonMessage[]>({ method: 'GET', path: `messages?raw&after=${after}${narrowed}` })
    const messages = await Promise.all(found.map(read))
    return messages.filter((message) => fits(match, message))
  }

  async function wait(wanted: RemoteWait): Promise<TestMessage[]> {
    const { match, options: how } = wanted
    checkNames('option', how, WAIT_OPTIONS)
    checkWait(wanted.count, how.timeout ?? waitTimeout)
    checkSince(how.since)
    const since = how.since === 'now' ? await mark() : (how.since ?? 'start')
    const json = encodeMatch(match)
    return json ? waitByShape(wanted, since, json) : waitByFunction(wanted, since)
  }

  async function waitByShape(wanted: RemoteWait, since: 'start' | Mark, match: JsonMatch): Promise<TestMessage[]> {
    const { timeout = waitTimeout, signal } = wanted.options
    const from = since === 'start' ? since : since.sequence
    const { count, recipient } = wanted
    for (let left = timeout; ; left -= HOLD) {
      const body = { match, count, recipient, since: from, timeout: Math.min(left, HOLD), raw: true }
      try {
        const found = await call<JsonMessage[]>({ method: 'POST', path: 'wait', body, signal })
        return await Promise.all(found.map(read))
      } catch (error) {
        if (!(error instanceof TestMailError) || error.code !== 'timeout' || left <= HOLD) throw error
      }
    }
  }

  /** A function cannot travel: each message comes here and is looked at. */
  async function waitByFunction(wanted: RemoteWait, since: 'start' | Mark): Promise<TestMessage[]> {
    const { count, match, recipient, options: how } = wanted
    const { timeout = waitTimeout } = how
    const end = elapsed() + timeout
    const found: TestMessage[] = []
    const arrived: TestMessage[] = []
    let after = since
    while (found.length < count) {
      const left = Math.max(0, end - elapsed())
      try {
        const one = { count: 1, match: undefined, recipient, options: { ...how, timeout: left } }
        const [message] = await waitByShape(one, after, {})
        after = message
        arrived.push(message)
        if (fits(match, message)) found.push(message)
      } catch (error) {
        if (!(error instanceof TestMailError) || error.code !== 'timeout') throw error
        const only = recipient === null ? undefined : { name: recipient, key: addressKey(recipient) }
        throw new TestMailError(
          'timeout',
          explainWait({ count, match, only, found, timeout, arrived, before: [], more: '' }),
        )
      }
    }
    return found
  }

  async function expectNone(match: Match | undefined, how: AbsenceOptions, recipient: string | null): Promise<void> {
    const json = encodeMatch(match)
    checkNames('option', how, ABSENCE_OPTIONS)
    const { within = 100, timeout = waitTimeout, signal } = how
    checkTime('within', within)
    checkTime('timeout', timeout)
    checkSince(how.since)
    const from = how.since === 'now' ? await mark() : (how.since ?? 'start')
    const since = from === 'start' ? from : from.sequence
    // A session that nobody has: that tells when it is quiet.
    const body = { match: json ?? { via: '(none)' }, within, timeout: Math.min(timeout, HOLD), recipient, since }
    await call({ method: 'POST', path: 'expect-none', body, signal })
    const [found] = json ? [] : await list(match, recipient, since === 'start' ? 0 : since)
    if (found) throw new TestMailError('unexpected', unwanted(match, recipient ?? undefined, found))
  }

  const receiver = (recipient: string | null) => ({
    waitFor: (match?: Match, how: WaitOptions = {}) =>
      held(wait({ count: 1, match, options: how, recipient }).then(([message]) => message)),
    waitForAll: (count: number, match?: Match, how: WaitOptions = {}) =>
      held(wait({ count, match, options: how, recipient })),
    list: (match?: Match) => list(match, recipient),
    expectNone: (match?: Match, how: AbsenceOptions = {}) => held(expectNone(match, how, recipient)),
  })

  function inbox(name = freshAddress(domain)): RemoteInbox {
    const address = checkedAddress('inbox() takes', name, domain)
    const mine = receiver(address)
    const turns = inTurn((since, how) => mine.waitFor(undefined, { ...how, since }))
    return {
      ...{ address, ...mine, next: turns.next },
      expectNone: (match, how = {}) => mine.expectNone(match, { ...how, since: how.since ?? turns.given }),
    }
  }

  const mail: RemoteTestMail = {
    ...receiver(null),
    endpoints,
    get smtp() {
      const found = endpoints.smtp ?? endpoints.smtps
      if (!found) throw new TestMailError('missing', 'this test server was started without SMTP')
      return found
    },
    imap: endpoints.imap ?? endpoints.imaps,
    pop3: endpoints.pop3 ?? endpoints.pop3s,
    http: endpoints.http,
    ca,
    env: (prefix = '') => environmentOf(endpoints, prefix, caFile),
    transport: () => transportOf(mail),
    inbox,
    mark,
    async during(act) {
      const { sequence } = await mark()
      const value = await act()
      return { value, messages: await list(undefined, null, sequence) }
    },
    async script(...scripts) {
      const { id } = await call<{ id: string }>({ method: 'POST', path: 'scripts', body: scripts.map(encodeScript) })
      faults.add(id)
      const remove = async (): Promise<void> => {
        if (faults.delete(id)) await call({ method: 'DELETE', path: `scripts/${id}` })
      }
      return { remove, [Symbol.asyncDispose]: remove }
    },
    async deliver(to, draft, how = {}) {
      const { folder, flags = [], at } = deliverOptions(how)
      const query = new URLSearchParams({ to, raw: '' })
      if (folder !== undefined) query.set('folder', folder)
      for (const flag of flags) query.append('flag', flag)
      if (at) query.set('at', String(at.getTime()))
      const body = await draftOctets(draft, to, domain)
      return read(await call<JsonMessage>({ method: 'POST', path: `messages?${query}`, body }))
    },
    listSessions: () => call<TestSession[]>({ method: 'GET', path: 'sessions' }),
    clear: () => call({ method: 'DELETE', path: 'messages' }),
    dispose,
    [Symbol.asyncDispose]: dispose,
    [Symbol.asyncIterator]: iterate,
  }

  async function dispose(): Promise<void> {
    for (const promise of pending) promise.catch(() => {})
    ended.abort()
    options.signal?.removeEventListener('abort', aborted)
    caFile?.remove()
    await removeFaults()
  }

  /** Those that come next to the server shall not suffer from them; one that does not answer has none. */
  async function removeFaults(): Promise<void> {
    const ids = [...faults]
    faults.clear()
    if (ids.length === 0) return
    const goodbye = createCaller(base, AbortSignal.timeout(GOODBYE))
    await Promise.all(ids.map((id) => goodbye({ method: 'DELETE', path: `scripts/${id}` }).catch(() => {})))
  }

  /** Ends when this end is disposed. */
  async function* iterate(): AsyncGenerator<TestMessage, void, undefined> {
    let since: 'start' | Mark = 'start'
    for (;;) {
      let message: TestMessage
      try {
        message = await mail.waitFor(undefined, { since, timeout: Number.POSITIVE_INFINITY })
      } catch (error) {
        if (error instanceof TestMailError && error.code === 'disposed') return
        throw error
      }
      yield message
      since = message
    }
  }

  const aborted = (): void => void dispose()
  if (options.signal?.aborted) await dispose()
  else options.signal?.addEventListener('abort', aborted, { once: true })
  return mail
}

/** @throws TestMailError `options`: mostly a variable that is not set, or the URL of SMTP. */
function baseOf(url: unknown): URL {
  const text = String(url)
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text.endsWith('/') ? text : `${text}/`)
  const wanted = 'the URL of its HTTP interface is wanted (mail.http.url, TEST_MAIL_URL): http://127.0.0.1:8025'
  throw new TestMailError('options', `connectTestMail(${text}): ${wanted}`)
}

/** A server that listens on all addresses is reached by the name under which its HTTP interface was. */
function reachable(served: Partial<Endpoints>, hostname: string): Endpoints {
  const everywhere = (host: string): boolean => host === '0.0.0.0' || host === '::'
  const at = (endpoint: Endpoint | undefined): Endpoint | undefined => {
    if (!endpoint || !everywhere(endpoint.host)) return endpoint
    const scheme = endpoint.url.split('://')[0]
    const host = hostname.replace(/^\[|\]$/g, '')
    return { ...endpoint, host, url: `${scheme}://${hostname}:${endpoint.port}` }
  }
  return {
    smtp: at(served.smtp),
    smtps: at(served.smtps),
    imap: at(served.imap),
    imaps: at(served.imaps),
    pop3: at(served.pop3),
    pop3s: at(served.pop3s),
    http: at(served.http),
  }
}
