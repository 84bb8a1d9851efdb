/**
 * A complete store in memory: for tests, development servers and as the model of what a store does. Nothing is on a
 * disk: what is "durable" here is as durable as the process.
 */
import { normaliseAddress } from '../address.js'
import { StoreError } from '../errors.js'
import { mailboxPathKey, normaliseMailboxPath } from '../mailbox-name.js'
import type {
  Delivery,
  DeliveryTarget,
  MailStore,
  OctetDelivery,
  Op,
  OpResult,
  Principal,
  Source,
  Staged,
} from '../types.js'
import { maxUid } from '../uid-set.js'
import { type AccountNumbers, type AccountState, addMailbox, createAccountState, metaKey } from './account.js'
import { createBlobs } from './blobs.js'
import { type CommitContext, runCommit } from './commit.js'
import { forgetGuest } from './forget-guest.js'
import { openAccount, type Watchers } from './handle.js'
import { forgetPast, rowsOf, trimVanished } from './mailbox.js'
import { type MemoryStoreOptions, memoryLimits } from './options.js'
import { seesAnything, viewerOf } from './rights.js'

export type { MemoryStoreOptions } from './options.js'

/** What `createMemoryStore` gives. */
export interface MemoryStore extends MailStore {
  resolve(address: string): Promise<string | null>
  stage(bytes: Source, hint?: { readonly size?: number }): Promise<Staged>
  deliver(delivery: Delivery): Promise<readonly (OpResult | Error)[]>
  deliverOctets(delivery: OctetDelivery): Promise<readonly (OpResult | Error)[]>
  /** Makes an account with an empty INBOX. One that is there already stays as it is. */
  addAccount(name: string): void
  /** Lets an address (compared as `normaliseAddress` does) resolve to an account, which is made when it is not there. */
  addAddress(address: string, account: string): void
  /**
   * Removes an account with its addresses and all that is in it. The name is free at once; who gets it next has nothing of
   * what others had shared with this one.
   */
  removeAccount(name: string): void
  /** Octets and messages that an account may hold; a limit that is absent is none. */
  setQuota(account: string, limit: { readonly bytes?: number; readonly messages?: number }): void
  sharedWith(as: Principal): Promise<readonly string[]>
  /**
   * Gives a principal, a group or `anyone` these rights (letters of RFC 4314; `''` takes them away) in all mailboxes that
   * the account has now, or in one of them: what an `acl` op does.
   */
  share(account: string, identifier: string, rights: string, path?: readonly string[]): void
  /** Lets the next message of a mailbox have this UID. It cannot go back. */
  setUidNext(account: string, path: readonly string[], uidNext: number): void
  /**
   * Makes a mailbox anew under its name, as a restore from a backup does: the same messages under another UIDVALIDITY,
   * with UIDs that begin one behind the first that there was. For sessions that have the mailbox open it is gone.
   * @throws StoreError `nonexistent`
   */
  renumber(account: string, path: readonly string[]): void
  /** Forgets what was expunged so far, as a store does whose log has grown too long. */
  trimVanished(account: string): void
  /** Frees the octets that nobody can read any more; returns how many blobs. Runs by itself with the deliveries. */
  collect(): number
  /** What is in the store now. */
  usage(): { readonly octets: number; readonly messages: number; readonly accounts: number; readonly watchers: number }
}

/** A store in the memory of this process, with every level of the interface. @example const store = createMemoryStore({ autoCreate: true }) */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const limits = memoryLimits(options)
  const accounts = new Map<string, AccountState>()
  const addresses = new Map<string, string>()
  /** Where the numbers of removed accounts end: an account that is made anew starts behind them (R8, RFC 8474 §4.1, §5.1). */
  const formers = new Map<string, AccountNumbers>()
  const watchers: Watchers = new Map()
  const blobs = createBlobs(limits)
  const totals = { messages: 0 }
  let closed = false

  const context: CommitContext = {
    blobs,
    limits,
    totals,
    changed(state, mailboxes, account) {
      for (const queue of watchers.get(state) ?? []) {
        if (account) queue.push({})
        for (const { id, modseq } of mailboxes) queue.push({ mailbox: id, modseq })
      }
    },
  }

  const mayCreate = (name: string) =>
    typeof options.autoCreate === 'function' ? options.autoCreate(name) : options.autoCreate === true

  const addAccount = (name: string) => {
    const state = accounts.get(name) ?? createAccountState(name, formers.get(name))
    accounts.set(name, state)
    return state
  }

  /** @throws StoreError `nonexistent` */
  const stateOf = (name: string) => {
    if (closed) throw new StoreError('unavailable', 'the store is closed')
    const state = accounts.get(name) ?? (mayCreate(name) ? addAccount(name) : undefined)
    if (!state) throw new StoreError('nonexistent', 'no such account')
    return state
  }

  const mailboxAt = (account: string, path: readonly string[]) => {
    const mailbox = stateOf(account).byPath.get(mailboxPathKey(normaliseMailboxPath(path)))
    if (!mailbox) throw new StoreError('nonexistent', 'no such mailbox')
    return mailbox
  }

  const asOwner = (state: AccountState, ops: readonly Op[]) =>
    runCommit(context, state, viewerOf(state, { principal: state.name }, 0), ops)

  const deliverTo = ({ staged, summary, header, thread }: Delivery, target: DeliveryTarget): OpResult => {
    const state = stateOf(target.account)
    const path = normaliseMailboxPath(target.path ?? ['INBOX'])
    const existing = state.byPath.get(mailboxPathKey(path))
    const append = {
      op: 'append',
      to: existing?.id ?? { made: 0 },
      staged,
      summary,
      flags: target.flags ?? 0,
      dedup: target.dedup,
      ...(header ? { header } : {}),
      ...(thread ? { thread } : {}),
      ...(target.prefix ? { prefix: target.prefix } : {}),
      ...(target.keywords ? { keywords: target.keywords } : {}),
    } as const
    const seenBefore = state.delivered.has(target.dedup)
    const ops =
      existing || seenBefore
        ? [{ ...append, to: existing?.id ?? inboxOf(state) }]
        : [{ op: 'create', path } as const, append]
    return asOwner(state, ops).results.at(-1)!
  }

  const deliverToAll = (delivery: Delivery): readonly (OpResult | Error)[] =>
    delivery.to.map((target) => {
      try {
        return deliverTo(delivery, target)
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error))
      }
    })

  return {
    async open(account, as) {
      return openAccount(context, watchers, stateOf(account), as ?? { principal: account })
    },
    async sharedWith(as) {
      const others = [...accounts.values()].filter(({ name }) => name !== as.principal)
      return others.filter((state) => seesAnything(state, as)).map(({ name }) => name)
    },
    async resolve(address) {
      const key = normaliseAddress(address)
      const known = key === null ? undefined : addresses.get(key)
      if (known !== undefined) return known
      if (options.resolve) return options.resolve(address)
      if (key === null) return null
      return accounts.has(key) || mayCreate(key) ? key : null
    },
    stage: (bytes, hint) => blobs.stage(bytes, hint),
    deliver: async (delivery) => deliverToAll(delivery),
    deliverOctets: async ({ octets, ...delivery }) => deliverToAll({ staged: await blobs.stage(octets), ...delivery }),
    close() {
      closed = true
    },
    addAccount(name) {
      addAccount(name)
    },
    addAddress(address, account) {
      const key = normaliseAddress(address)
      if (key === null) throw new StoreError('invalid', `not an address: ${address}`)
      addAccount(account)
      addresses.set(key, account)
    },
    removeAccount(name) {
      const state = accounts.get(name)
      if (!state) return
      accounts.delete(name)
      const { nextValidity, nextId, nextEmailId } = state
      formers.set(name, { nextValidity, nextId, nextEmailId })
      totals.messages -= state.messages
      for (const content of state.contents.values()) blobs.release(content.blob)
      // Whoever has it open finds no mailbox in it any more.
      state.mailboxes.clear()
      state.byPath.clear()
      for (const [address, account] of addresses) if (account === name) addresses.delete(address)
      for (const other of accounts.values()) forgetGuest(other, name)
      context.changed(state, [], true)
    },
    setQuota(account, limit) {
      const state = stateOf(account)
      delete state.limit.bytes
      delete state.limit.messages
      Object.assign(state.limit, limit)
    },
    share(account, identifier, rights, path) {
      const state = stateOf(account)
      const mailboxes = path ? [mailboxAt(account, path)] : [...state.mailboxes.values()]
      asOwner(
        state,
        mailboxes.map(({ id }) => ({ op: 'acl', in: id, identifier, mode: 'set', rights })),
      )
    },
    setUidNext(account, path, uidNext) {
      const mailbox = mailboxAt(account, path)
      mailbox.uidNext = Math.max(mailbox.uidNext, uidNext)
    },
    renumber(account, path) {
      const state = stateOf(account)
      const old = mailboxAt(account, path)
      const made = addMailbox(state, old.path, state.modseq)
      made.role = old.role
      made.uidNext = (rowsOf(old, undefined).next().value?.uid ?? 0) + 1
      for (const [identifier, rights] of old.acl) made.acl.set(identifier, rights)
      asOwner(state, [{ op: 'move', from: old.id, uids: [[1, maxUid]], to: made.id }])
      for (const [key, entry] of [...state.meta]) {
        if (entry.mailbox !== old.id) continue
        state.meta.delete(key)
        state.meta.set(metaKey(made.id, entry.principal, entry.key), { ...entry, mailbox: made.id })
      }
      state.mailboxes.delete(old.id)
      context.changed(state, [old, made], true)
    },
    trimVanished(account) {
      for (const mailbox of stateOf(account).mailboxes.values()) trimVanished(mailbox, -1)
    },
    collect() {
      const before = limits.clock() - limits.graceMs
      for (const { mailboxes } of accounts.values())
        for (const mailbox of mailboxes.values()) forgetPast(mailbox, before)
      return blobs.collect()
    },
    usage: () => ({
      octets: blobs.octets,
      messages: totals.messages,
      accounts: accounts.size,
      watchers: [...watchers.values()].reduce((sum, { size }) => sum + size, 0),
    }),
  }
}

function inboxOf(state: AccountState): string {
  return state.byPath.get('INBOX')!.id
}
