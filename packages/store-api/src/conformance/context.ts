/** What a check's body works with: an open account and the few moves that all checks make. */
import { collectBytes, collectRows } from '../adapter.js'
import { uidsOfRows } from '../fallbacks.js'
import type {
  Account,
  AppendOp,
  CommitResult,
  MailboxId,
  MailboxInfo,
  MailStore,
  MessageQuery,
  MessageRow,
  Op,
  OpResult,
  Staged,
  UidSet,
  Writer,
} from '../types.js'
import { expect, fail, Skip } from './failure.js'
import type { StoreKit, TestStore } from './kit.js'

export type OpenAccount = Account & Writer

export interface AppendOptions extends Partial<Omit<AppendOp, 'op' | 'to' | 'staged'>> {
  readonly to?: AppendOp['to']
  readonly on?: OpenAccount
  /** Appends all of them in one commit. */
  readonly times?: number
}

export interface CheckContext {
  readonly test: TestStore
  readonly account: OpenAccount
  /** The first number in a quick run, the second in a full one. */
  readonly scaled: (quick: number, full: number) => number
  readonly patience: number
  /** A hook that has to be there, or the check is skipped. */
  need<K extends keyof TestStore>(hook: K): NonNullable<TestStore[K]>
  /** A method that has to be there, or the check is skipped. */
  method<K extends keyof Account>(name: K): NonNullable<Account[K]>
  /** The account as one that can be written to, or the check is skipped. */
  writer(): OpenAccount
  /** Leaves the check out. */
  skip(reason: string): never
  /** Run when the check is over, however it ends. */
  atEnd(step: () => void): void
  openOn(store: MailStore, account?: string): Promise<OpenAccount>
  /** Another handle on the account: of `second` when there is one. */
  another(): Promise<OpenAccount>
  inbox(on?: Account): Promise<MailboxInfo>
  info(mailbox: MailboxId, on?: Account): Promise<MailboxInfo>
  create(path: string | readonly string[], role?: string): Promise<MailboxInfo>
  /** Gives rights in a mailbox, INBOX by default; skipped when the store has no access lists. */
  share(identifier: string, rights: string, mailbox?: MailboxId): Promise<void>
  /** The account as another principal sees it. */
  as(principal: string, groups?: readonly string[], store?: MailStore): Promise<OpenAccount>
  stage(octets: string | Uint8Array, on?: OpenAccount): Promise<Staged>
  append(octets: string | Uint8Array, options?: AppendOptions): Promise<readonly number[]>
  commit(...ops: Op[]): Promise<CommitResult>
  one(op: Op, on?: OpenAccount): Promise<OpResult>
  rows(mailbox: MailboxId, query?: MessageQuery, on?: Account): Promise<MessageRow[]>
  uids(mailbox: MailboxId, on?: Account): Promise<number[]>
  octets(row: MessageRow, on?: Account): Promise<Uint8Array>
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** A small message whose octets differ by its name. */
export const mail = (name: string): string => `Subject: ${name}\r\n\r\n${name}\r\n`

export const summary = text('summary')

/** `ending` takes the steps that `atEnd` is given. */
export async function createContext(kit: StoreKit, test: TestStore, ending: (() => void)[]): Promise<CheckContext> {
  const opened = await test.store.open(test.account)
  const account = opened as OpenAccount
  const seconds: MailStore[] = []

  const context: CheckContext = {
    test,
    account,
    scaled: (quick, full) => (kit.scale === 'full' ? full : quick),
    patience: kit.patience ?? 1,
    need(hook) {
      const value = test[hook]
      if (value === undefined) throw new Skip(`needs the hook "${hook}"`)
      return value as NonNullable<typeof value>
    },
    method(name) {
      const method = account[name]
      if (method === undefined) {
        throw new Skip(name === 'stage' || name === 'commit' ? 'the store is read-only' : `the store has no "${name}"`)
      }
      return (method as (...args: unknown[]) => unknown).bind(account) as NonNullable<typeof method>
    },
    writer() {
      requireWriter(account)
      return account
    },
    skip(reason) {
      throw new Skip(reason)
    },
    atEnd: (step) => void ending.push(step),
    openOn: async (store, name = test.account) => (await store.open(name)) as OpenAccount,
    async another() {
      if (seconds.length === 0 && test.second) seconds.push(await test.second())
      return context.openOn(seconds[0] ?? test.store)
    },
    async inbox(on = account) {
      const found = (await on.mailboxes()).find(({ path }) => path.length === 1 && path[0] === 'INBOX')
      return found ?? fail('mailboxes() has no INBOX')
    },
    async info(mailbox, on = account) {
      const found = (await on.mailboxes()).find(({ id }) => id === mailbox)
      return found ?? fail(`mailboxes() does not have the mailbox ${mailbox}`)
    },
    async create(path, role) {
      const segments = typeof path === 'string' ? [path] : path
      const { mailbox } = await context.one({ op: 'create', path: segments, ...(role === undefined ? {} : { role }) })
      expect(mailbox !== undefined, 'the result of create has no mailbox id')
      return context.info(mailbox)
    },
    async share(identifier, rights, mailbox) {
      context.method('acl')
      const id = mailbox ?? (await context.inbox()).id
      await context.one({ op: 'acl', in: id, identifier, mode: 'set', rights })
    },
    as: async (principal, groups = [], store = test.store) =>
      (await store.open(test.account, { principal, groups })) as OpenAccount,
    stage(octets, on = account) {
      requireWriter(on)
      return on.stage([typeof octets === 'string' ? text(octets) : octets])
    },
    async append(octets, { to, on = account, times = 1, ...rest } = {}) {
      const staged = await context.stage(octets, on)
      const target = to ?? (await context.inbox(on)).id
      const op: Op = { flags: 0, summary, ...rest, op: 'append', to: target, staged }
      const { results } = await on.commit(Array.from({ length: times }, () => op))
      return results.map(({ uids }) => uids?.[0]?.[0] ?? fail('the result of append has no UID'))
    },
    commit(...ops) {
      requireWriter(account)
      return account.commit(ops)
    },
    async one(op, on = account) {
      requireWriter(on)
      const { results } = await on.commit([op])
      return results[0] ?? fail('commit answered one op with no result')
    },
    rows: (mailbox, query = {}, on = account) => collectRows(on.messages(mailbox, query)),
    uids: async (mailbox, on = account) => (await context.rows(mailbox, {}, on)).map(({ uid }) => uid),
    async octets(row, on = account) {
      const blob = await collectBytes(on.read(row.blob))
      return row.prefix ? concat(row.prefix, blob) : blob
    },
  }
  return context
}

function requireWriter(account: Account): void {
  if (!account.stage || !account.commit) throw new Skip('the store is read-only')
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}

/** Counters against the rows themselves. */
export async function expectRecount(t: CheckContext, mailbox: MailboxId, on?: Account): Promise<void> {
  const info = await t.info(mailbox, on)
  const rows = await t.rows(mailbox, {}, on)
  const count = (test: (row: MessageRow) => boolean) => rows.filter(test).length
  const { messages, unseen } = info
  const recount = { messages: rows.length, unseen: count(({ flags }) => (flags & 1) === 0) }
  expectSame({ messages, unseen }, recount, 'counters')
  if (info.deleted !== undefined) {
    expectSame(
      info.deleted,
      count(({ flags }) => (flags & 8) !== 0),
      'deleted',
    )
  }
  if (info.bytes !== undefined)
    expectSame(
      info.bytes,
      rows.reduce((sum, { size }) => sum + size, 0),
      'bytes',
    )
  const highest = rows.reduce((max, { uid }) => Math.max(max, uid), 0)
  expect(info.uidNext > highest, `uidNext ${info.uidNext} is not above UID ${highest}`)
}

function expectSame(actual: unknown, recount: unknown, what: string): void {
  const a = JSON.stringify(actual)
  const b = JSON.stringify(recount)
  expect(a === b, `${what}: mailboxes() says ${a}, its rows say ${b}`)
}

/** Runs something and says how long it took, in milliseconds. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** A time limit, stretched by the kit's patience; none when that is 0. */
export function expectWithin(t: CheckContext, ms: number, limitMs: number, what: string): void {
  if (t.patience === 0) return
  expect(ms <= limitMs * t.patience, `${what} took ${Math.round(ms)} ms; the limit is ${limitMs * t.patience} ms`)
}

/** Lets everything else that is ready run. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}

export const setOf = (uids: readonly number[]): UidSet => uidsOfRows(uids.map((uid) => ({ uid })))
