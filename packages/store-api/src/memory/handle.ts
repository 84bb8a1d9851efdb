/** An open account: the interface over the state, as one principal sees it. */
import { mailboxPathKey } from '../mailbox-name.js'
import { type Account, Flag, type MailboxInfo, type MessageQuery, type MessageRow } from '../types.js'
import { uidSetContains } from '../uid-set.js'
import { createWatchQueue, type WatchQueue } from '../watch-queue.js'
import { type AccountState, type Grant, mailboxOf } from './account.js'
import { type CommitContext, runCommit } from './commit.js'
import { type Mailbox, type Row, rowsOf, rowsSince, slotOf, vanishedSince } from './mailbox.js'
import { grantOf, requireRights } from './rights.js'
import { searchRows } from './search.js'

const pageRows = 500

/** Watchers of all open handles, by account. */
export type Watchers = Map<AccountState, Set<WatchQueue>>

export function openAccount(
  context: CommitContext,
  watchers: Watchers,
  state: AccountState,
  principal: string,
): Account {
  grantOf(state, principal)
  const grant = () => grantOf(state, principal)
  const readable = (id: string) => {
    requireRights(state, principal, 'r')
    return mailboxOf(state, id)
  }
  return {
    async mailboxes() {
      const given = grant()
      if (given && !given.rights.includes('l') && !given.rights.includes('r')) return []
      return [...state.mailboxes.values()].map((mailbox) => infoOf(state, mailbox, principal, given))
    },
    messages: (id, query) => pagesOf(() => readable(id), query, principal, grant),
    read: (blob, range) => context.blobs.read(blob, range),
    stage: (bytes, hint) => context.blobs.stage(bytes, hint),
    commit: async (ops, key) => runCommit(context, state, principal, ops, key),
    vanished: async (id, since) => vanishedSince(readable(id), since),
    watch(signal) {
      const open = watchers.get(state) ?? new Set()
      const queue = createWatchQueue(signal, {
        maxHints: context.limits.maxHints,
        onEnd: () => {
          open.delete(queue)
          if (open.size === 0) watchers.delete(state)
        },
      })
      if (!signal.aborted) watchers.set(state, open.add(queue))
      return queue
    },
    async uids(id) {
      const mailbox = readable(id)
      return Uint32Array.from(mailbox.uids.filter((_, slot) => mailbox.rows[slot]))
    },
    async search(id, expr) {
      if (id === null) return null
      const mailbox = readable(id)
      return searchRows(mailbox, expr, (row) => flagsSeenBy(mailbox, row, principal, grant()))
    },
    async summaries(rows) {
      for (const { emailId, summary } of rows) {
        const content = state.contents.get(emailId)
        if (content) content.summary = summary.slice()
      }
    },
    quota: async () => [
      { root: '', used: { bytes: state.bytes, messages: state.messages }, limit: { ...state.limit } },
    ],
    async meta(id, prefix) {
      if (id !== null) readable(id)
      return [...state.meta.values()]
        .filter((entry) => entry.mailbox === id && entry.key.startsWith(prefix))
        .filter((entry) => entry.principal === null || entry.principal === principal)
        .map(({ key, value, principal: owner }) => (owner === null ? { key, value } : { key, value, private: true }))
    },
  }
}

function infoOf(state: AccountState, mailbox: Mailbox, principal: string, grant: Grant | undefined): MailboxInfo {
  const { id, path, uidValidity, uidNext, modseq, messages, deleted, bytes, role, noSelect } = mailbox
  return {
    id,
    path,
    uidValidity,
    uidNext: Math.min(uidNext, 4_294_967_295),
    modseq,
    messages,
    unseen: grant && (grant.privateFlags & Flag.Seen) !== 0 ? unseenBy(mailbox, principal) : mailbox.unseen,
    deleted,
    bytes,
    ...(role === undefined ? {} : { role }),
    ...(noSelect ? { noSelect } : {}),
    subscribed: state.subscriptions.has(mailboxPathKey(path)),
    keywords: [...mailbox.keywords.values()].map(({ name }) => name),
    ...(grant ? { rights: grant.rights, privateFlags: grant.privateFlags, owner: state.name } : {}),
  }
}

function unseenBy(mailbox: Mailbox, principal: string): number {
  let seen = 0
  for (const bits of mailbox.personal.get(principal)?.values() ?? []) if ((bits & Flag.Seen) !== 0) seen++
  return mailbox.messages - seen
}

function flagsSeenBy(mailbox: Mailbox, row: Row, principal: string, grant: Grant | undefined): number {
  if (!grant || grant.privateFlags === 0) return row.flags
  return (row.flags & ~grant.privateFlags) | (mailbox.personal.get(principal)?.get(row.uid) ?? 0)
}

/** Pages by key: each page is made when it is asked for, from the UID behind the last one (R9). */
function* pagesOf(
  open: () => Mailbox,
  query: MessageQuery,
  principal: string,
  grant: () => Grant | undefined,
): Generator<readonly MessageRow[], void, undefined> {
  const mailbox = open()
  const { uids, since = 0 } = query
  const rows = since > 0 ? changed(mailbox, since, uids) : rowsOf(mailbox, uids)
  let page: MessageRow[] = []
  for (const row of rows) {
    page.push(toMessageRow(row, flagsSeenBy(mailbox, row, principal, grant()), query))
    if (page.length < pageRows) continue
    yield page
    page = []
    open()
  }
  if (page.length > 0) yield page
}

function* changed(mailbox: Mailbox, since: number, uids: MessageQuery['uids']): Generator<Row, void, undefined> {
  for (const row of rowsSince(mailbox, since)) {
    if (uids && !uidSetContains(uids, row.uid)) continue
    // Pages may be far apart: the row may have been expunged since the list was made.
    if (mailbox.rows[slotOf(mailbox, row.uid)] === row) yield row
  }
}

function toMessageRow(row: Row, flags: number, { want = [] }: MessageQuery): MessageRow {
  const { content } = row
  return {
    uid: row.uid,
    modseq: row.modseq,
    flags,
    keywords: row.keywords,
    size: content.size,
    internalDate: row.internalDate,
    saveDate: row.saveDate,
    emailId: content.emailId,
    blob: content.blob.id,
    ...(content.prefix ? { prefix: content.prefix } : {}),
    ...(want.includes('summary') ? { summary: content.summary } : {}),
    ...(want.includes('header') && content.header ? { header: content.header } : {}),
    ...(want.includes('inline') && content.blob.pieces.length <= 1
      ? { inline: content.blob.pieces[0] ?? new Uint8Array(0) }
      : {}),
  }
}
