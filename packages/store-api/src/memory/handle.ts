/** An open account: the interface over the state, as one principal sees it. */
import { StoreError } from '../errors.js'
import { allRights, requireAnnotating, requireRights } from '../rights.js'
import type { Account, MailboxInfo, MessageQuery, MessageRow, Principal } from '../types.js'
import { uidSetContains } from '../uid-set.js'
import { createWatchQueue, type WatchQueue } from '../watch-queue.js'
import { type AccountState, mailboxOf, subscriptionKey } from './account.js'
import { type CommitContext, runCommit } from './commit.js'
import { forgetPast, type Mailbox, pastRows, type Row, rowsOf, rowsSince, slotOf, vanishedSince } from './mailbox.js'
import { flagsSeen, modseqSeen, unseenBy } from './personal.js'
import { aclOf, readable, rightsIn, seesAnything, type Viewer, viewerOf } from './rights.js'
import { searchRows } from './search.js'

const pageRows = 500

/** Watchers of all open handles, by account. */
export type Watchers = Map<AccountState, Set<WatchQueue>>

/** @throws StoreError `nonexistent` for a principal that may see nothing here */
export function openAccount(context: CommitContext, watchers: Watchers, state: AccountState, as: Principal): Account {
  const viewer = viewerOf(state, as, context.limits.privateFlags)
  if (viewer.guest !== null && !seesAnything(state, as)) throw new StoreError('nonexistent', 'no such account')
  const open = (id: string) => readable(state, viewer, id)
  return {
    async mailboxes() {
      // INBOX is always there.
      if (state.mailboxes.size === 0) throw new StoreError('nonexistent', 'the account was removed')
      const infos: MailboxInfo[] = []
      for (const mailbox of state.mailboxes.values()) {
        const rights = rightsIn(viewer, mailbox)
        if (rights === undefined || rights.includes('l') || rights.includes('r')) {
          infos.push(infoOf(state, mailbox, viewer, rights))
        }
      }
      return infos
    },
    messages: (id, query) => pagesOf(() => open(id), query, viewer),
    read: (blob, range) => context.blobs.read(blob, range),
    stage: (bytes, hint) => context.blobs.stage(bytes, hint),
    restage: async (blob) => context.blobs.restage(blob),
    commit: async (ops, key) => runCommit(context, state, viewer, ops, key),
    vanished: async (id, since) => vanishedSince(open(id), since),
    *expunged(id, { uids, want }) {
      const mailbox = open(id)
      forgetPast(mailbox, context.limits.clock() - context.limits.graceMs)
      const rows = pastRows(mailbox, uids)
      for (let at = 0; at < rows.length; at += pageRows) {
        yield rows.slice(at, at + pageRows).map((row) => toMessageRow(mailbox, row, viewer, { want: want ?? [] }))
      }
    },
    watch(signal) {
      const group = watchers.get(state) ?? new Set()
      const queue = createWatchQueue(signal, {
        maxHints: context.limits.maxHints,
        onEnd: () => {
          group.delete(queue)
          if (group.size === 0) watchers.delete(state)
        },
      })
      if (!signal.aborted) watchers.set(state, group.add(queue))
      return queue
    },
    async uids(id) {
      const { uids, rows } = open(id)
      const there = new Uint32Array(uids.length)
      let count = 0
      for (let slot = 0; slot < uids.length; slot++) if (rows[slot]) there[count++] = uids[slot]
      return there.slice(0, count)
    },
    async search(id, expr) {
      if (id === null) return null
      const mailbox = open(id)
      const flags = (row: Row) => flagsSeen(mailbox, row, viewer)
      return searchRows(mailbox, expr, flags, (row) => modseqSeen(mailbox, row, viewer))
    },
    async summaries(rows) {
      for (const { emailId, summary } of rows) {
        const content = state.contents.get(emailId)
        if (content) content.summary = new Uint8Array(summary)
      }
    },
    quota: async () => [
      { root: '', used: { bytes: state.bytes, messages: state.messages }, limit: { ...state.limit } },
    ],
    subscriptions: async () =>
      [...state.subscriptions.values()].flatMap(({ principal, path }) => (principal === as.principal ? [path] : [])),
    async acl(id) {
      const mailbox = mailboxOf(state, id)
      requireRights(rightsIn(viewer, mailbox), 'a')
      return [{ identifier: state.name, rights: allRights }, ...aclOf(mailbox)]
    },
    async meta(id, prefix) {
      if (id !== null) requireAnnotating(rightsIn(viewer, mailboxOf(state, id)))
      return [...state.meta.values()]
        .filter((entry) => entry.mailbox === id && entry.key.startsWith(prefix))
        .filter((entry) => entry.principal === null || entry.principal === as.principal)
        .map(({ key, value, principal }) => (principal === null ? { key, value } : { key, value, private: true }))
    },
  }
}

function infoOf(state: AccountState, mailbox: Mailbox, viewer: Viewer, rights: string | undefined): MailboxInfo {
  const { id, path, uidValidity, uidNext, modseq, messages, deleted, bytes, role, noSelect } = mailbox
  return {
    id,
    path,
    uidValidity,
    uidNext,
    modseq,
    messages,
    unseen: unseenBy(mailbox, viewer),
    deleted,
    bytes,
    ...(role === undefined ? {} : { role }),
    ...(noSelect ? { noSelect } : {}),
    subscribed: state.subscriptions.has(subscriptionKey(viewer.as.principal, path)),
    keywords: [...mailbox.keywords.values()].map(({ name }) => name),
    ...(rights === undefined ? {} : { rights, privateFlags: viewer.privateFlags, owner: state.name }),
  }
}

/** Pages by key: each page is made when it is asked for, from the UID behind the last one (R9). */
function* pagesOf(
  open: () => Mailbox,
  query: MessageQuery,
  viewer: Viewer,
): Generator<readonly MessageRow[], void, undefined> {
  const mailbox = open()
  const { uids, since = 0 } = query
  const rows = since > 0 ? changed(mailbox, since, uids, viewer.guest) : rowsOf(mailbox, uids)
  let page: MessageRow[] = []
  for (const row of rows) {
    page.push(toMessageRow(mailbox, row, viewer, query))
    if (page.length < pageRows) continue
    yield page
    page = []
    open()
  }
  if (page.length > 0) yield page
}

function* changed(
  mailbox: Mailbox,
  since: number,
  uids: MessageQuery['uids'],
  guest: string | null,
): Generator<Row, void, undefined> {
  for (const row of rowsSince(mailbox, since, guest)) {
    if (uids && !uidSetContains(uids, row.uid)) continue
    // Pages may be far apart: the row may have been expunged since the list was made.
    if (mailbox.rows[slotOf(mailbox, row.uid)] === row) yield row
  }
}

function toMessageRow(mailbox: Mailbox, row: Row, viewer: Viewer, { want = [], light }: MessageQuery): MessageRow {
  const { content } = row
  const made: Mutable<MessageRow> = {
    uid: row.uid,
    modseq: modseqSeen(mailbox, row, viewer),
    flags: flagsSeen(mailbox, row, viewer),
    keywords: row.keywords,
    size: content.size,
    internalDate: row.internalDate,
    saveDate: row.saveDate,
    emailId: content.emailId,
    blob: content.blob.id,
  }
  if (light && want.length === 0) return made
  if (content.threadId !== undefined) made.threadId = content.threadId
  if (content.prefix) made.prefix = content.prefix
  if (want.includes('summary')) made.summary = content.summary
  if (want.includes('header') && content.header) made.header = content.header
  if (want.includes('inline') && content.blob.pieces.length <= 1)
    made.inline = content.blob.pieces[0] ?? new Uint8Array(0)
  return made
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
