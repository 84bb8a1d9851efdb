import { randomBytes } from 'node:crypto'
import { createSmtpServer, reply, type SmtpHandler } from '@posthouse/smtp'
import { createMemoryStore, type MemoryStore } from '@posthouse/store-api'
import type { Log, Protocol } from '@posthouse/wire'
import { createTlsIdentity, type Listening, listen, type TlsIdentity } from '@posthouse/wire/node'
import { expectNone } from '../absence.js'
import { createTestMessage } from '../content/message.js'
import { checkUsed, createScriptBook, type ScriptBook } from '../faults/script.js'
import { smtpDialect, smtpFaults, withoutKeywords } from '../faults/smtp.js'
import { type FaultyProtocol, withFaults } from '../faults/wire.js'
import { createInbox } from '../inbox.js'
import { createMailroom } from '../mailroom.js'
import { DEFAULT_LIMITS, type ListenAt, type TestMailOptions } from '../options.js'
import { createSessionBook, type SessionBook, type TestSession } from '../sessions.js'
import type { Endpoint, TestMail } from '../test-mail.js'
import { createTestAuthority } from './certificates.js'
import { draftOctets, putIntoStore } from './deliver.js'
import { keep } from './keep.js'
import { accountOf, verifierOf } from './users.js'

/**
 * Starts a mail server for a test: on loopback, on free ports, in memory. Resolves when all its listeners are bound.
 *
 * ```ts
 * await using mail = await startTestMail()
 * await signUp('ada@example.test', { smtp: mail.smtp.url })
 * const message = await mail.waitFor({ to: 'ada@example.test' })
 * ```
 */
export async function startTestMail(options: TestMailOptions = {}): Promise<TestMail> {
  const { host = '127.0.0.1', domain = 'mail.test', waitTimeout = 4_000, now = Date.now } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const sessions = createSessionBook(now)
  const scripts = createScriptBook()
  const room = createMailroom({ waitTimeout, explain: sessions.explain })
  const readable = [options.imap, options.imaps, options.pop3, options.pop3s].some(Boolean)
  const store = readable ? createMemoryStore(storeOptions(options, domain, limits.bytes)) : null
  const { tls, ca } = tlsOf(options, host, now())
  const open: Listening[] = []
  let disposed: Promise<void> | null = null

  async function bind(
    protocol: Protocol,
    kind: TestSession['protocol'],
    where: boolean | ListenAt | undefined,
    implicitTls: boolean,
  ): Promise<Endpoint | undefined> {
    if (!where) return undefined
    const port = where === true ? 0 : (where.port ?? 0)
    const log = recorder(sessions, kind)
    const listening = await listen(protocol, { host, port, implicitTls, log, now, ...(tls && { tls }) })
    open.push(listening)
    const scheme = implicitTls ? `${kind}s` : kind
    return { host, port: listening.port, tls: implicitTls, url: `${scheme}://${hostInUrl(host)}:${listening.port}` }
  }

  const parts = { options, domain, limits, now, sessions, scripts, room, store }
  try {
    const smtpServer = makeSmtp(parts)
    const smtp = await bind(smtpServer, 'smtp', options.smtp ?? true, false)
    const smtps = await bind(smtpServer, 'smtp', options.smtps, true)
    const imapServer = options.imap || options.imaps ? await makeImap(parts) : null
    const imap = imapServer ? await bind(imapServer, 'imap', options.imap, false) : undefined
    const imaps = imapServer ? await bind(imapServer, 'imap', options.imaps, true) : undefined
    const pop3Server = options.pop3 || options.pop3s ? await makePop3(parts) : null
    const pop3 = pop3Server ? await bind(pop3Server, 'pop3', options.pop3, false) : undefined
    const pop3s = pop3Server ? await bind(pop3Server, 'pop3', options.pop3s, true) : undefined
    return assemble({ smtp, smtps, imap, imaps, pop3, pop3s })
  } catch (reason) {
    await dispose()
    throw reason
  }

  function assemble(endpoints: TestMail['endpoints']): TestMail {
    const absence: Parameters<typeof createInbox>[2] = (match, within, only) =>
      expectNone(room, sessions, match, within, only)
    const mail: TestMail = {
      endpoints,
      get smtp() {
        const endpoint = endpoints.smtp ?? endpoints.smtps
        if (!endpoint) throw new Error('this test server was started without SMTP')
        return endpoint
      },
      imap: endpoints.imap ?? endpoints.imaps,
      pop3: endpoints.pop3 ?? endpoints.pop3s,
      ca,
      get messages() {
        return room.messages
      },
      get sessions() {
        return sessions.sessions
      },
      env: (prefix = '') => environment(endpoints, prefix),
      transport() {
        const { port, tls: secure } = mail.smtp
        return { host, port, secure, ...(ca !== '' && { tls: { ca, servername: 'localhost' } }) }
      },
      inbox: (address) => createInbox(address ?? `t-${randomBytes(4).toString('hex')}@${domain}`, room, absence),
      waitFor: async (match, how = {}) => (await room.wait(1, match, how))[0],
      waitForAll: (count, match, how = {}) => room.wait(count, match, how),
      expectNone: (match, how) => absence(match, how?.within),
      async during(act) {
        const last = room.messages.at(-1)?.sequence ?? 0
        const value = await act()
        return { value, messages: room.messages.filter(({ sequence }) => sequence > last) }
      },
      script(...added) {
        const { remove } = scripts.add(added)
        return { remove, [Symbol.dispose]: remove }
      },
      async deliver(to, draft, how = {}) {
        const raw = await draftOctets(draft, to, domain)
        const sequence = room.nextSequence()
        const id = `delivered-${sequence}`
        if (store) await putIntoStore(store, accountOf(to, domain), raw, id, how)
        const envelope = { from: '', to: [to], body: '8BITMIME', smtputf8: false } as const
        const message = createTestMessage({ id, sequence, receivedAt: new Date(now()), raw, envelope, origin: null })
        room.add(message)
        return message
      },
      clear() {
        room.clear()
        sessions.clear()
      },
      dispose,
      [Symbol.asyncDispose]: dispose,
      [Symbol.asyncIterator]: () => iterate(room),
    }
    return mail
  }

  function dispose(): Promise<void> {
    disposed ??= (async () => {
      room.dispose()
      await Promise.all(open.map((listening) => listening.close({ force: true })))
      store?.close?.()
      options.signal?.removeEventListener('abort', dispose)
      if (options.strictScripts) checkUsed(scripts)
    })()
    return disposed
  }
}

interface Parts {
  readonly options: TestMailOptions
  readonly domain: string
  readonly limits: Parameters<typeof keep>[0]['limits']
  readonly now: () => number
  readonly sessions: SessionBook
  readonly scripts: ScriptBook
  readonly room: ReturnType<typeof createMailroom>
  readonly store: MemoryStore | null
}

function makeSmtp({ options, domain, limits, now, sessions, scripts, room, store }: Parts): Protocol {
  let faulty: FaultyProtocol | null = null
  const controls = (id: string) => faulty?.controls.get(id)
  const own = options.on === undefined ? [] : Array.isArray(options.on) ? options.on : [options.on as SmtpHandler]
  const authenticate = verifierOf(options.auth, domain)
  const server = createSmtpServer({
    hostname: 'localhost',
    handlers: [
      smtpFaults(scripts, controls),
      ...own,
      ...(Array.isArray(options.users) ? [onlyThese(options.users)] : []),
      keep({ room, sessions, scripts, store, limits, now, controls }),
    ],
    ...(authenticate && { authenticate }),
    allowInsecureAuth: true,
    content: options.lenient ? 'preserve' : 'reject',
    limits: { messageSize: limits.bytes, authFailureDelay: 0 },
    keywords: (lines, { remote }) => withoutKeywords(lines, scripts, remote.address),
    transcript: ({ side, text }, { id }) => sessions.said(id, side === 'client' ? 'C' : 'S', text),
  })
  faulty = withFaults(server, smtpDialect, scripts)
  return faulty
}

function onlyThese(users: readonly string[]): SmtpHandler {
  const known = new Set(users.map((address) => address.toLowerCase()))
  return {
    name: 'users',
    rcpt: ({ address }) =>
      known.has(address.toLowerCase()) ? undefined : reply(550, '5.1.1', `No such user here: ${address}`),
  }
}

async function makeImap({ options, domain, scripts, store }: Parts): Promise<Protocol> {
  const [{ createImapServer }, { imapDialect }] = await Promise.all([
    import('@posthouse/imap'),
    import('../faults/access.js'),
  ])
  const authenticate = verifierOf(options.auth, domain) ?? (() => null)
  const server = createImapServer({ store: store as MemoryStore, authenticate, allowInsecureAuth: true })
  return withFaults(server, imapDialect, scripts)
}

async function makePop3({ options, domain, scripts, store }: Parts): Promise<Protocol> {
  const [{ createPop3Server }, { pop3Dialect }] = await Promise.all([
    import('@posthouse/pop3'),
    import('../faults/access.js'),
  ])
  const authenticate = verifierOf(options.auth, domain) ?? (() => null)
  const limits = { authFailureDelay: 0 }
  const server = createPop3Server({ store: store as MemoryStore, authenticate, allowInsecureAuth: true, limits })
  return withFaults(server, pop3Dialect, scripts)
}

function storeOptions({ users = 'auto', now }: TestMailOptions, domain: string, maxBytes: number) {
  const known = users === 'auto' ? null : new Set(users.map((address) => accountOf(address, domain)))
  return {
    autoCreate: (account: string) => known === null || known.has(account),
    maxBytes,
    ...(now && { clock: now }),
  }
}

function tlsOf(
  { tls, smtps, imaps, pop3s }: TestMailOptions,
  host: string,
  now: number,
): { readonly tls: TlsIdentity | null; readonly ca: string } {
  const kind = tls ?? (smtps || imaps || pop3s ? 'auto' : 'none')
  if (kind === 'none') return { tls: null, ca: '' }
  if (typeof kind === 'object') return { tls: createTlsIdentity(kind), ca: kind.cert }
  const authority = createTestAuthority(now)
  const names = [...new Set(['localhost', '127.0.0.1', '::1', host])]
  const material = authority.issue(kind === 'auto' ? 'good' : kind, names)
  return { tls: createTlsIdentity(material), ca: authority.ca }
}

/** What a listener logs about connections, as sessions. */
function recorder(sessions: SessionBook, protocol: TestSession['protocol']): Log {
  return ({ event, connection = '', message = '', address }) => {
    switch (event) {
      case 'connection.opened':
        return sessions.started(connection, protocol, String(address ?? ''))
      case 'connection.closed':
        return sessions.ended(connection)
      case 'tls.failed':
        return sessions.problem(connection, `TLS failed: ${message}`)
      case 'connection.aborted':
      case 'connection.timeout':
        return sessions.problem(connection, message)
      default:
    }
  }
}

function environment(endpoints: TestMail['endpoints'], prefix: string): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (!endpoint) continue
    const key = `${prefix}${name.toUpperCase()}`
    env[`${key}_HOST`] = endpoint.host
    env[`${key}_PORT`] = String(endpoint.port)
    env[`${key}_URL`] = endpoint.url
  }
  return env
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

async function* iterate(room: ReturnType<typeof createMailroom>): AsyncGenerator<TestMail['messages'][number]> {
  let last: TestMail['messages'][number] | null = null
  for (;;) {
    const since = last ?? 'start'
    const [message] = await room.wait(1, undefined, { since, timeout: 0x7fffffff })
    yield message
    last = message
  }
}
