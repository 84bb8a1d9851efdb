/** Stores made of stores. */
import { StoreError } from './errors.js'
import { deliverTo, usageOf, writerOf } from './fallbacks.js'
import {
  type Account,
  type CommitResult,
  Flag,
  type MailboxId,
  type MailStore,
  type Op,
  type Principal,
  type QuotaRoot,
  type Uid,
  type UidSet,
} from './types.js'
import { addUid, allUids, noUids, uidSetSubtract, uidSetUnion } from './uid-set.js'

/** The same store without anything that writes: protocol servers see that and offer it read-only. */
export function readOnly(store: MailStore): MailStore {
  return {
    ...(store.resolve ? { resolve: (address: string) => store.resolve!(address) } : {}),
    ...(store.sharedWith ? { sharedWith: (as: Principal) => store.sharedWith!(as) } : {}),
    ...(store.close ? { close: () => store.close!() } : {}),
    async open(name, as) {
      const account = delegate(await store.open(name, as), {})
      delete account.stage
      delete account.commit
      delete account.summaries
      delete account.restage
      return account
    },
  }
}

/** An account whose methods are those of another, bound to it, with some replaced. */
function delegate(account: Account, replaced: Partial<Account>): Account {
  const methods = ['mailboxes', 'messages', 'read', 'stage', 'commit', 'vanished', 'watch', 'uids', 'expunged'] as const
  const more = ['search', 'summaries', 'quota', 'subscriptions', 'acl', 'restage', 'meta', 'close'] as const
  const bound: Record<string, unknown> = {}
  for (const name of [...methods, ...more]) {
    const method = account[name] as ((...args: unknown[]) => unknown) | undefined
    if (method) bound[name] = method.bind(account)
  }
  return { ...(bound as unknown as Account), ...replaced }
}

/**
 * A quota for a store that knows none. A commit that would take the account over its limit is refused with
 * `overquota`; what it expunges or drops makes room for what it appends or copies. The sums are taken before each adding
 * commit, one commit after the other within this process; other processes that write at the same time may together pass the
 * limit by what they write.
 */
export function withQuota(
  store: MailStore,
  limitOf: (account: string) => QuotaRoot['limit'] | Promise<QuotaRoot['limit']>,
): MailStore {
  const queues = new Map<string, Promise<unknown>>()

  /** Runs after what is queued for the account. */
  function inTurn<T>(account: string, run: () => Promise<T>): Promise<T> {
    const turn = (queues.get(account) ?? Promise.resolve()).then(run, run)
    queues.set(account, turn)
    const done = () => {
      if (queues.get(account) === turn) queues.delete(account)
    }
    turn.then(done, done)
    return turn
  }

  const wrapped: MailStore = {
    ...(store.resolve ? { resolve: (address: string) => store.resolve!(address) } : {}),
    ...(store.sharedWith ? { sharedWith: (as: Principal) => store.sharedWith!(as) } : {}),
    ...(store.stage ? { stage: (...args: Parameters<NonNullable<MailStore['stage']>>) => store.stage!(...args) } : {}),
    ...(store.close ? { close: () => store.close!() } : {}),
    async open(name, as) {
      const account = await store.open(name, as)
      const commit = async (ops: readonly Op[], key?: string): Promise<CommitResult> => {
        const writer = writerOf(account)
        if (!ops.some((op) => op.op === 'append' || op.op === 'copy')) return writer.commit(ops, key)
        return inTurn(name, async () => {
          await checkRoom(account, ops, await limitOf(name))
          return writer.commit(ops, key)
        })
      }
      const quota = async () => [{ root: '', used: await usageOf(account), limit: await limitOf(name) }]
      return delegate(account, account.commit ? { commit, quota } : { quota })
    },
  }
  if (store.deliver) wrapped.deliver = (delivery) => deliverTo({ open: wrapped.open }, delivery)
  return wrapped
}

/**
 * What an expunge or a drop of the same commit takes away makes room for what it adds (REPLACE, RFC 8508), in either order; it
 * is counted only where there is no room without. A commit that adds nothing in sum is never refused: an account over its
 * limit may be cleaned up.
 * @throws StoreError `overquota`
 */
async function checkRoom(account: Account, ops: readonly Op[], limit: QuotaRoot['limit']): Promise<void> {
  const used = await usageOf(account)
  const added = { bytes: 0, messages: 0 }
  const isOver = (name: 'bytes' | 'messages') =>
    added[name] > 0 && used[name] + added[name] > (limit[name] ?? Number.POSITIVE_INFINITY)
  const count = async (mailbox: MailboxId, uids: UidSet, sign: 1 | -1, flag = 0): Promise<UidSet> => {
    const found: [Uid, Uid][] = []
    for await (const page of account.messages(mailbox, { uids, light: true })) {
      for (const { uid, size, flags } of page) {
        if ((flags & flag) !== flag) continue
        addUid(found, uid)
        added.messages += sign
        added.bytes += sign * size
      }
    }
    return found
  }
  for (const op of ops) {
    if (op.op === 'append') {
      added.bytes += op.staged.size + (op.prefix?.length ?? 0)
      added.messages++
    } else if (op.op === 'copy') await count(op.from, op.uids, 1)
  }
  if (!isOver('bytes') && !isOver('messages')) return
  /** Each counts once, however often it is named. */
  const gone = new Map<MailboxId, UidSet>()
  for (const op of ops) {
    if (op.op !== 'expunge' && op.op !== 'drop') continue
    const mailbox = op.op === 'drop' ? op.id : op.in
    const { uids = allUids, onlyDeleted = false } = op.op === 'drop' ? {} : op
    const before = gone.get(mailbox) ?? noUids
    const found = await count(mailbox, uidSetSubtract(uids, before), -1, onlyDeleted ? Flag.Deleted : 0)
    gone.set(mailbox, uidSetUnion(before, found))
  }
  if (isOver('bytes')) throw new StoreError('overquota', `the account may hold ${limit.bytes} octets`)
  if (isOver('messages')) throw new StoreError('overquota', `the account may hold ${limit.messages} messages`)
}
