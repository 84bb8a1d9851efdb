/** The ops of a commit that change mailboxes, subscriptions and annotations. */
import { StoreError } from '../errors.js'
import { isBelow, isInbox, mailboxPathKey, normaliseMailboxPath } from '../mailbox-name.js'
import { changeRights, checkIdentifier } from '../rights.js'
import type { AclOp, CreateOp, DropOp, MailboxOp, MetaOp, OpResult, SubscribeOp } from '../types.js'
import { type AccountState, addMailbox, mailboxOf, metaKey, subscriptionKey } from './account.js'
import type { Mailbox } from './mailbox.js'
import { releaseContent, type Transaction, touch } from './transaction.js'

export function create(tx: Transaction, op: CreateOp): OpResult {
  const { state } = tx
  const path = normaliseMailboxPath(op.path)
  if (state.byPath.has(mailboxPathKey(path))) throw new StoreError('exists', 'there is a mailbox of this name')
  if (state.mailboxes.size >= tx.limits.maxMailboxes) {
    throw new StoreError('limit', `an account has at most ${tx.limits.maxMailboxes} mailboxes here`)
  }
  if (op.role !== undefined) requireFreeRole(tx, op.role, undefined)
  const mailbox = addMailbox(state, path, tx.modseq)
  mailbox.role = op.role
  for (const [identifier, rights] of parentOf(state, path)?.acl ?? []) mailbox.acl.set(identifier, rights)
  state.modseq = tx.modseq
  tx.touched.add(mailbox)
  tx.undo.push(() => {
    state.mailboxes.delete(mailbox.id)
    state.byPath.delete(mailboxPathKey(path))
  })
  return { mailbox: mailbox.id, uidValidity: mailbox.uidValidity }
}

/** The nearest mailbox above a path. */
export function parentOf(state: AccountState, path: readonly string[]): Mailbox | undefined {
  for (let depth = path.length - 1; depth > 0; depth--) {
    const parent = state.byPath.get(mailboxPathKey(path.slice(0, depth)))
    if (parent) return parent
  }
  return undefined
}

function requireFreeRole(tx: Transaction, role: string, holder: Mailbox | undefined): void {
  for (const mailbox of tx.state.mailboxes.values()) {
    if (mailbox.role === role && mailbox !== holder) {
      throw new StoreError('exists', `another mailbox has the role "${role}"`)
    }
  }
}

export function changeMailbox(tx: Transaction, op: MailboxOp): OpResult {
  const mailbox = mailboxOf(tx.state, op.id)
  if (op.path) rename(tx, mailbox, normaliseMailboxPath(op.path))
  const role = op.role === undefined ? mailbox.role : (op.role ?? undefined)
  if (role !== mailbox.role) {
    if (role !== undefined) requireFreeRole(tx, role, mailbox)
    touchInfo(tx, mailbox)
    mailbox.role = role
  }
  if (op.noSelect !== undefined && op.noSelect !== mailbox.noSelect) {
    if (op.noSelect && isInbox(mailbox.path)) throw new StoreError('invalid', 'INBOX always holds messages')
    if (op.noSelect && mailbox.messages > 0) throw new StoreError('invalid', 'expunge the messages first')
    touchInfo(tx, mailbox)
    mailbox.noSelect = op.noSelect
  }
  return { mailbox: mailbox.id, uidValidity: mailbox.uidValidity }
}

/** What changes is not in the messages: the account's clock goes on, the mailbox's stays (R5). */
function touchInfo(tx: Transaction, mailbox: Mailbox): void {
  touch(tx, mailbox)
  tx.state.modseq = tx.modseq
}

/** Id and UIDVALIDITY stay (R8). */
function rename(tx: Transaction, mailbox: Mailbox, path: readonly string[]): void {
  const { byPath } = tx.state
  const from = mailboxPathKey(mailbox.path)
  const to = mailboxPathKey(path)
  if (from === to) return
  if (isInbox(mailbox.path)) throw new StoreError('invalid', 'INBOX cannot be renamed; move its messages')
  if (isBelow(path, mailbox.path)) throw new StoreError('invalid', 'a mailbox cannot move below itself')
  if (byPath.has(to)) throw new StoreError('exists', 'there is a mailbox of the new name')
  touchInfo(tx, mailbox)
  byPath.delete(from)
  byPath.set(to, mailbox)
  mailbox.path = path
  tx.undo.push(() => {
    byPath.delete(to)
    byPath.set(from, mailbox)
  })
}

export function dropMailbox(tx: Transaction, op: DropOp): OpResult {
  const { state } = tx
  const mailbox = mailboxOf(state, op.id)
  if (isInbox(mailbox.path)) throw new StoreError('invalid', 'INBOX cannot be deleted')
  touchInfo(tx, mailbox)
  const key = mailboxPathKey(mailbox.path)
  state.mailboxes.delete(mailbox.id)
  state.byPath.delete(key)
  state.messages -= mailbox.messages
  state.bytes -= mailbox.bytes
  tx.undo.push(() => {
    state.mailboxes.set(mailbox.id, mailbox)
    state.byPath.set(key, mailbox)
  })
  for (const row of mailbox.rows) if (row) releaseContent(tx, row.content)
  for (const [name, entry] of state.meta) if (entry.mailbox === mailbox.id) removeMeta(tx, name)
  return { mailbox: mailbox.id, uidValidity: mailbox.uidValidity }
}

/** By name: before the mailbox is there and after it has gone (RFC 9051 §6.3.7). */
export function subscribe(tx: Transaction, op: SubscribeOp): OpResult {
  const { subscriptions } = tx.state
  const { principal } = tx.viewer.as
  const path = normaliseMailboxPath(op.path)
  const key = subscriptionKey(principal, path)
  if (subscriptions.has(key) === op.on) return {}
  if (op.on && subscriptions.size >= tx.limits.maxMailboxes * 2) {
    throw new StoreError('limit', 'too many subscriptions')
  }
  const subscription = { principal, path }
  if (op.on) subscriptions.set(key, subscription)
  else subscriptions.delete(key)
  tx.undo.push(() => (op.on ? subscriptions.delete(key) : subscriptions.set(key, subscription)))
  tx.state.modseq = tx.modseq
  tx.accountChanged = true
  return {}
}

/** SETACL and DELETEACL (RFC 4314 §3.1, §3.2). */
export function changeAcl(tx: Transaction, op: AclOp, mailbox: Mailbox): OpResult {
  const { acl } = mailbox
  const identifier = checkIdentifier(tx.state.name, op.identifier)
  const before = acl.get(identifier)
  const after = changeRights(before ?? '', op)
  if (after === (before ?? '')) return { mailbox: mailbox.id }
  if (before === undefined && acl.size >= tx.limits.maxAclEntries) {
    throw new StoreError('limit', `an access list has at most ${tx.limits.maxAclEntries} lines here`)
  }
  if (after === '') acl.delete(identifier)
  else acl.set(identifier, after)
  tx.undo.push(() => (before === undefined ? acl.delete(identifier) : acl.set(identifier, before)))
  touchInfo(tx, mailbox)
  return { mailbox: mailbox.id }
}

export function setMeta(tx: Transaction, op: MetaOp): OpResult {
  const { meta } = tx.state
  const mailbox = op.mailbox === undefined ? undefined : mailboxOf(tx.state, op.mailbox)
  const principal = op.private ? tx.viewer.as.principal : null
  const name = metaKey(op.mailbox, principal, op.key)
  if (op.value === null) {
    if (!meta.has(name)) return {}
    removeMeta(tx, name)
  } else {
    if (op.value.length > tx.limits.maxMetaBytes) {
      throw new StoreError('limit', `an annotation has at most ${tx.limits.maxMetaBytes} octets here`)
    }
    const old = meta.get(name)
    if (!old && meta.size >= tx.limits.maxMetaEntries) throw new StoreError('limit', 'too many annotations')
    meta.set(name, { mailbox: op.mailbox ?? null, key: op.key, value: new Uint8Array(op.value), principal })
    tx.undo.push(() => (old ? meta.set(name, old) : meta.delete(name)))
  }
  tx.state.modseq = tx.modseq
  if (!mailbox) {
    tx.accountChanged = true
    return {}
  }
  touch(tx, mailbox)
  // RFC 7162 §3.2: an annotation is a change of its mailbox.
  mailbox.modseq = tx.modseq
  return { mailbox: mailbox.id }
}

function removeMeta(tx: Transaction, name: string): void {
  const { meta } = tx.state
  const old = meta.get(name)!
  meta.delete(name)
  tx.undo.push(() => meta.set(name, old))
}

/** A mailbox whose messages an op needs. @throws StoreError `nonexistent` */
export function resolveRef(
  tx: Transaction,
  ref: string | { readonly made: number },
  results: readonly OpResult[],
): Mailbox {
  if (typeof ref === 'string') return mailboxOf(tx.state, ref)
  const made = results[ref.made]?.mailbox
  if (made === undefined) throw new StoreError('invalid', `op ${ref.made} of this commit made no mailbox`)
  return mailboxOf(tx.state, made)
}
