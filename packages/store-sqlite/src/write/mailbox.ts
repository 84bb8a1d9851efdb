import {
  type CreateOp,
  type DropOp,
  type MailboxOp,
  type MetaOp,
  normaliseMailboxPath,
  type OpResult,
  StoreError,
  type SubscribeOp,
} from '@posthouse/store-api'
import { joinPath, splitPath } from '../paths.js'
import { inheritAcl } from './acl.js'
import { claimRole, isInboxText, mailboxByPath, makeMailbox, type Transaction } from './transaction.js'

/** CREATE. */
export function create(tx: Transaction, op: CreateOp): OpResult {
  const path = normaliseMailboxPath(op.path)
  const mailbox = makeMailbox(tx, path, op.role)
  inheritAcl(tx, mailbox, path)
  return { mailbox: String(mailbox.id), uidValidity: mailbox.uidValidity }
}

/** RENAME of one mailbox, its role, and whether it holds messages. */
export function update(tx: Transaction, op: MailboxOp): OpResult {
  const { index } = tx.batch
  const mailbox = tx.mailboxOf(op.id)
  tx.touch(mailbox)
  if (op.path) {
    const path = normaliseMailboxPath(op.path)
    const text = joinPath(path)
    if (isInboxText(mailbox.path)) throw new StoreError('invalid', 'INBOX keeps its name; move its messages instead')
    const before = splitPath(mailbox.path)
    if (path.length > before.length && before.every((segment, i) => segment === path[i])) {
      throw new StoreError('invalid', 'a mailbox cannot be moved under itself')
    }
    const other = mailboxByPath(tx.batch, tx.account, text)
    if (other && other !== mailbox) throw new StoreError('exists', 'a mailbox of this name exists')
    mailbox.path = text
    tx.batch.paths.clear()
    index.execute('UPDATE mailbox SET path=? WHERE id=?', text, mailbox.id)
  }
  if (op.role !== undefined) {
    if (op.role !== null) claimRole(tx, op.role, mailbox)
    mailbox.role = op.role
    index.execute('UPDATE mailbox SET role=? WHERE id=?', op.role, mailbox.id)
  }
  if (op.noSelect !== undefined) {
    mailbox.noSelect = op.noSelect
    index.execute('UPDATE mailbox SET noselect=? WHERE id=?', op.noSelect ? 1 : 0, mailbox.id)
  }
  return { mailbox: String(mailbox.id), uidValidity: mailbox.uidValidity }
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
  const path = joinPath(normaliseMailboxPath(op.path))
  const whose = tx.guest?.principal ?? ''
  const changed = op.on
    ? tx.batch.index.run(
        'INSERT OR IGNORE INTO subscribed(account, principal, path) VALUES(?,?,?)',
        tx.account.id,
        whose,
        path,
      )
    : tx.batch.index.run(
        'DELETE FROM subscribed WHERE account=? AND principal=? AND path=?',
        tx.account.id,
        whose,
        path,
      )
  if (changed > 0) tx.touchAccount()
  return {}
}

/** SETMETADATA. */
export function annotate(tx: Transaction, op: MetaOp): OpResult {
  const mailbox = op.mailbox === undefined ? null : tx.mailboxOf(op.mailbox)
  const key = [tx.account.id, mailbox?.id ?? 0, op.private ? tx.principal : '', op.key] as const
  if (op.value) {
    tx.batch.index.execute(
      'INSERT OR REPLACE INTO meta(account, mailbox, principal, key, value) VALUES(?,?,?,?,?)',
      ...key,
      op.value,
    )
  } else if (
    tx.batch.index.run('DELETE FROM meta WHERE account=? AND mailbox=? AND principal=? AND key=?', ...key) === 0
  ) {
    return {}
  }
  if (!mailbox) {
    tx.touchAccount()
    return {}
  }
  // RFC 7162 §3.2: an annotation is a change of its mailbox.
  tx.touch(mailbox)
  return { mailbox: String(mailbox.id) }
}
