/** The state of one account of a memory store. */
import { StoreError } from '../errors.js'
import { mailboxPathKey } from '../mailbox-name.js'
import type { CommitResult, MailboxId, OpResult } from '../types.js'
import { type Content, createMailbox, type Mailbox } from './mailbox.js'

export interface MetaValue {
  readonly mailbox: MailboxId | null
  readonly key: string
  readonly value: Uint8Array
  /** Set for a private annotation: whose. */
  readonly principal: string | null
}

export interface AccountState {
  readonly name: string
  /** One clock of changes for the whole account. */
  modseq: number
  nextValidity: number
  nextId: number
  nextEmailId: number
  bytes: number
  messages: number
  readonly limit: { bytes?: number; messages?: number }
  readonly mailboxes: Map<MailboxId, Mailbox>
  /** By `mailboxPathKey`. */
  readonly byPath: Map<string, Mailbox>
  /** Principal (NUL) path key -> path. */
  readonly subscriptions: Map<string, { readonly principal: string; readonly path: readonly string[] }>
  /** Thread keys -> thread. */
  readonly threads: Map<string, string>
  readonly meta: Map<string, MetaValue>
  readonly contents: Map<string, Content>
  /** Dedup keys in the order of their use. */
  readonly delivered: Map<string, { readonly at: number; readonly result: OpResult }>
  /** Commit keys in the order of their use. */
  readonly committed: Map<string, { readonly at: number; readonly result: CommitResult }>
}

/** Numbers that an account with a name of a removed one goes on with: nothing of it is to be taken for what was there. */
export type AccountNumbers = Pick<AccountState, 'nextValidity' | 'nextId' | 'nextEmailId'>

export function createAccountState(name: string, former?: AccountNumbers): AccountState {
  const state: AccountState = {
    name,
    modseq: 1,
    nextValidity: former?.nextValidity ?? 1,
    nextId: former?.nextId ?? 1,
    nextEmailId: former?.nextEmailId ?? 1,
    bytes: 0,
    messages: 0,
    limit: {},
    mailboxes: new Map(),
    byPath: new Map(),
    subscriptions: new Map(),
    threads: new Map(),
    meta: new Map(),
    contents: new Map(),
    delivered: new Map(),
    committed: new Map(),
  }
  addMailbox(state, ['INBOX'], state.modseq)
  return state
}

export function addMailbox(state: AccountState, path: readonly string[], modseq: number): Mailbox {
  const mailbox = createMailbox(`m${state.nextId++}`, path, state.nextValidity++, modseq)
  state.mailboxes.set(mailbox.id, mailbox)
  state.byPath.set(mailboxPathKey(path), mailbox)
  return mailbox
}

/** @throws StoreError `nonexistent` */
export function mailboxOf(state: AccountState, id: MailboxId): Mailbox {
  const mailbox = state.mailboxes.get(id)
  if (!mailbox) throw new StoreError('nonexistent', 'no such mailbox')
  return mailbox
}

export function subscriptionKey(principal: string, path: readonly string[]): string {
  return `${principal}\0${mailboxPathKey(path)}`
}

export function metaKey(mailbox: MailboxId | undefined, principal: string | null, key: string): string {
  return `${mailbox ?? ''}\0${principal ?? ''}\0${key}`
}

/** Drops keys that are older than they have to be kept, and the oldest beyond `most`; the map is in the order of age. */
export function forgetOldKeys(keys: Map<string, { readonly at: number }>, before: number, most: number): void {
  for (const [key, { at }] of keys) {
    if (at >= before && keys.size <= most) return
    keys.delete(key)
  }
}
