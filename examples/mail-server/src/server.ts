import { createHash, timingSafeEqual } from 'node:crypto'
import { createImapServer } from '@posthouse/imap'
import { verifyMail } from '@posthouse/mail-auth'
import { createPop3Server } from '@posthouse/pop3'
import { LOCAL, type Relay, relayRecipients, relayTo } from '@posthouse/relay'
import {
  createLmtpServer,
  createSmtpServer,
  deliverTo,
  dsnExtension,
  localRecipients,
  requireAuth,
  requireTlsExtension,
  type SmtpHandler,
  submissionRights,
} from '@posthouse/smtp'
import { fileSpool } from '@posthouse/smtp/node'
import { openSqliteStore, type SqliteStore } from '@posthouse/store-sqlite'
import type { Log, Protocol } from '@posthouse/wire'
import { createTlsIdentity, type Listening, listen } from '@posthouse/wire/node'
import { loadCertificate } from './certificate.js'
import { loadDkim, milters, openMailRelay, resolverOf } from './relay.js'
import { LISTENER_NAMES, type ListenerName, type Settings } from './settings.js'

/** A mail server that runs. */
export interface MailServer {
  /** The real ports; `null` for a listener that is off. */
  readonly ports: Readonly<Record<ListenerName, number | null>>
  /** Why no mail can be taken or read now; `null`: all is well. */
  problem(): Promise<string | null>
  /** Reads the certificate again; new connections get it. */
  reloadCertificate(): Promise<void>
  /** Open transactions finish, sockets close, the store closes. */
  close(): Promise<void>
}

/** Is told of each listener, and how to ask for its open connections. */
export type Observe = (listener: ListenerName, connections: () => number) => void

/** Assembles the whole server from the parts. */
export async function startMailServer(settings: Settings, log: Log, observe: Observe = () => {}): Promise<MailServer> {
  const store = await openSqliteStore({ path: settings.data })
  for (const { address } of settings.users) {
    await store.addAccount(address)
    await store.addAddress(address, address)
  }
  const tls = createTlsIdentity(await loadCertificate(settings))
  const { hostname } = settings
  const authenticate = passwordCheck(settings.users)
  // Passwords in clear text stay on this machine: bound to loopback they are fine, elsewhere TLS comes first.
  const login = { authenticate, allowInsecureAuth: 'loopback', hostname, log } as const
  const access = { ...login, store }

  const relay = settings.relay && (await openMailRelay(settings, settings.relay, store, log))
  const filters = milters(settings)
  const owns = ownership(store, relay)
  const dkim = await loadDkim(settings, owns)
  const here = localRecipients(store, { domains: settings.domains })
  const deliver = deliverTo(store)
  // Whoever announces DSN sends notices; the relay does. It takes what is not for users here.
  const recipients: readonly SmtpHandler[] = relay
    ? [dsnExtension(), requireTlsExtension(), relayRecipients(relay), here]
    : [here]
  const end = relay ? relayTo(relay, { local: deliver }) : deliver
  const check = settings.check === 'off' ? [] : [verifyMail({ policy: settings.check, ...resolverOf(settings) })]
  // A NUL harms nobody here and may be somebody's 8-bit data; bare CR and LF stay refused.
  const content = { nul: 'preserve' } as const
  const spool = fileSpool()
  const smtp = createSmtpServer({ hostname, log, content, spool, handlers: [...recipients, ...filters, ...check, end] })
  const submission = createSmtpServer({
    ...login,
    ...{ content, spool },
    handlers: [requireAuth(), submissionRights(owns), ...recipients, ...filters, ...dkim, end],
  })
  const lmtp = createLmtpServer({ hostname, log, content, handlers: [here, deliver] })
  // What came in goes out octet for octet, also to clients that never said that they can read it.
  const imap = createImapServer({ ...access, nul: 'preserve' })
  const pop3 = createPop3Server({ ...access, utf8Headers: 'as-stored' })

  const protocols: Record<ListenerName, { protocol: Protocol; implicitTls?: boolean }> = {
    smtp: { protocol: smtp },
    submission: { protocol: submission },
    lmtp: { protocol: lmtp },
    imap: { protocol: imap },
    pop3: { protocol: pop3 },
    submissions: { protocol: submission, implicitTls: true },
    imaps: { protocol: imap, implicitTls: true },
    pop3s: { protocol: pop3, implicitTls: true },
  }

  const listening: Listening[] = []
  const ports = {} as Record<ListenerName, number | null>

  let stopping = false
  async function close(): Promise<void> {
    stopping = true
    await Promise.all(listening.map((listener) => listener.close()))
    for (const filter of filters) filter.disconnect()
    await relay?.close()
    await store.close()
  }

  try {
    await relay?.start()
    for (const name of LISTENER_NAMES) {
      const port = settings.ports[name]
      ports[name] = null
      if (port === null) continue
      const { protocol, implicitTls = false } = protocols[name]
      const open = (at: number) => listen(protocol, { host: settings.host, port: at, tls, implicitTls, log })
      const listener = await open(port).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') throw error
        if (!settings.movable.has(name)) throw new Error(`port ${port} is in use (${name}); choose another one`)
        log({ level: 'warn', event: 'port.in-use', message: `port ${port} is in use; ${name} takes a free one` })
        return open(0)
      })
      listening.push(listener)
      observe(name, () => listener.connections)
      ports[name] = listener.port
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    ports,
    async problem() {
      if (stopping) return 'the server is stopping'
      const [user] = settings.users
      try {
        if (user) await (await store.open(user.address)).mailboxes()
        await relay?.status()
        return null
      } catch (error) {
        return `the store does not answer: ${(error as Error).message}`
      }
    },
    reloadCertificate: async () => tls.replace(await loadCertificate(settings)),
    close,
  }
}

/** Addresses that a user may send with: those whose mail comes to him, and to nobody outside. */
function ownership(store: SqliteStore, relay: Relay | null) {
  const owner = async (address: string): Promise<string | null> =>
    (await store.resolve(address)) ?? store.resolve(address.toLowerCase())
  return async (account: string, address: string): Promise<boolean> => {
    if ((await owner(address)) === account) return true
    if (!relay) return false
    const routing = await relay.route(address)
    if (routing.type === 'refused') return false
    const owners = routing.targets.map(({ destination, mailbox }) =>
      destination === LOCAL ? owner(mailbox.address) : null,
    )
    return (await Promise.all(owners)).includes(account)
  }
}

/** Compares in the same time whether or not the user exists, and wherever the passwords differ. */
function passwordCheck(users: Settings['users']) {
  const digests = new Map(users.map(({ address, password }) => [address, digest(password)]))
  const nobody = digest('')
  return (user: string, password: string): string | null => {
    const address = user.toLowerCase()
    const known = digests.get(address)
    const same = timingSafeEqual(digest(password), known ?? nobody)
    return same && known ? address : null
  }
}

function digest(password: string): Buffer {
  return createHash('sha256').update(password).digest()
}
