import { StoreError } from '../errors.js'
import { INBOX, normalizePath, pathKey } from '../mailbox-name.js'
import type {
  Account,
  AppendOp,
  CommitResult,
  Delivery,
  MailboxInfo,
  MailStore,
  MessageRow,
  Op,
  OpResult,
  Source,
  Staged,
} from '../types.js'
import { EMPTY_UID_SET, uidSetUnion } from '../uid-set.js'
import { createHints } from './hints.js'
import { searchRows } from './search.js'
import type { Content, StoredAccount, StoredBlob, StoredMailbox, StoredMessage } from './state.js'
import { applyOps, type MemoryLimits, select } from './transaction.js'

/** How a memory store is made. Sizes in octets, times in ms. */
export interface MemoryStoreOptions {
  /** Octets of all messages of one account. Default: 1 GiB. */
  readonly accountBytes?: number
  /** Messages of one account. Default: 1,000,000. */
  readonly accountMessages?: number
  /** Octets of everything that is staged or stored. Default: 2 GiB. */
  readonly totalBytes?: number
  /** Keywords in use in one mailbox. Default: 100. */
  readonly keywords?: number
  /** Accounts spring up when they are opened or delivered to. Default: false. */
  readonly autoCreate?: boolean
  /** ms until a staged message that was not committed is forgotten. Default: one hour. */
  readonly lease?: number
  /** ms that the octets of an expunged message stay readable (R7). Default: 15 minutes. */
  readonly grace?: number
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
}

/** A store that lives as long as its process. Complete: every level of the interface. */
export interface MemoryStore extends Required<Omit<MailStore, 'close'>> {
  /** Makes an account with its INBOX; does nothing when there is one. */
  addAccount(account: string): void
  /** Lets an address deliver into an account. Compared without regard to case. */
  addAddress(address: string, account: string): void
  /** The names of all accounts. */
  accounts(): readonly string[]
}

const HOUR = 3_600_000
const PAGE = 500

/** Makes an empty store. */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const now = options.now ?? Date.now
  const lease = options.lease ?? HOUR
  const grace = options.grace ?? 15 * 60_000
  const totalBytes = options.totalBytes ?? 2 * 1024 ** 3
  const limits: MemoryLimits = {
    accountBytes: options.accountBytes ?? 1024 ** 3,
    accountMessages: options.accountMessages ?? 1_000_000,
    keywords: options.keywords ?? 100,
  }
  const accounts = new Map<string, StoredAccount>()
  const addresses = new Map<string, string>()
  const blobs = new Map<string, StoredBlob>()
  const hints = createHints()
  let nextBlob = 1
  let nextContent = 1
  let held = 0
  let nextCollection = 0

  function account(name: string): StoredAccount {
    const known = accounts.get(name)
    if (known) return known
    if (!options.autoCreate) throw new StoreError('nonexistent', 'there is no such account')
    return addAccount(name)
  }

  function addAccount(name: string): StoredAccount {
    const known = accounts.get(name)
    if (known) return known
    const made: StoredAccount = {
      name,
      modseq: 0,
      nextUidValidity: 1,
      nextId: 1,
      bytes: 0,
      messages: 0,
      mailboxes: new Map(),
      subscriptions: new Map(),
      delivered: new Map(),
      commits: new Map(),
      meta: new Map(),
    }
    accounts.set(name, made)
    commit(made, [{ op: 'create', path: INBOX }])
    return made
  }

  /** Forgets octets that nothing names and nobody may still read. Runs at most once in a tenth of the grace time. */
  function collect(): void {
    const time = now()
    if (time < nextCollection) return
    nextCollection = time + grace / 10
    for (const [id, blob] of blobs) {
      if (blob.references > 0 || blob.keepUntil > time) continue
      blobs.delete(id)
      held -= blob.size
    }
  }

  async function stage(bytes: Source): Promise<Staged> {
    collect()
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const piece of bytes) {
      size += piece.length
      if (held + size > totalBytes) throw new StoreError('unavailable', `the store holds ${totalBytes} octets at most`)
      // The producer may use its memory again.
      pieces.push(piece.slice())
    }
    const id = `m${nextBlob++}`
    const expires = now() + lease
    blobs.set(id, { pieces, size, references: 0, keepUntil: expires })
    held += size
    return { blob: id, size, expires }
  }

  function makeContent(op: AppendOp): Content {
    const blob = blobs.get(op.staged.blob)
    if (!blob || (blob.references === 0 && blob.keepUntil <= now())) {
      throw new StoreError('expired', 'the staged octets are gone; stage them again')
    }
    return {
      emailId: `e${nextContent++}`,
      blob: op.staged.blob,
      size: blob.size + (op.prefix?.length ?? 0),
      prefix: op.prefix?.slice(),
      summary: op.summary.slice(),
      header: op.header?.slice(),
    }
  }

  function commit(target: StoredAccount, ops: readonly Op[], key?: string): CommitResult {
    const repeated = key === undefined ? undefined : target.commits.get(key)
    if (repeated) return repeated
    const { results, touched } = applyOps(
      { account: target, limits, now: now(), rights: () => {}, makeContent, blobs, grace },
      ops,
    )
    const result: CommitResult = { modseq: target.modseq, results }
    if (key !== undefined) target.commits.set(key, result)
    for (const mailbox of touched) hints.publish(target.name, { mailbox, modseq: target.modseq })
    return result
  }

  function* readBlob(id: string, start: number, end: number): Generator<Uint8Array> {
    const blob = blobs.get(id)
    if (!blob) throw new StoreError('nonexistent', 'the octets of this message are gone')
    let at = 0
    for (const piece of blob.pieces) {
      const from = Math.max(0, start - at)
      const to = Math.min(piece.length, end - at)
      if (from < to) yield piece.subarray(from, to)
      at += piece.length
      if (at >= end) return
    }
  }

  function open(target: StoredAccount): Required<Omit<Account, 'close'>> {
    const mailboxOf = (id: string): StoredMailbox => {
      const mailbox = target.mailboxes.get(id)
      if (!mailbox) throw new StoreError('nonexistent', 'there is no such mailbox')
      return mailbox
    }
    return {
      mailboxes: async () => [...target.mailboxes.values()].map((mailbox) => info(target, mailbox)),
      *messages(mailbox, { uids, since = 0, want = [] }) {
        const rows: MessageRow[] = []
        for (const message of select(mailboxOf(mailbox), uids)) {
          if (message.modseq > since) rows.push(row(message, want.includes('summary'), want.includes('header')))
        }
        for (let at = 0; at < rows.length; at += PAGE) yield rows.slice(at, at + PAGE)
      },
      read: (blob, range) => readBlob(blob, range?.start ?? 0, range?.end ?? Number.POSITIVE_INFINITY),
      stage,
      commit: async (ops, key) => commit(target, ops, key),
      async vanished(mailbox, since) {
        let set = EMPTY_UID_SET
        for (const { modseq, uids } of mailboxOf(mailbox).gone) if (modseq > since) set = uidSetUnion(set, uids)
        return set
      },
      watch: (signal) => hints.subscribe(target.name, signal),
      uids: async (mailbox) => Uint32Array.from(mailboxOf(mailbox).messages.keys()),
      async search(mailbox, expr) {
        return mailbox === null ? null : searchRows(mailboxOf(mailbox), expr)
      },
      async summaries(rows) {
        const summaries = new Map(rows.map(({ emailId, summary }) => [emailId, summary]))
        for (const mailbox of target.mailboxes.values()) {
          for (const { content } of mailbox.messages.values()) {
            const summary = summaries.get(content.emailId)
            if (summary) content.summary = summary.slice()
          }
        }
      },
      quota: async () => [
        {
          root: '',
          used: { bytes: target.bytes, messages: target.messages },
          limit: { bytes: limits.accountBytes, messages: limits.accountMessages },
        },
      ],
      meta: async (mailbox, prefix) =>
        [...target.meta.values()].filter((entry) => entry.mailbox === mailbox && entry.key.startsWith(prefix)),
    }
  }

  function deliverOne(delivery: Delivery, to: Delivery['to'][number]): OpResult {
    const target = account(to.account)
    const path = normalizePath(to.path ?? INBOX)
    const key = pathKey(path)
    const existing = [...target.mailboxes.values()].find((mailbox) => pathKey(mailbox.path) === key)
    const append: AppendOp = {
      op: 'append',
      to: existing?.id ?? { made: 0 },
      staged: delivery.staged,
      summary: delivery.summary,
      flags: to.flags ?? 0,
      dedup: to.dedup,
      ...(delivery.header && { header: delivery.header }),
      ...(to.prefix && { prefix: to.prefix }),
      ...(to.keywords && { keywords: to.keywords }),
    }
    const { results } = commit(target, existing ? [append] : [{ op: 'create', path }, append])
    return results[results.length - 1]
  }

  return {
    addAccount: (name) => void addAccount(name),
    addAddress: (address, name) => void addresses.set(address.toLowerCase(), name),
    accounts: () => [...accounts.keys()],
    open: async (name) => open(account(name)),
    async resolve(address) {
      const key = address.toLowerCase()
      return addresses.get(key) ?? (accounts.has(key) || options.autoCreate ? key : null)
    },
    stage,
    deliver: async (delivery) =>
      delivery.to.map((to) => {
        try {
          return deliverOne(delivery, to)
        } catch (error) {
          return error instanceof Error ? error : new StoreError('unavailable', String(error))
        }
      }),
  }
}

function info(account: StoredAccount, mailbox: StoredMailbox): MailboxInfo {
  return {
    id: mailbox.id,
    path: mailbox.path,
    uidValidity: mailbox.uidValidity,
    uidNext: mailbox.uidNext,
    modseq: mailbox.modseq,
    messages: mailbox.messages.size,
    unseen: mailbox.unseen,
    deleted: mailbox.deleted,
    bytes: mailbox.bytes,
    subscribed: account.subscriptions.has(pathKey(mailbox.path)),
    keywords: [...mailbox.keywords.values()],
    ...(mailbox.role !== undefined && { role: mailbox.role }),
    ...(mailbox.noSelect && { noSelect: true }),
  }
}

function row(message: StoredMessage, summary: boolean, header: boolean): MessageRow {
  const { content } = message
  return {
    uid: message.uid,
    modseq: message.modseq,
    flags: message.flags,
    keywords: message.keywords,
    size: content.size,
    internalDate: message.internalDate,
    saveDate: message.saveDate,
    emailId: content.emailId,
    blob: content.blob,
    ...(content.prefix && { prefix: content.prefix }),
    ...(summary && { summary: content.summary }),
    ...(header && content.header && { header: content.header }),
  }
}
