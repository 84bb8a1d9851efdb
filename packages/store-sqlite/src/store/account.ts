import {
  type Account,
  allRights,
  type ChangeHint,
  type CommitResult,
  type Extras,
  type MailboxId,
  type MailboxInfo,
  type MessageQuery,
  type MessageRow,
  type ModSeq,
  type Reader,
  StoreError,
  type UidSet,
  type Writer,
} from '@posthouse/store-api'
import { blobNumber } from '../blob-id.js'
import { splitPath } from '../paths.js'
import { behind } from '../ranges.js'
import { type PackedRows, unpackRows } from '../read/pack.js'
import type { ReadAnswers } from '../read/requests.js'
import type { Backend } from '../thread/backend.js'
import type { Guest } from '../viewer.js'
import { mailboxNumber } from '../write/transaction.js'
import { readOctets } from './octets.js'
import { type FindThread, withFolds, withThread } from './peers.js'

/** An account of a SQLite store: every method of the interface is there. */
export type SqliteAccount = Account & Reader & Writer & Extras

export interface AccountOptions {
  readonly backend: Backend
  /** The folder of tails. */
  readonly tails: string
  readonly id: number
  readonly name: string
  /** The principal when it is not the owner. */
  readonly guest: Guest | null
  readonly clock: () => number
  /** ms */
  readonly lease: number
  readonly stage: Writer['stage']
  /** Finds the conversation of appends that do not say it. */
  readonly findThread?: FindThread
  /** See `FullTextOptions`. */
  readonly fold?: (wanted: string) => string
  /** `seen`: the newest modification sequence that this view has pulled. */
  readonly watch: (seen: ModSeq, signal: AbortSignal) => AsyncIterable<ChangeHint>
}

/** Rows of the first page: it answers early. */
const FIRST_PAGE = 200
/** Rows of the pages after it. */
const PAGE = 1000
/** UID ranges asked for at once. */
const RANGES = 1000
const ALL_UIDS: UidSet = [[1, 4294967295]]

/** The view of one principal on one account. */
export function openAccount(options: AccountOptions): SqliteAccount {
  const { backend, id: account, name, guest, stage, watch, findThread, fold } = options
  const inMailbox = (mailbox: MailboxId) => ({ account, mailbox: numberOf(mailbox), guest })
  let seen: ModSeq = 0
  return {
    stage,
    watch: (signal) => watch(seen, signal),
    async mailboxes() {
      const infos = mailboxInfos(await backend.read<'mailboxes'>({ type: 'mailboxes', account, guest }), name, guest)
      for (const { modseq } of infos) seen = Math.max(seen, modseq)
      return infos
    },
    messages: (mailbox, query) => pages(backend, inMailbox(mailbox), query),
    expunged: (mailbox, query) => pages(backend, inMailbox(mailbox), query, true),
    read: (blob, range) => readOctets(backend, options.tails, blob, range),
    commit: (ops, key) =>
      backend.write<'commit'>({
        type: 'commit',
        account,
        guest,
        ops: findThread ? ops.map((op) => withThread(op, findThread)) : ops,
        ...(key !== undefined && { key }),
      }) as Promise<CommitResult>,
    vanished: (mailbox, since) => backend.read<'vanished'>({ type: 'vanished', ...inMailbox(mailbox), since }),
    uids: (mailbox) => backend.read<'uids'>({ type: 'uids', ...inMailbox(mailbox) }),
    search: async (mailbox, expr) =>
      mailbox === null
        ? null
        : backend.read<'search'>({
            type: 'search',
            ...inMailbox(mailbox),
            expr: fold ? withFolds(expr, fold) : expr,
          }),
    async summaries(rows) {
      await backend.write<'summaries'>({ type: 'summaries', account, rows })
    },
    async quota() {
      const [bytes, messages, bytesLimit, messagesLimit] = await backend.read<'quota'>({ type: 'quota', account })
      const limit = {
        ...(bytesLimit !== null && { bytes: bytesLimit }),
        ...(messagesLimit !== null && { messages: messagesLimit }),
      }
      return [{ root: '', used: { bytes, messages }, limit }]
    },
    meta: (mailbox, prefix) =>
      backend.read<'meta'>({
        type: 'meta',
        account,
        mailbox: mailbox === null ? null : numberOf(mailbox),
        guest,
        principal: guest?.principal ?? name,
        prefix,
      }),
    async subscriptions() {
      const principal = guest?.principal ?? ''
      return (await backend.read<'subscriptions'>({ type: 'subscriptions', account, principal })).map(splitPath)
    },
    async acl(mailbox) {
      const others = await backend.read<'acl'>({ type: 'acl', ...inMailbox(mailbox) })
      return [{ identifier: name, rights: allRights }, ...others]
    },
    async restage(blob) {
      // The lease runs from when the writer begins, which is not before now.
      const expires = options.clock() + options.lease
      const size = await backend.write<'restage'>({ type: 'restage', blob: blobNumber(blob) ?? 0 })
      if (size === null) throw new StoreError('nonexistent', 'there are no such octets (any more)')
      return { blob, size, expires }
    },
  }
}

/** A mailbox id that never was one names nothing: 0 is no row's id. */
function numberOf(mailbox: MailboxId): number {
  return mailboxNumber(mailbox) ?? 0
}

function mailboxInfos(
  { rows, keywords, rights }: ReadAnswers['mailboxes'],
  owner: string,
  guest: Guest | null,
): MailboxInfo[] {
  const named = new Map<number, string[]>()
  for (const [mailbox, keyword] of keywords) {
    const list = named.get(mailbox)
    if (list) list.push(keyword)
    else named.set(mailbox, [keyword])
  }
  return rows.map(
    ([id, path, uidValidity, uidNext, modseq, messages, unseen, deleted, bytes, role, noSelect, subscribed], i) => ({
      id: String(id),
      path: splitPath(path),
      uidValidity,
      uidNext,
      modseq,
      messages,
      unseen,
      deleted,
      bytes,
      ...(role !== null && { role }),
      ...(noSelect !== 0 && { noSelect: true }),
      subscribed: subscribed !== 0,
      keywords: named.get(id) ?? [],
      ...(guest && rights && { rights: rights[i], privateFlags: guest.privateFlags, owner }),
    }),
  )
}

/**
 * Pages by key: nothing is held between two of them (R9). While one is being used, the next one is read by another thread,
 * so that two are in memory at most.
 */
async function* pages(
  backend: Backend,
  where: { readonly account: number; readonly mailbox: number; readonly guest: Guest | null },
  query: MessageQuery,
  expunged = false,
): AsyncGenerator<readonly MessageRow[]> {
  const { since = 0, want = [], light = false } = query
  const ask = (uids: UidSet, limit: number, since: ModSeq): Promise<PackedRows> => {
    const page = backend.read<'rows'>({ type: 'rows', ...where, uids, since, limit, want, light, expunged })
    // Whoever stops reading never looks at the page on its way.
    page.catch(() => {})
    return page
  }
  /** What is still to be read: a part of it is asked for at once. */
  let left = query.uids ?? ALL_UIDS
  let complete = Number.POSITIVE_INFINITY
  // An empty set asks, too, so that a mailbox that is gone is noticed.
  let ahead: Promise<PackedRows> | null = ask(since > 0 ? left : left.slice(0, RANGES), FIRST_PAGE, since)
  for (let first = true; ahead; first = false) {
    const page: PackedRows = await ahead
    if (since > 0 && first) {
      left = page.later
      complete = page.complete
    } else {
      left = page.next > 0 ? behind(left, page.next) : left.slice(RANGES)
    }
    ahead = left.length > 0 ? ask(left.slice(0, RANGES), PAGE, 0) : null
    if (page.count > 0) yield upTo(complete, unpackRows(page))
  }
}

/**
 * The rows as of a modification sequence. Rows are read behind the list of what has changed: one that changes between the
 * two must not seem to be from behind changes that the list has not (R2). Its own modification sequence brings it again.
 */
function upTo(last: ModSeq, rows: readonly MessageRow[]): readonly MessageRow[] {
  return rows.some(({ modseq }) => modseq > last)
    ? rows.map((row) => (row.modseq > last ? { ...row, modseq: last } : row))
    : rows
}
