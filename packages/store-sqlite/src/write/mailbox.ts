import {
  type CreateOp,
  type DropOp,
  type MailboxOp,
  normaliseMailboxPath,
  type OpResult,
  StoreError,
  type SubscribeOp,
} from '@posthouse/store-api'
import { joinPath, splitPath } from '../paths.js'
import { inheritAcl } from './acl.js'
import type { MailboxState } from './state.js'
import { claimRole, isInboxText, mailboxByPath, makeMailbox, type Transaction } from './transaction.js'

/** CREATE. */
export function create(tx: Transaction, op: CreateOp): OpResult {
  const path = normaliseMailboxPath(op.path)
  const mailbox = makeMailbox(tx, path, op.role)
  inheritAcl(tx, mailbox, path)
  return { mailbox: String(mailbox.id), uidValidity: mailbox.uidValidity }
}

/** RENAME of one mailbox, its role, and whether it holds messages. What is so already is no change (R5). */
export function update(tx: Transaction, op: MailboxOp): OpResult {
  const { index } = tx.batch
  const mailbox = tx.mailboxOf(op.id)
  if (op.path) rename(tx, mailbox, normaliseMailboxPath(op.path))
  if (op.role !== undefined && op.role !== mailbox.role) {
    if (op.role !== null) claimRole(tx, op.role, mailbox)
    tx.touch(mailbox)
    mailbox.role = op.role
    index.execute('UPDATE mailbox SET role=? WHERE id=?', op.role, mailbox.id)
  }
  if (op.noSelect !== undefined && op.noSelect !== mailbox.noSelect) {
    if (op.noSelect && isInboxText(mailbox.path)) throw new StoreError('invalid', 'INBOX always holds messages')
    if (op.noSelect && mailbox.total > 0) throw new StoreError('invalid', 'expunge the messages first')
    tx.touch(mailbox)
    mailbox.noSelect = op.noSelect
    index.execute('UPDATE mailbox SET noselect=? WHERE id=?', op.noSelect ? 1 : 0, mailbox.id)
  }
  return { mailbox: String(mailbox.id), uidValidity: mailbox.uidValidity }
}

/** Id and UIDVALIDITY stay (R8). */
function rename(tx: Transaction, mailbox: MailboxState, path: readonly string[]): void {
  const text = joinPath(path)
  if (text === mailbox.path) return
  if (isInboxText(mailbox.path)) throw new StoreError('invalid', 'INBOX keeps its name; move its messages instead')
  const before = splitPath(mailbox.path)
  if (path.length > before.length && before.every((segment, i) => segment === path[i])) {
    throw new StoreError('invalid', 'a mailbox cannot be moved under itself')
  }
  if (mailboxByPath(tx.batch, tx.account, text)) throw new StoreError('exists', 'a mailbox of this name exists')
  tx.touch(mailbox)
  mailbox.path = text
  tx.batch.paths.clear()
  tx.batch.index.execute('UPDATE mailbox SET path=? WHERE id=?', text, mailbox.id)
}

/** DELETE: one row changes, however many messages there are; the rest is purged in steps. */
export function drop(tx: Transaction, op: DropOp): OpResult {
  const { batch, account } = tx
  const mailbox = tx.mailboxOf(op.id)
  if (isInboxText(mailbox.path)) throw new StoreError('invalid', 'INBOX cannot be deleted')
  tx.touch(mailbox)
  account.bytes -= mailbox.bytes
  account.messages -= mailbox.total
  mailbox.dropped = true
  batch.paths.clear()
  batch.index.execute('UPDATE mailbox SET dropped_at=? WHERE id=?', batch.now, mailbox.id)
  return { mailbox: String(mailbox.id) }
}

/** SUBSCRIBE and UNSUBSCRIBE: by name, whether or not there is such a mailbox; each principal for itself. */
export function subscribe(tx: Transaction, op: SubscribeOp): OpResult {
  const { index, limits } = tx.batch
  const key = [tx.account.id, tx.guest?.principal ?? '', joinPath(normaliseMailboxPath(op.path))] as const
  const is = index.get('SELECT 1 FROM subscribed WHERE account=? AND principal=? AND path=?', ...key) !== undefined
  if (is === op.on) return {}
  if (op.on) {
    const have = index.get('SELECT count(*) FROM subscribed WHERE account=?', tx.account.id)?.[0] as number
    if (have >= limits.subscriptions) {
      throw new StoreError('limit', `an account may have ${limits.subscriptions} subscriptions`)
    }
    index.execute('INSERT INTO subscribed(account, principal, path) VALUES(?,?,?)', ...key)
  } else {
    index.execute('DELETE FROM subscribed WHERE account=? AND principal=? AND path=?', ...key)
  }
  tx.touchAccount()
  return {}
}
