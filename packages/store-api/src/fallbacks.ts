/**
 * One function for each optional method: it calls the store's own when there is one and does without when not.
 * Protocol code calls these and never asks what a store has.
 */
import { StoreError } from './errors.js'
import { mailboxPathKey, normaliseMailboxPath } from './mailbox-name.js'
import { allRights } from './rights.js'
import type {
  Account,
  AclEntry,
  Delivery,
  DeliveryTarget,
  MailboxId,
  MailStore,
  MessageQuery,
  MessageRow,
  MetaEntry,
  ModSeq,
  Op,
  OpResult,
  Principal,
  QuotaRoot,
  SearchExpr,
  Source,
  Staged,
  UidSet,
  Writer,
} from './types.js'
import { addUid, uidSetFromSorted, uidSetIntersect, uidSetSubtract } from './uid-set.js'

/** The two methods of a writable account. @throws StoreError `readonly` */
export function writerOf(account: Account): Writer {
  const { stage, commit } = account
  if (!stage || !commit) throw new StoreError('readonly', 'this account can only be read')
  return { stage: stage.bind(account), commit: commit.bind(account) }
}

/** True when the account takes new messages. */
export function isWritable(account: Account): boolean {
  return account.stage !== undefined && account.commit !== undefined
}

/** All UIDs of a mailbox, ascending. Without `uids`: from the rows. */
export async function uidsOf(account: Account, mailbox: MailboxId): Promise<Uint32Array> {
  if (account.uids) return account.uids(mailbox)
  const uids: number[] = []
  for await (const page of account.messages(mailbox, { light: true })) for (const row of page) uids.push(row.uid)
  return Uint32Array.from(uids)
}

/**
 * Which of the `known` UIDs were expunged after `since`. Without a log, or when it has been trimmed: those that are
 * not there any more, which is a correct answer at any time (RFC 7162 §3.2.10.2), only a longer one.
 */
export async function vanishedOf(
  account: Account,
  mailbox: MailboxId,
  query: { readonly since: ModSeq; readonly known: UidSet },
): Promise<UidSet> {
  const logged = await account.vanished?.(mailbox, query.since)
  if (logged) return uidSetIntersect(logged, query.known)
  return uidSetSubtract(query.known, uidSetFromSorted(await uidsOf(account, mailbox)))
}

/** Rows of messages that are gone since not long ago. Without `expunged`: none. */
export async function* expungedOf(
  account: Account,
  mailbox: MailboxId,
  query: Pick<MessageQuery, 'uids' | 'want'>,
): AsyncGenerator<readonly MessageRow[], void, undefined> {
  if (account.expunged) yield* account.expunged(mailbox, query)
}

/** What the store's search says; `null` when it cannot help and every row has to be tested. */
export async function searchOf(
  account: Account,
  mailbox: MailboxId | null,
  expr: SearchExpr,
): Promise<{ uids: UidSet; rest: SearchExpr | null } | null> {
  return (await account.search?.(mailbox, expr)) ?? null
}

/** Quota roots. Without `quota`: one root with the sums of the mailboxes and the limit given here (advisory). */
export async function quotaOf(account: Account, limit: QuotaRoot['limit'] = {}): Promise<readonly QuotaRoot[]> {
  if (account.quota) return account.quota()
  return [{ root: '', used: await usageOf(account), limit }]
}

/** Octets and messages in all mailboxes; rows are read only where a mailbox does not say its octets. */
export async function usageOf(account: Account): Promise<{ bytes: number; messages: number }> {
  let bytes = 0
  let messages = 0
  for (const info of await account.mailboxes()) {
    messages += info.messages
    if (info.bytes !== undefined) bytes += info.bytes
    else for await (const page of account.messages(info.id, { light: true })) for (const { size } of page) bytes += size
  }
  return { bytes, messages }
}

/** Annotations; none without `meta`. */
export async function metaOf(
  account: Account,
  mailbox: MailboxId | null,
  prefix: string,
): Promise<readonly MetaEntry[]> {
  return (await account.meta?.(mailbox, prefix)) ?? []
}

/** Names subscribed to. Without `subscriptions`: those of mailboxes that are there. */
export async function subscriptionsOf(account: Account): Promise<readonly (readonly string[])[]> {
  if (account.subscriptions) return account.subscriptions()
  return (await account.mailboxes()).filter(({ subscribed }) => subscribed).map(({ path }) => path)
}

/**
 * A mailbox's access list. Without `acl`: the one line that is true of every store, all rights for the owner.
 * `owner` is the name of the account.
 */
export async function aclOf(account: Account, mailbox: MailboxId, owner: string): Promise<readonly AclEntry[]> {
  return (await account.acl?.(mailbox)) ?? [{ identifier: owner, rights: allRights }]
}

/** Other accounts that a principal may see something of; none without `sharedWith`. */
export async function sharedWith(store: MailStore, as: Principal): Promise<readonly string[]> {
  return (await store.sharedWith?.(as)) ?? []
}

/** Octets of a message as staged ones. Without `restage`: read and staged again. */
export async function restageOf(from: Account, blob: string, to: Account = from): Promise<Staged> {
  return from.restage ? from.restage(blob) : writerOf(to).stage(from.read(blob))
}

/** Writes summaries back where the store can keep them. */
export async function writeSummaries(
  account: Account,
  rows: readonly { readonly emailId: string; readonly summary: Uint8Array }[],
): Promise<void> {
  await account.summaries?.(rows)
}

/** Octets for a delivery. A store without `stage` stages them in the account given. */
export async function stageFor(
  store: MailStore,
  account: string,
  bytes: Source,
  hint?: { readonly size?: number },
): Promise<Staged> {
  if (store.stage) return store.stage(bytes, hint)
  return withOpen(store, account, (open) => writerOf(open).stage(bytes, hint))
}

/**
 * One staged message into many accounts, one result or error per target in order. Without `deliver`: account by
 * account, where the store lets all accounts use what was staged.
 */
export async function deliverTo(store: MailStore, delivery: Delivery): Promise<readonly (OpResult | Error)[]> {
  if (store.deliver) return store.deliver(delivery)
  const results: (OpResult | Error)[] = []
  for (const target of delivery.to) {
    try {
      results.push(await withOpen(store, target.account, (account) => appendTo(account, delivery, target)))
    } catch (error) {
      results.push(error instanceof Error ? error : new Error(String(error)))
    }
  }
  return results
}

async function appendTo(account: Account, delivery: Delivery, target: DeliveryTarget): Promise<OpResult> {
  const path = normaliseMailboxPath(target.path ?? ['INBOX'])
  const key = mailboxPathKey(path)
  const existing = (await account.mailboxes()).find((info) => mailboxPathKey(info.path) === key)
  const append: Op = {
    op: 'append',
    to: existing?.id ?? { made: 0 },
    staged: delivery.staged,
    summary: delivery.summary,
    flags: target.flags ?? 0,
    dedup: target.dedup,
    ...(delivery.header ? { header: delivery.header } : {}),
    ...(delivery.thread ? { thread: delivery.thread } : {}),
    ...(target.prefix ? { prefix: target.prefix } : {}),
    ...(target.keywords ? { keywords: target.keywords } : {}),
  }
  const { results } = await writerOf(account).commit(existing ? [append] : [{ op: 'create', path }, append])
  return results.at(-1)!
}

async function withOpen<T>(store: MailStore, name: string, use: (account: Account) => Promise<T>): Promise<T> {
  const account = await store.open(name)
  try {
    return await use(account)
  } finally {
    await account.close?.()
  }
}

/** The UIDs of rows as a set. */
export function uidsOfRows(rows: Iterable<{ readonly uid: number }>): UidSet {
  const ranges: [number, number][] = []
  for (const { uid } of rows) addUid(ranges, uid)
  return ranges
}
