import { resolve } from 'node:path'
import {
  type Delivery,
  Flag,
  type MailStore,
  normaliseAddress,
  type OctetDelivery,
  type OpResult,
  type Principal,
  type Source,
  type Staged,
  StoreError,
} from '@posthouse/store-api'
import { checkNames, checkNumber, limitsOf, type SqliteLimits } from '../limits.js'
import type { VerifyReport } from '../read/requests.js'
import { filesOf, storeErrorOf } from '../sql/connection.js'
import { type Driver, type DriverName, loadDriver } from '../sql/driver.js'
import { CHUNK_BYTES } from '../sql/schema.js'
import { createTailMaker } from '../tail/write.js'
import type { Backend } from '../thread/backend.js'
import { errorOf } from '../thread/backend.js'
import { openInThread } from '../thread/in-thread.js'
import { openWorkers } from '../thread/workers.js'
import { guestOf } from '../viewer.js'
import type { QuotaLimit } from '../write/requests.js'
import type { ChangeNote } from '../write/state.js'
import { openAccount, type SqliteAccount } from './account.js'
import { backupTo } from './backup.js'
import { createHints } from './hints.js'
import { createIndexer, type FullTextOptions } from './indexer.js'
import { readOctets } from './octets.js'
import { imapText, summaryThreads } from './peers.js'
import { inOneChunk, stage } from './stage.js'

/** How a store is opened. */
export interface SqliteStoreOptions {
  /** A folder, made when missing; or a file that ends in `.db`, with the other files beside it. */
  readonly path: string
  /** Which SQLite binding, or one of your own (then with `threads: 0`). Default: the first that this Node has. */
  readonly driver?: DriverName | Driver
  /**
   * Reader threads beside the two writer threads. 0: everything in the calling thread, for scripts, tests and bundles
   * that hold no worker file. Default: 1.
   */
  readonly threads?: number
  /** Limits that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<SqliteLimits>
  /**
   * Keeps a full-text index in a third file, so that searches for text look at few messages. The file can be deleted
   * at any time; it is made again. `true`: the text that SEARCH looks at, found by `@posthouse/imap`, an optional peer.
   * Default: no index.
   */
  readonly fts?: boolean | FullTextOptions
  /**
   * Keeps together what belongs to one conversation (`threadId`, RFC 8474 §5.2), by the summaries of the messages that
   * come in from now on. Needs `@posthouse/mime`, an optional peer. Default: only what says its own `thread`.
   */
  readonly threadIds?: boolean
  /** Flag bits that principals other than the owner keep for themselves in shared mailboxes. Default: `Flag.Seen`. */
  readonly privateFlags?: number
  /** ms since the epoch; fractions are left out. Default: `Date.now`. */
  readonly clock?: () => number
  /** ms between two looks for work that nobody waits for (purging, collecting); 0: only by `maintain`. Default: 60 s. */
  readonly maintenanceInterval?: number
  /** ms between two looks for commits of other processes, while anybody watches. Default: 200. */
  readonly pollInterval?: number
}

/** The embedded store: durable before it answers. */
export interface SqliteStore extends MailStore {
  /** @throws StoreError `nonexistent` when there is no such account */
  open(account: string, as?: Principal): Promise<SqliteAccount>
  sharedWith(as: Principal): Promise<readonly string[]>
  resolve(address: string): Promise<string | null>
  stage(bytes: Source, hint?: { readonly size?: number }): Promise<Staged>
  deliver(delivery: Delivery): Promise<readonly (OpResult | Error)[]>
  deliverOctets(delivery: OctetDelivery): Promise<readonly (OpResult | Error)[]>
  /** Makes an account with its INBOX. One that exists keeps its mail and gets the limits, if any are given. */
  addAccount(name: string, limit?: QuotaLimit): Promise<void>
  /**
   * Removes an account with its mail, its addresses, and its rights, flags and annotations in other accounts. Its name is
   * free at once; what it held is purged in steps.
   * @throws StoreError `nonexistent`
   */
  removeAccount(name: string): Promise<void>
  /** Mail for the address goes into the account, whatever its case. @throws StoreError `nonexistent`, `invalid` */
  addAddress(address: string, account: string): Promise<void>
  /** Mail for the address is no longer taken. */
  removeAddress(address: string): Promise<void>
  /** Purges, collects and trims until there is nothing left to do now; when nobody has written meanwhile, empties the logs. */
  maintain(): Promise<void>
  /** Resolves when every message is in the full-text index; `anew` makes the index from nothing. Needs `fts`. */
  indexText(options?: { readonly anew?: boolean }): Promise<void>
  /** Counts everything again. An empty `problems` says that the store is sound. */
  verify(): Promise<VerifyReport>
  /**
   * Copies the store into an empty folder while it is in use; the copy is a store of its own. The first start with it gives
   * every mailbox a new UIDVALIDITY, so that nothing that came after the backup is taken for something else.
   */
  backup(folder: string): Promise<void>
  /** Waits for what was asked, then closes the files. A second call waits for the first. */
  close(): Promise<void>
}

/** All there are. A record, so that none is forgotten. */
const OPTIONS: Readonly<Record<keyof SqliteStoreOptions, 0>> = {
  path: 0,
  driver: 0,
  threads: 0,
  limits: 0,
  fts: 0,
  threadIds: 0,
  privateFlags: 0,
  clock: 0,
  maintenanceInterval: 0,
  pollInterval: 0,
}

/**
 * Opens a store and makes it when there is none.
 * @throws StoreError `unavailable`; `invalid` for options or limits that there are not, that are missing, or of another kind
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  checkNames('option', options, OPTIONS)
  if (typeof options.path !== 'string')
    throw new StoreError('invalid', 'openSqliteStore needs the option path, a folder')
  for (const name of ['threads', 'maintenanceInterval', 'pollInterval'] as const) checkNumber(name, options[name])
  const files = filesOf(resolve(options.path))
  const limits = limitsOf(options.limits)
  const privateFlags = options.privateFlags ?? Flag.Seen
  const now = options.clock ?? Date.now
  // The files hold whole milliseconds.
  const clock = () => Math.trunc(now())
  let publish: (notes: readonly ChangeNote[]) => void = () => undefined
  const driver = typeof options.driver === 'object' ? options.driver : loadDriver(options.driver)
  const backendOptions = { files, limits, clock, onNotes: (notes: readonly ChangeNote[]) => publish(notes) }
  const readers = options.threads ?? 1
  if (readers > 0 && typeof options.driver === 'object') {
    throw new StoreError(
      'invalid',
      'a binding of your own cannot be sent to other threads; open the store with threads: 0',
    )
  }
  const text = options.fts === true ? await imapText() : options.fts || undefined
  const findThread = options.threadIds ? await summaryThreads() : undefined
  const backend: Backend =
    readers === 0
      ? opened(() => openInThread(driver, backendOptions))
      : await openWorkers(driver.name as DriverName, backendOptions, readers)
  const hints = createHints({
    poll: (accounts, always) => backend.read<'poll'>({ type: 'poll', accounts, always }),
    interval: options.pollInterval ?? 200,
  })
  const indexer = text && createIndexer(backend, (blob) => readOctets(backend, files.tails, blob), text)
  /** Groups that changed something; how many at the last maintenance, and when the logs were emptied. */
  let commits = 0
  let looked = -1
  let tidied = -1
  publish = (notes) => {
    commits++
    hints.publish(notes)
    indexer?.wake()
  }
  if (indexer) await beginIndex(backend, files.search)
  indexer?.wake()
  const setup = { backend, tails: createTailMaker(files.tails), limits, clock }
  const take = (bytes: Source, hint?: { readonly size?: number }): Promise<Staged> => stage(setup, bytes, hint?.size)

  async function deliverFrom(
    from: string | Uint8Array,
    given: Omit<Delivery, 'staged'>,
  ): Promise<(OpResult | Error)[]> {
    const thread = given.thread ?? findThread?.(given.summary)
    const delivery = thread ? { ...given, thread } : given
    const results = await backend.write<'deliver'>({ type: 'deliver', delivery, from })
    return results.map((result) => ('code' in result ? errorOf(result) : result))
  }

  async function maintain(): Promise<void> {
    while (await backend.write<'maintain'>({ type: 'maintain' }));
    // Nothing since the last look: a good moment to empty the logs, which nobody waits for.
    if (commits === looked && tidied !== commits) {
      tidied = commits
      await backend.write<'idle'>({ type: 'idle' })
    }
    looked = commits
  }
  const interval = options.maintenanceInterval ?? 60_000
  const timer = interval > 0 ? setInterval(() => void maintain().catch(() => undefined), interval) : null
  timer?.unref()

  let closing: Promise<void> | null = null
  async function end(): Promise<void> {
    if (timer) clearInterval(timer)
    hints.close()
    await indexer?.close()
    await backend.close()
  }

  return {
    async open(name, as) {
      const guest = guestOf(name, as, privateFlags)
      const id = await backend.read<'open'>({ type: 'open', account: name, guest })
      if (id === null) throw new StoreError('nonexistent', 'there is no such account')
      return openAccount({
        backend,
        tails: files.tails,
        id,
        name,
        guest,
        clock,
        lease: limits.lease,
        stage: take,
        ...(findThread && { findThread }),
        ...(text?.fold && { fold: text.fold }),
        watch: (seen, signal) => hints.watch({ id, name }, seen, signal),
      })
    },
    async sharedWith(as) {
      const guest = { principal: as.principal, groups: as.groups ?? [], privateFlags }
      const names = await backend.read<'shared'>({ type: 'shared', guest })
      return names.filter((name) => name !== as.principal)
    },
    async resolve(address) {
      const key = normaliseAddress(address)
      return key === null ? null : await backend.read<'resolve'>({ type: 'resolve', address: key })
    },
    stage: take,
    deliver: ({ staged, ...given }) => deliverFrom(staged.blob, given),
    async deliverOctets({ octets, ...given }) {
      const size = octets.reduce((sum, piece) => sum + piece.byteLength, 0)
      // What needs more than one chunk streams to the disk.
      if (size > CHUNK_BYTES) return deliverFrom((await take(octets, { size })).blob, given)
      return deliverFrom(inOneChunk(setup, octets, size), given)
    },
    async addAccount(name, limit) {
      await backend.write<'account'>({ type: 'account', name, ...(limit && { limit }) })
    },
    async removeAccount(name) {
      await backend.write<'remove'>({ type: 'remove', name })
    },
    async addAddress(address, account) {
      await backend.write<'address'>({ type: 'address', address: addressKey(address), account })
    },
    async removeAddress(address) {
      await backend.write<'address'>({ type: 'address', address: addressKey(address), account: null })
    },
    maintain,
    async indexText({ anew = false } = {}) {
      if (!indexer) throw new StoreError('invalid', 'this store was opened without `fts`')
      await indexer.run(anew)
    },
    verify: () => backend.read<'verify'>({ type: 'verify' }),
    backup: (folder) => backupTo(backend, files, clock, folder),
    close: () => (closing ??= end()),
  }
}

function opened(open: () => Backend): Backend {
  try {
    return open()
  } catch (error) {
    throw storeErrorOf(error)
  }
}

/** A store that does not open holds nothing. */
async function beginIndex(backend: Backend, file: string): Promise<void> {
  try {
    await backend.write<'index'>({ type: 'index', anew: false, rows: [] })
  } catch (error) {
    await backend.close()
    const { code, message } = storeErrorOf(error)
    throw new StoreError(code, `the full-text index ${file}, which may be deleted, cannot be used: ${message}`, {
      cause: error,
    })
  }
}

function addressKey(address: string): string {
  const key = normaliseAddress(address)
  if (key === null) throw new StoreError('invalid', 'that is no mail address')
  return key
}
