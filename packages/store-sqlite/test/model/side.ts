/** One of the two stores, with names of its own for what both have. */
import {
  type Account,
  type AclEntry,
  collectBytes,
  collectRows,
  type Extras,
  isStoreError,
  type MailboxInfo,
  type MailStore,
  type MessageRow,
  type Op,
  type SearchExpr,
  type Staged,
  type Writer,
  withShared,
} from '@posthouse/store-api'
import { type Ears, listen } from './ears.js'
import { type Box, type Name, SIZES, type Step } from './steps.js'

export type Open = Account & Writer & Extras
export type FullStore = MailStore & Required<Pick<MailStore, 'stage' | 'deliver' | 'sharedWith'>>

/** What the two kinds of store do in ways of their own. */
export interface Kind {
  readonly store: FullStore
  /** Another one on the same files; the same one where there are no files. */
  peer(): Promise<FullStore>
  quota(account: string, bytes: number | null, messages: number | null): Promise<void>
  /** Removes an account and makes it anew. */
  remake(account: string): Promise<void>
  /** Forgets what is old enough. */
  collect(): Promise<void>
  /** Closes it and opens it again, where there is something to be opened. */
  reopen(): Promise<void>
}

export interface Side {
  readonly kind: Kind
  readonly boxes: Record<string, string[]>
  /** Names of what rows name, in the order in which they came up. */
  readonly seen: { readonly emails: string[]; readonly threads: string[] }
  staged: readonly Staged[]
  /** The clocks of changes at the beginning: the stores begin differently. */
  readonly base: Record<string, number>
  kept: Partial<Record<string, Open>>
  ears: Ears | undefined
}

export const as = (who: Name) => ({ principal: who, ...(who === 'cora' && { groups: ['staff'] }) })

/** What went well, or why not. */
export async function outcome<T>(work: () => Promise<T>): Promise<T | { readonly code: string }> {
  try {
    return await work()
  } catch (error) {
    if (isStoreError(error)) return { code: error.code }
    throw error
  }
}

export async function createSide(kind: Kind): Promise<Side> {
  const side: Side = {
    ...{ kind, boxes: {}, seen: { emails: [], threads: [] }, staged: [], base: {}, kept: {}, ears: undefined },
  }
  for (const name of ['anna', 'ben']) await begin(side, name)
  await freshen(side)
  side.ears = await listen(kind.store)
  return side
}

async function begin(side: Side, name: string): Promise<void> {
  const account = (await side.kind.store.open(name)) as Open
  const [{ id }] = await account.mailboxes()
  ;(side.boxes[name] ??= []).push(id)
  side.base[name] = (await account.commit([])).modseq
}

/** Octets whose lease is fresh. */
async function freshen(side: Side): Promise<void> {
  side.staged = await Promise.all(SIZES.map((size) => side.kind.store.stage([new Uint8Array(size).fill(size)])))
}

async function open(side: Side, account: string, who: Name, kept: boolean, peer = false): Promise<Open> {
  const name = `${account} ${who}`
  const known = kept ? side.kept[name] : undefined
  if (known) return known
  const opened = (await (peer ? await side.kind.peer() : side.kind.store).open(account, as(who))) as Open
  if (!peer) side.kept[name] ??= opened
  return opened
}

const idOf = (side: Side, account: string, box: Box): string => side.boxes[account]?.[Number(box.slice(1))] ?? 'none'

/** A mailbox by its number in the account; what was just made has the next one. */
function numberOf(side: Side, account: string, id: string): number {
  const boxes = (side.boxes[account] ??= [])
  if (!boxes.includes(id)) boxes.push(id)
  return boxes.indexOf(id)
}

/** The op as this side names what is in it. */
function opOf(side: Side, account: string, op: object): Op {
  const named = Object.entries(op).map(([key, value]) => {
    if (typeof value === 'string' && value.startsWith('#')) return [key, idOf(side, account, value as Box)]
    if (key === 'unchangedSince') return [key, (side.base[account] ?? 0) + value]
    return key === 'size' ? ['staged', side.staged[SIZES.indexOf(value)]] : [key, value]
  })
  return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as Op
}

export async function take(side: Side, step: Exclude<Step, { do: 'wait' }>): Promise<unknown> {
  switch (step.do) {
    case 'commit':
      return commit(side, step)
    case 'deliver':
      return deliver(side, step)
    case 'across':
      return across(side, step)
    case 'quota':
      return side.kind.quota('anna', step.bytes, step.messages)
    case 'look':
      return outcome(() => look(side, step))
    case 'remove':
      delete side.kept['ben ben']
      await side.kind.remake('ben')
      return begin(side, 'ben')
    case 'reopen':
      side.ears?.stop()
      await side.kind.reopen()
      side.kept = {}
      side.ears = await listen(side.kind.store)
  }
}

/** Time has passed. */
export async function settle(side: Side): Promise<void> {
  await side.kind.collect()
  await freshen(side)
}

async function commit(side: Side, step: Step & { do: 'commit' }): Promise<unknown> {
  const { account: name, who, ops, key, peer } = step
  const heard = await side.ears?.before(name)
  const done = await outcome(async () => {
    const account = await open(side, name, who, step.kept, peer)
    return account.commit(
      ops.map((op) => opOf(side, name, op)),
      key,
    )
  })
  if (!peer) await heard?.after('code' in done)
  // Of several reasons any may be told.
  if ('code' in done) return ops.length > 1 && done.code !== 'unavailable' ? 'refused' : done
  const results = done.results.map(({ mailbox, uids = [], ...rest }) => {
    const { from, duplicate, modified = [], uidValidity } = rest
    return { mailbox: mailbox && numberOf(side, name, mailbox), uids, from, duplicate, modified, uidValidity }
  })
  // What an op answers that has touched no message is its own affair.
  for (const [i, result] of results.entries())
    if (!['append', 'copy', 'move'].includes((ops[i] as Op | undefined)?.op ?? '')) result.uidValidity = undefined
  return { modseq: done.modseq - (side.base[name] ?? 0), results }
}

async function deliver(side: Side, { to, size, thread }: Step & { do: 'deliver' }): Promise<unknown> {
  const targets = to as Parameters<FullStore['deliver']>[0]['to']
  const staged = side.staged[SIZES.indexOf(size as 0)]!
  const summary = new Uint8Array([5])
  const given = { staged, summary, to: targets, ...(thread && { thread: thread as { ids: []; subject: string } }) }
  const heard = await side.ears?.before('anna')
  const results = await side.kind.store.deliver(given)
  await heard?.after(false)
  return results.map((result, i) => {
    if (result instanceof Error) return isStoreError(result) ? result.code : result
    const { mailbox = '', ...rest } = result
    return { ...rest, mailbox: numberOf(side, targets[i]!.account, mailbox) }
  })
}

/** COPY and MOVE between the guest's own account and what is shared with it. */
async function across(side: Side, { op, fromMine, from, to, uids }: Step & { do: 'across' }): Promise<unknown> {
  const done = await outcome(async () => {
    const account = (await withShared(side.kind.store).open('ben')) as Open
    const infos = await account.mailboxes()
    const find = (mine: boolean, box: Box) => {
      const id = idOf(side, mine ? 'ben' : 'anna', box)
      if (mine) return id
      return infos.find((info) => info.owner === 'anna' && info.id.endsWith(`-${id}`))?.id ?? 'none'
    }
    return account.commit([{ op, from: find(fromMine, from), to: find(!fromMine, to), uids }])
  })
  return 'code' in done ? done : done.results.map(({ from, uids }) => ({ from, uids }))
}

async function look(side: Side, { who, box, back, uids, expr }: Step & { do: 'look' }): Promise<unknown> {
  const account = await open(side, 'anna', who, true)
  const id = idOf(side, 'anna', box)
  // No further back than the beginning, before which the stores differ.
  const since = Math.max((await account.commit([])).modseq - back, side.base.anna ?? 0)
  const light = (row: MessageRow) => lightOf(row, side.base.anna)
  const found = await outcome(() => account.search(id, exprOf(side, expr, since)))
  return {
    some: await outcome(async () =>
      (await collectRows(account.messages(id, { uids }))).map((row) => rowOf(side, 'anna', row)),
    ),
    light: await outcome(async () => (await collectRows(account.messages(id, { uids, light: true }))).map(light)),
    changed: await outcome(async () =>
      (await collectRows(account.messages(id, { since, uids, light: true }))).map(light),
    ),
    vanished: await outcome(() => account.vanished(id, since)),
    found: found && 'rest' in found && found.rest !== null ? 'some' : found,
  }
}

/** Ids and modification sequences as this side has them. */
function exprOf(side: Side, expr: SearchExpr, since: number): SearchExpr {
  const { emails, threads } = side.seen
  if (expr.type === 'and' || expr.type === 'or') return { ...expr, of: expr.of.map((one) => exprOf(side, one, since)) }
  if (expr.type === 'not') return { ...expr, of: exprOf(side, expr.of, since) }
  if (expr.type === 'modseq') return { ...expr, atLeast: since + expr.atLeast }
  if (expr.type !== 'emailId' && expr.type !== 'threadId') return expr
  const names = expr.type === 'emailId' ? emails : threads
  return { ...expr, id: names[Number(expr.id.slice(1))]?.replace('anna ', '') ?? 'none' }
}

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

function lightOf({ uid, flags, keywords = [], size, modseq }: MessageRow, base = 0) {
  return { uid, flags, size, modseq: modseq - base, keywords: keywords.map((name) => name.toLowerCase()).sort() }
}

/** Names are told by when they came up first. */
function rowOf({ seen, base }: Side, account: string, row: MessageRow) {
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
