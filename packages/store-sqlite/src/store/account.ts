import {
  type Account,
  type ChangeHint,
  type Column,
  type CommitResult,
  type Extras,
  type MailboxId,
  type MailboxInfo,
  type MessageQuery,
  type MessageRow,
  type ModSeq,
  type Reader,
  type UidSet,
  uidSetFromSorted,
  uidSetIntersect,
  type Writer,
} from '@posthouse/store-api'
import { splitPath } from '../paths.js'
import { unpackRows } from '../read/pack.js'
import type { ReadAnswers } from '../read/requests.js'
import type { Backend } from '../thread/backend.js'
import { mailboxNumber } from '../write/transaction.js'
import { readOctets } from './octets.js'

/** An account of a SQLite store: every method of the interface is there. */
export type SqliteAccount = Account & Reader & Writer & Extras

export interface AccountOptions {
  readonly backend: Backend
  readonly id: number
  readonly name: string
  readonly principal: string
  readonly stage: Writer['stage']
  /** `seen`: the newest modification sequence that this view has pulled. */
  readonly watch: (seen: ModSeq, signal: AbortSignal) => AsyncIterable<ChangeHint>
}

/** Rows of the first page: it answers early. */
const FIRST_PAGE = 200
/** Rows of the pages after it. */
const PAGE = 1000
/** UID ranges asked for at once. */
const RANGES = 1000

/** The view of one principal on one account. */
export function openAccount({ backend, id: account, name, principal, stage, watch }: AccountOptions): SqliteAccount {
  let seen: ModSeq = 0
  return {
    stage,
    watch: (signal) => watch(seen, signal),
    async mailboxes() {
      const infos = mailboxInfos(await backend.read<'mailboxes'>({ type: 'mailboxes', account }))
      for (const { modseq } of infos) seen = Math.max(seen, modseq)
      return infos
    },
    messages: (mailbox, query) => pages(backend, account, numberOf(mailbox), query),
    read: (blob, range) => readOctets(backend, blob, range),
    commit: (ops, key) =>
      backend.write<'commit'>({
        type: 'commit',
        account: name,
        principal,
        ops,
        ...(key !== undefined && { key }),
      }) as Promise<CommitResult>,
    vanished: (mailbox, since) =>
      backend.read<'vanished'>({ type: 'vanished', account, mailbox: numberOf(mailbox), since }),
    uids: (mailbox) => backend.read<'uids'>({ type: 'uids', account, mailbox: numberOf(mailbox) }),
    search: (mailbox, expr) =>
      backend.read<'search'>({ type: 'search', account, mailbox: mailbox === null ? null : numberOf(mailbox), expr }),
    async summaries(rows) {
      await backend.write<'summaries'>({ type: 'summaries', account: name, rows })
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
        principal,
        prefix,
      }),
  }
}

/** A mailbox id that never was one names nothing: 0 is no row's id. */
function numberOf(mailbox: MailboxId): number {
  return mailboxNumber(mailbox) ?? 0
}

function mailboxInfos({ rows, keywords }: ReadAnswers['mailboxes']): MailboxInfo[] {
  const named = new Map<number, string[]>()
  for (const [mailbox, keyword] of keywords) {
    const list = named.get(mailbox)
    if (list) list.push(keyword)
    else named.set(mailbox, [keyword])
  }
  return rows.map(
    ([id, path, uidValidity, uidNext, modseq, messages, unseen, deleted, bytes, role, noSelect, subscribed]) => ({
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
    }),
  )
}

/** Pages by key: nothing is held between two of them (R9). */
async function* pages(
  backend: Backend,
  account: number,
  mailbox: number,
  query: MessageQuery,
): AsyncGenerator<readonly MessageRow[]> {
  let ranges = query.uids ?? [[1, 4294967295] as const]
  if (query.since !== undefined && query.since > 0) {
    const changed = await backend.read<'changed'>({ type: 'changed', account, mailbox, since: query.since })
    ranges = uidSetIntersect(ranges, uidSetFromSorted(changed))
  }
  // An empty set still asks once, so that a mailbox that is gone is noticed.
  const want: readonly Column[] = query.want ?? []
  let limit = FIRST_PAGE
  let first = true
  for (let at = 0; first || at < ranges.length; at += RANGES) {
    let some: UidSet = ranges.slice(at, at + RANGES)
    while (first || some.length > 0) {
      first = false
      const page = await backend.read<'rows'>({ type: 'rows', account, mailbox, uids: some, limit, want })
      limit = PAGE
      if (page.present.length > 0) yield unpackRows(page)
      if (page.next === 0) break
      some = behind(some, page.next)
    }
  }
}

/** What of a set lies behind a UID. */
function behind(uids: UidSet, after: number): UidSet {
  const from = uids.findIndex(([, hi]) => hi > after)
  if (from < 0) return []
  const [lo, hi] = uids[from]
  return [[Math.max(lo, after + 1), hi], ...uids.slice(from + 1)]
}
