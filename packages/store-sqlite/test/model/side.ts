/** One of the two stores, with names of its own for what both have. */
import { type Account, type Extras, isStoreError, type MailStore, type Staged, type Writer } from '@posthouse/store-api'
import { type Ears, listen } from './ears.js'
import { type Box, SIZES } from './ops.js'
import type { Name } from './steps.js'

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

export async function begin(side: Side, name: string): Promise<void> {
  const account = (await side.kind.store.open(name)) as Open
  const [{ id }] = await account.mailboxes()
  ;(side.boxes[name] ??= []).push(id)
  side.base[name] = (await account.commit([])).modseq
}

/** Octets whose lease is fresh. */
export async function freshen(side: Side): Promise<void> {
  side.staged = await Promise.all(SIZES.map((size) => side.kind.store.stage([new Uint8Array(size).fill(size)])))
}

export async function open(side: Side, account: string, who: Name, kept: boolean, peer = false): Promise<Open> {
  const name = `${account} ${who}`
  const known = kept ? side.kept[name] : undefined
  if (known) return known
  const opened = (await (peer ? await side.kind.peer() : side.kind.store).open(account, as(who))) as Open
  if (!peer) side.kept[name] ??= opened
  return opened
}

export const idOf = (side: Side, account: string, box: Box): string =>
  side.boxes[account]?.[Number(box.slice(1))] ?? 'none'

/** A mailbox by its number in the account; what was just made has the next one. */
export function numberOf(side: Side, account: string, id: string): number {
  const boxes = (side.boxes[account] ??= [])
  if (!boxes.includes(id)) boxes.push(id)
  return boxes.indexOf(id)
}
