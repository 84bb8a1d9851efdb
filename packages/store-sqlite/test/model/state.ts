/** All that one of the two stores shows. */
import { type AclEntry, collectBytes, collectRows, type MailboxInfo, type MessageRow } from '@posthouse/store-api'
import { numberOf, type Open, open, outcome, type Side } from './side.js'
import type { Name } from './steps.js'

/** All that a principal sees of an account. */
export async function stateOf(side: Side, name: string, who: Name): Promise<unknown> {
  return outcome(async () => {
    const account = await open(side, name, who, false)
    const infos = (await account.mailboxes()).map((info) => infoOf(side, name, info))
    const contents: unknown[] = []
    for (const id of side.boxes[name] ?? []) contents.push(await contentOf(side, account, id, name, who !== name))
    return {
      ...{ infos: infos.sort((a, b) => a.id - b.id), contents, quota: await account.quota() },
      meta: await outcome(async () => (await account.meta(null, '')).toSorted(byKey)),
      subscriptions: (await account.subscriptions()).map((path) => path.join('/')).sort(),
    }
  })
}

async function contentOf(side: Side, account: Open, id: string, name: string, isGuest: boolean): Promise<unknown> {
  const want = ['summary', 'header'] as const
  // What a guest kept for itself may be lost.
  const mask = isGuest ? ~1 : ~0
  const rows = await outcome(() => collectRows(account.messages(id, { want })))
  const past = await outcome(() => collectRows(account.expunged(id, { uids: [[1, 4294967295]] })))
  const octets: unknown[] = []
  for (const row of 'code' in rows ? [] : rows) octets.push(await octetsOf(account, row))
  return {
    rows: 'code' in rows ? rows : rows.map((row) => ({ ...rowOf(side, name, row), ...columnsOf(row) })),
    octets,
    past:
      'code' in past ? past : past.map((row) => ({ ...rowOf(side, name, row), modseq: 0, flags: row.flags & mask })),
    uids: await outcome(async () => Array.from(await account.uids(id))),
    vanished: await outcome(() => account.vanished(id, 0)),
    acl: await outcome(async () => (await account.acl(id)).toSorted(byIdentifier)),
    meta: await outcome(async () => (await account.meta(id, '')).toSorted(byKey)),
  }
}

async function octetsOf(account: Open, { blob, size, prefix }: MessageRow): Promise<string> {
  const octets = await collectBytes(account.read(blob))
  return `${size} ${prefix?.length ?? 0} ${octets.join()}`
}

function columnsOf({ summary, header }: MessageRow) {
  return { summary: summary?.join(), header: header?.join() }
}

function byIdentifier(a: AclEntry, b: AclEntry): number {
  return a.identifier < b.identifier ? -1 : 1
}

function byKey(a: { key: string; private?: boolean }, b: typeof a): number {
  return `${a.key} ${a.private ?? false}` < `${b.key} ${b.private ?? false}` ? -1 : 1
}

function infoOf(side: Side, account: string, info: MailboxInfo) {
  const { id, path, uidValidity, uidNext, messages, unseen, deleted, bytes, role, rights, privateFlags, owner } = info
  return {
    ...{ id: numberOf(side, account, id), path, uidValidity, uidNext, messages, unseen, deleted, bytes, role, rights },
    ...{ noSelect: info.noSelect ?? false, subscribed: info.subscribed, privateFlags, owner },
  }
}

export function lightOf({ uid, flags, keywords = [], size, modseq }: MessageRow, base = 0) {
  return { uid, flags, size, modseq: modseq - base, keywords: keywords.map((name) => name.toLowerCase()).sort() }
}

/** Names are told by when they came up first. */
export function rowOf({ seen, base }: Side, account: string, row: MessageRow) {
  const { uid, internalDate, saveDate, emailId, threadId } = row
  const place = (names: string[], name: string) => {
    if (!names.includes(name)) names.push(name)
    return names.indexOf(name)
  }
  return {
    ...{
      ...lightOf(row, base[account]),
      internalDate,
      saveDate,
      uid,
      email: place(seen.emails, `${account} ${emailId}`),
    },
    thread: threadId === undefined ? undefined : place(seen.threads, `${account} ${threadId}`),
  }
}
