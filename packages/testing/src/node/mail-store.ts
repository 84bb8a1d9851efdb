/** What IMAP and POP3 read. It is loaded for a test server that has one of them: one that only receives needs none of it. */
import { type DeliveryHandler, deliverTo } from '@posthouse/smtp'
import {
  createMemoryStore,
  Flag,
  isStoreError,
  type MemoryStore,
  type MemoryStoreOptions,
  mailboxPathKey,
  type Op,
} from '@posthouse/store-api'
import { TestMailError } from '../errors.js'
import type { DeliverOptions } from './deliver.js'

type PutOptions = DeliverOptions & { readonly at: Date }

export interface TestStore {
  readonly mail: MemoryStore
  /** Puts there what SMTP receives. */
  readonly delivery: DeliveryHandler
  /**
   * Puts octets into an account.
   * @throws TestMailError `missing` for a user that does not exist, `options` for a folder or flag that cannot be.
   */
  put(account: string, octets: Uint8Array, how: PutOptions): Promise<void>
  /** Removes all messages, as another client would: mailboxes stay, and who has one open is told. */
  empty(): Promise<void>
}

/** What a store is made of. */
export type MailStoreOptions = MemoryStoreOptions & { autoCreate(account: string): boolean }

/** ms that octets are there when nobody names them any more: a test server is cleared often. */
const KEPT = 60_000

export function createTestStore(options: MailStoreOptions): TestStore {
  const accounts = new Set<string>()
  function autoCreate(account: string): boolean {
    const may = options.autoCreate(account)
    if (may) accounts.add(account)
    return may
  }
  const mail = createMemoryStore({ leaseMs: KEPT, graceMs: KEPT, ...options, autoCreate })
  return {
    mail,
    delivery: deliverTo(mail),
    put: (account, octets, how) => putInto(mail, account, octets, how),
    async empty() {
      await Promise.all([...accounts].map((account) => emptyAccount(mail, account)))
    },
  }
}

async function emptyAccount(store: MemoryStore, account: string): Promise<void> {
  const opened = await store.open(account)
  const ops = (await opened.mailboxes()).flatMap(({ id, messages, uidNext }): Op[] =>
    messages === 0 ? [] : [{ op: 'expunge', in: id, uids: [[1, uidNext - 1]], onlyDeleted: false }],
  )
  if (ops.length > 0) await opened.commit?.(ops)
}

const FLAGS = new Map<string, number>(Object.entries(Flag).map(([name, bit]) => [`\\${name}`.toLowerCase(), bit]))

async function putInto(
  store: MemoryStore,
  account: string,
  octets: Uint8Array,
  { folder = 'INBOX', flags = [], at }: PutOptions,
): Promise<void> {
  // With what a summary needs the store would be there later.
  const { summarize } = await import('@posthouse/mime/summary')
  const opened = await store.open(account).catch((error) => {
    if (!isStoreError(error) || error.code !== 'nonexistent') throw error
    throw new TestMailError('missing', `the test server has no user ${account}; it was started with others`)
  })
  const path = folder.split('/')
  const key = mailboxPathKey(path)
  const mailbox = (await opened.mailboxes()).find((one) => mailboxPathKey(one.path) === key)
  const staged = await store.stage([octets])
  const append: Op = {
    op: 'append',
    to: mailbox?.id ?? { made: 0 },
    staged,
    ...summarize(octets),
    ...flagsOf(flags),
    internalDate: at.getTime(),
  }
  await opened.commit?.(mailbox ? [append] : [{ op: 'create', path }, append]).catch((cause) => {
    if (!isStoreError(cause)) throw cause
    throw new TestMailError('options', `deliver to ${folder}: ${cause.message}`, { cause })
  })
}

function flagsOf(flags: readonly string[]): { readonly flags: number; readonly keywords: readonly string[] } {
  let bits = 0
  const keywords: string[] = []
  for (const flag of flags) {
    const bit = FLAGS.get(flag.toLowerCase())
    if (bit !== undefined) bits |= bit
    else if (flag.startsWith('\\')) {
      throw new TestMailError('options', `there is no system flag ${flag}; there are ${[...FLAGS.keys()].join(' ')}`)
    } else keywords.push(flag)
  }
  return { flags: bits, keywords }
}
