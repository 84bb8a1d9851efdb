/**
 * One account that shows, beside a principal's own mailboxes, those that others share with it: the form in which a
 * protocol with namespaces (RFC 2342) wants them. It is made of `sharedWith` and of the views that `open(account, as)`
 * gives, so it fits over every store that has both.
 *
 * A shared mailbox has a path below `Other Users`, the name of its `owner`, and the principal's `rights`. What touches one
 * account is one commit of that account; COPY and MOVE between two are two commits (`copyAcross`). Modification sequences
 * of mailboxes with different owners come from different clocks: compare them only within a mailbox. That of a MOVE is the
 * one of the mailbox moved from, which a session that has it open looks at next; that of a COPY is the target's.
 */
import { subscriptionsOf, writerOf } from '../fallbacks.js'
import { mailboxPathKey } from '../mailbox-name.js'
import type {
  Account,
  ChangeHint,
  CommitResult,
  MailboxId,
  MailboxInfo,
  MailStore,
  MessageRow,
  Op,
  OpResult,
  Principal,
} from '../types.js'
import { watchOf } from '../watch.js'
import { createWatchQueue, type WatchQueue } from '../watch-queue.js'
import { type CopySide, copyAcross } from './copy-across.js'
import { foreignId, splitForeignId } from './names.js'
import { createParts, type Part } from './parts.js'
import { withoutIds } from './search.js'
import { translate } from './translate.js'

/** How `withShared` shows the mailboxes of others. */
export interface SharedOptions {
  /** Where the mailboxes of another account appear. Default: `['Other Users', owner]`. */
  readonly prefixOf?: (owner: string) => readonly string[]
}

/** The store, with what others share in each account that its owner opens. */
export function withShared(store: MailStore, options: SharedOptions = {}): MailStore {
  if (!store.sharedWith) return store
  const given = options.prefixOf ?? ((owner: string) => ['Other Users', owner])
  // As names are compared: an account may be called otherwise.
  const prefixOf = (owner: string) => given(owner).map((segment) => segment.normalize('NFC'))
  const wrapped: MailStore = {
    async open(name, as = { principal: name }) {
      const own = await store.open(name, as)
      return as.principal === name ? combine(store, own, as, prefixOf) : own
    },
    sharedWith: (as) => store.sharedWith!(as),
  }
  if (store.resolve) wrapped.resolve = (address) => store.resolve!(address)
  if (store.stage) wrapped.stage = (bytes, hint) => store.stage!(bytes, hint)
  if (store.deliver) wrapped.deliver = (delivery) => store.deliver!(delivery)
  if (store.deliverOctets) wrapped.deliverOctets = (delivery) => store.deliverOctets!(delivery)
  if (store.close) wrapped.close = () => store.close!()
  return wrapped
}

function combine(
  store: MailStore,
  own: Account,
  as: Principal,
  prefixOf: (owner: string) => readonly string[],
): Account {
  const watching = new Map<WatchQueue, AbortSignal>()
  const opened = (part: Part) => {
    for (const [queue, signal] of watching) follow(part, queue, signal)
  }
  const parts = createParts({ store, own, as, prefixOf, opened })
  const { find } = parts

  /** Where the octets of a row of this view are. */
  async function octetsOf(blob: string): Promise<{ account: Account; name: string }> {
    const foreign = splitForeignId(blob)
    if (!foreign) return { account: own, name: blob }
    return { account: (await find(blob)).part.account, name: foreign.id }
  }

  async function commit(ops: readonly Op[], key?: string): Promise<CommitResult> {
    const [only] = ops
    if (ops.length === 1 && (only?.op === 'copy' || only?.op === 'move') && typeof only.to === 'string') {
      const [from, to] = [await find(only.from), await find(only.to)]
      if (from.part !== to.part) {
        const side = ({ part, id }: typeof from, seen: MailboxId): CopySide => {
          const { owner, account } = part
          const openAsOwner = owner === null ? undefined : () => store.open(owner)
          return { account, mailbox: id, rights: parts.rights(seen), ...(openAsOwner && { openAsOwner }) }
        }
        const done = await copyAcross(only, side(from, only.from), side(to, only.to))
        return seenFrom(to.part.owner, done)
      }
    }
    const { part, ops: there } = await translate(parts, ops)
    return seenFrom(part.owner, await writerOf(part.account).commit(there, key))
  }

  const account: Account = {
    async mailboxes() {
      const open = await parts.refresh()
      const subscribed = new Set((await subscriptionsOf(own)).map(mailboxPathKey))
      const lists = await Promise.all(
        open.map(async ({ owner, account }) => {
          const infos = owner === null ? await account.mailboxes() : await account.mailboxes().catch(() => [])
          return owner === null ? infos : infos.map((info) => foreignInfo(owner, info, prefixOf(owner), subscribed))
        }),
      )
      const infos = lists.flat()
      parts.show(infos)
      return infos
    },
    async *messages(mailbox, query) {
      const { part, id } = await find(mailbox)
      const { owner } = part
      for await (const page of part.account.messages(id, query)) {
        yield owner === null ? page : page.map((row) => foreignRow(owner, row))
      }
    },
    async *read(blob, range) {
      const { account, name } = await octetsOf(blob)
      yield* account.read(name, range)
    },
    watch(signal) {
      const queue: WatchQueue = createWatchQueue(signal, { onEnd: () => watching.delete(queue) })
      if (signal.aborted) return queue
      watching.set(queue, signal)
      for (const part of parts.open()) follow(part, queue, signal)
      return queue
    },
    async search(mailbox, expr) {
      if (mailbox === null) return null
      const { part, id } = await find(mailbox)
      const there = part.owner === null ? expr : withoutIds(expr)
      return (there && (await part.account.search?.(id, there))) ?? null
    },
    async close() {
      for (const { account } of parts.open()) await account.close?.()
    },
  }
  if (own.stage && own.commit) {
    account.stage = (bytes, hint) => (store.stage ? store.stage(bytes, hint) : own.stage!(bytes, hint))
    account.commit = commit
  }
  if (own.vanished) {
    account.vanished = async (mailbox, since) => {
      const { part, id } = await find(mailbox)
      return part.account.vanished!(id, since)
    }
  }
  if (own.expunged) {
    account.expunged = async function* (mailbox, query) {
      const { part, id } = await find(mailbox)
      const { owner } = part
      for await (const page of part.account.expunged!(id, query)) {
        yield owner === null ? page : page.map((row) => foreignRow(owner, row))
      }
    }
  }
  if (own.uids) {
    account.uids = async (mailbox) => {
      const { part, id } = await find(mailbox)
      return part.account.uids!(id)
    }
  }
  if (own.meta) {
    account.meta = async (mailbox, prefix) => {
      if (mailbox === null) return own.meta!(null, prefix)
      const { part, id } = await find(mailbox)
      return part.account.meta!(id, prefix)
    }
  }
  if (own.acl) {
    account.acl = async (mailbox) => {
      const { part, id } = await find(mailbox)
      return part.account.acl!(id)
    }
  }
  if (own.quota) account.quota = () => own.quota!()
  if (own.subscriptions) account.subscriptions = () => own.subscriptions!()
  if (own.restage) {
    account.restage = async (blob) => {
      const { account, name } = await octetsOf(blob)
      return account.restage!(name)
    }
  }
  if (own.summaries) {
    account.summaries = async (rows) => {
      await own.summaries!(rows.filter(({ emailId }) => splitForeignId(emailId) === null))
    }
  }
  return account
}

function follow({ owner, account }: Part, queue: WatchQueue, signal: AbortSignal): void {
  const hints = watchOf(account, signal)
  const run = async () => {
    for await (const hint of hints) queue.push(hintOf(owner, hint))
  }
  // A part that can be watched no more is noticed by `mailboxes`.
  run().catch(() => queue.push({}))
}

function hintOf(owner: string | null, hint: ChangeHint): ChangeHint {
  if (owner === null || hint.mailbox === undefined) return owner === null ? hint : {}
  return { ...hint, mailbox: foreignId(owner, hint.mailbox) }
}

function seenFrom(owner: string | null, done: CommitResult): CommitResult {
  if (owner === null) return done
  const seen = (result: OpResult): OpResult =>
    result.mailbox === undefined ? result : { ...result, mailbox: foreignId(owner, result.mailbox) }
  return { ...done, results: done.results.map(seen) }
}

function foreignInfo(
  owner: string,
  info: MailboxInfo,
  prefix: readonly string[],
  subscribed: ReadonlySet<string>,
): MailboxInfo {
  const path = [...prefix, ...info.path]
  // A role is the owner's: a client must not file mail into somebody else's Sent.
  const { role: _, ...rest } = info
  return { ...rest, id: foreignId(owner, info.id), path, owner, subscribed: subscribed.has(mailboxPathKey(path)) }
}

function foreignRow(owner: string, row: MessageRow): MessageRow {
  return {
    ...row,
    blob: foreignId(owner, row.blob),
    ...(row.emailId === '' ? {} : { emailId: foreignId(owner, row.emailId) }),
    ...(row.threadId === undefined ? {} : { threadId: foreignId(owner, row.threadId) }),
  }
}
