import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImapServer, type ImapServerOptions } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { summarize } from '@posthouse/mime/summary'
import {
  type Account,
  type AppendOp,
  collectBytes,
  collectRows,
  createMemoryStore,
  Flag,
  type MailboxInfo,
  type MailStore,
  type MessageRow,
  type UidSet,
} from '@posthouse/store-api'
import { openSqliteStore, type SqliteStore } from '@posthouse/store-sqlite'
import { afterAll } from 'vitest'
import { testCertificate } from './certificate.js'

/** Stores that every client is tried with. */
export const STORES = ['memory', 'sqlite'] as const
export type StoreKind = (typeof STORES)[number]

/** A message as it lies in the store. */
export interface Stored {
  readonly uid: number
  /** System flags and keywords, sorted. */
  readonly flags: readonly string[]
  readonly octets: Buffer
  readonly internalDate: number
}

/** A server of ours with one user, `alice` / `secret`, and a hand in its store. */
export interface ClientServer {
  /** Clear text, with STARTTLS. */
  readonly imap: number
  /** TLS from the first octet. */
  readonly imaps: number
  /** A PEM file with the certificate of `localhost`. */
  readonly certificate: string
  /** A folder for what the client keeps; removed at the end. */
  readonly folder: string
  /** The store's own view of the account: what it does here is what another client has done. */
  readonly account: Required<Account>
  /** A mailbox by its path; made when it is not there. */
  mailbox(...path: string[]): Promise<MailboxInfo>
  deliver(octets: string | Uint8Array, flags?: readonly string[], ...path: string[]): Promise<void>
  /** Many messages into INBOX, in one commit. */
  fill(messages: readonly string[], flags?: (index: number) => readonly string[]): Promise<void>
  setFlags(path: readonly string[], uid: number, flags: readonly string[]): Promise<void>
  expunge(path: readonly string[], uid: number): Promise<void>
  /** Waits until a mailbox holds what fits; looks again whenever the store has changed. */
  until(fits: (stored: readonly Stored[]) => boolean, ...path: string[]): Promise<void>
  /** What a mailbox holds. */
  stored(...path: string[]): Promise<readonly Stored[]>
  stop(): Promise<void>
}

const NAMES: readonly (readonly [string, number])[] = [
  ['\\Answered', Flag.Answered],
  ['\\Deleted', Flag.Deleted],
  ['\\Draft', Flag.Draft],
  ['\\Flagged', Flag.Flagged],
  ['\\Seen', Flag.Seen],
]

/** The text of system flags and keywords, sorted. */
function namesOf({ flags, keywords = [] }: Pick<MessageRow, 'flags' | 'keywords'>): string[] {
  return [...NAMES.filter(([, bit]) => flags & bit).map(([name]) => name), ...keywords].sort()
}

function flagsOf(names: readonly string[]): { readonly flags: number; readonly keywords: string[] } {
  const known = new Map(NAMES)
  return {
    flags: names.reduce((bits, name) => bits | (known.get(name) ?? 0), 0),
    keywords: names.filter((name) => !known.has(name)),
  }
}

export async function startServer(kind: StoreKind, options: Partial<ImapServerOptions> = {}): Promise<ClientServer> {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-client-'))
  const { store, name } = await openAccount(kind)
  const account = (await store.open(name)) as Required<Account>
  const tls = testCertificate(folder)
  const server = createImapServer({
    store,
    authenticate: (user, password) => (user === 'alice' && password === 'secret' ? name : null),
    hostname: 'localhost',
    ...options,
  })
  const at = { host: '127.0.0.1', port: 0, tls }
  const [plain, encrypted] = [await listen(server, at), await listen(server, { ...at, implicitTls: true })]

  async function find(path: readonly string[]): Promise<MailboxInfo | undefined> {
    return (await account.mailboxes()).find((one) => one.path.join('/') === path.join('/'))
  }

  async function mailbox(...path: string[]): Promise<MailboxInfo> {
    const known = await find(path)
    if (known) return known
    await account.commit([{ op: 'create', path }])
    return (await find(path)) as MailboxInfo
  }

  async function append(octets: string | Uint8Array, flags: readonly string[], to: string): Promise<AppendOp> {
    const bytes = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets
    const { summary, header } = summarize(bytes)
    return { op: 'append', to, staged: await account.stage([bytes]), summary, header, ...flagsOf(flags) }
  }

  async function stored(...path: string[]): Promise<readonly Stored[]> {
    const found = await find(path)
    if (!found) return []
    const rows = await collectRows(account.messages(found.id, {}))
    return Promise.all(
      rows.map(async (row) => ({
        uid: row.uid,
        flags: namesOf(row),
        octets: Buffer.concat([row.prefix ?? new Uint8Array(0), await collectBytes(account.read(row.blob))]),
        internalDate: row.internalDate,
      })),
    )
  }

  const only = (uid: number): UidSet => [[uid, uid]]
  return {
    imap: plain.port,
    imaps: encrypted.port,
    certificate: join(folder, 'cert.pem'),
    folder,
    account,
    mailbox,
    async deliver(octets, flags = [], ...path) {
      const { id } = await mailbox(...(path.length > 0 ? path : ['INBOX']))
      await account.commit([await append(octets, flags, id)])
    },
    async fill(messages, flags = () => []) {
      const { id } = await mailbox('INBOX')
      await account.commit(await Promise.all(messages.map((octets, i) => append(octets, flags(i), id))))
    },
    async setFlags(path, uid, flags) {
      const { id } = await mailbox(...path)
      await account.commit([{ op: 'flags', in: id, uids: only(uid), mode: 'set', ...flagsOf(flags) }])
    },
    async expunge(path, uid) {
      const { id } = await mailbox(...path)
      await account.commit([{ op: 'expunge', in: id, uids: only(uid), onlyDeleted: false }])
    },
    async until(fits, ...path) {
      const controller = new AbortController()
      const hints = account.watch(controller.signal)[Symbol.asyncIterator]()
      while (!fits(await stored(...path))) await hints.next()
      controller.abort()
    },
    stored,
    async stop() {
      await Promise.all([plain.close({ force: true }), encrypted.close({ force: true })])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** SQLite's threads take a while to start: the tests of a file have one store, and an account each. */
let sqlite: Promise<SqliteStore> | undefined
let accounts = 0
const data = join(tmpdir(), `posthouse-clients-${process.pid}`)
afterAll(async () => {
  await (await sqlite)?.close()
  rmSync(data, { recursive: true, force: true })
})

/** An account that nobody has used. */
async function openAccount(kind: StoreKind): Promise<{ readonly store: MailStore; readonly name: string }> {
  const name = `alice${++accounts}`
  if (kind === 'memory') {
    const store = createMemoryStore()
    store.addAccount(name)
    return { store, name }
  }
  sqlite ??= openSqliteStore({ path: data })
  const store = await sqlite
  await store.addAccount(name)
  return { store, name }
}
