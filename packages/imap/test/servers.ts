import { summarize } from '@posthouse/mime/summary'
import { type Account, createMemoryStore, type MemoryStore, writerOf } from '@posthouse/store-api'
import { fromUtf8 } from '@posthouse/wire'
import { createImapServer, type ImapServer, type ImapServerOptions } from '../src/index.js'

/** A server over a store in memory with the accounts `alice` and `bob`, both with the password `secret`. */
export interface TestServer {
  readonly server: ImapServer
  readonly store: MemoryStore
  /** Puts messages into a mailbox (made when it is missing) of an account. */
  deliver(text: string, options?: DeliverOptions): Promise<void>
  account(name?: string): Promise<Account>
}

/** A server over the same store, with accounts that do some things in another way. */
export function serverOver(
  made: TestServer,
  change: (account: Account) => Partial<Account>,
  options: Partial<ImapServerOptions> = {},
): ImapServer {
  return testServer({
    ...options,
    store: {
      async open(name, as) {
        const account = await made.store.open(name, as)
        return { ...account, ...change(account) }
      },
    },
  }).server
}

export interface DeliverOptions {
  readonly account?: string
  readonly path?: readonly string[]
  readonly flags?: number
  readonly keywords?: readonly string[]
  readonly prefix?: string
  readonly internalDate?: number
}

/** 2026-01-01T00:00:00Z */
export const NEW_YEAR = Date.UTC(2026, 0, 1)

export function testServer(options: Partial<ImapServerOptions> = {}): TestServer {
  const store = createMemoryStore({ clock: () => NEW_YEAR })
  for (const name of ['alice', 'bob']) store.addAccount(name)
  const server = createImapServer({
    hostname: 'imap.example.org',
    store,
    authenticate: (user, password) => (password === 'secret' ? user : null),
    allowInsecureAuth: true,
    ...options,
    limits: { authFailureDelay: 0, ...options.limits },
  })
  return {
    server,
    store,
    account: (name = 'alice') => store.open(name),
    async deliver(text, { account = 'alice', path = ['INBOX'], flags = 0, keywords, prefix, internalDate } = {}) {
      const open = await store.open(account)
      const { stage, commit } = writerOf(open)
      const bytes = fromUtf8(text)
      const staged = await stage([bytes])
      const { summary, header } = summarize(bytes)
      const key = path.join('/')
      let target = (await open.mailboxes()).find((one) => one.path.join('/') === key)?.id
      target ??= (await commit([{ op: 'create', path }])).results[0]?.mailbox
      await commit([
        {
          op: 'append',
          to: target as string,
          staged,
          summary,
          header,
          flags,
          ...(keywords && { keywords }),
          ...(prefix !== undefined && { prefix: fromUtf8(prefix) }),
          ...(internalDate !== undefined && { internalDate }),
        },
      ])
    },
  }
}

/** Lines with CRLF. */
export function message(...lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join('')
}

export const HELLO = message(
  'From: Alice <alice@example.org>',
  'To: bob@example.net',
  'Subject: Hello',
  'Date: Wed, 17 Jul 1996 02:23:25 -0700',
  'Message-ID: <1@example.org>',
  '',
  'Hello Bob.',
)
