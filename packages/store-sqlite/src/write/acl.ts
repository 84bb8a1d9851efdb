import { type AclOp, changeRights, checkIdentifier, type OpResult, StoreError } from '@posthouse/store-api'
import { joinPath } from '../paths.js'
import type { MailboxState } from './state.js'
import { mailboxByPath, type Transaction } from './transaction.js'

/** SETACL and DELETEACL (RFC 4314 §3.1, §3.2). */
export function changeAcl(tx: Transaction, op: AclOp): OpResult {
  const { index, limits } = tx.batch
  const mailbox = tx.mailboxOf(op.in)
  const result = { mailbox: String(mailbox.id) }
  const identifier = checkIdentifier(tx.account.name, op.identifier)
  const row = index.get('SELECT rights FROM acl WHERE mailbox=? AND identifier=?', mailbox.id, identifier)
  const before = (row?.[0] as string | undefined) ?? ''
  const after = changeRights(before, op)
  if (after === before) return result
  const lines = index.get('SELECT count(*) FROM acl WHERE mailbox=?', mailbox.id)?.[0] as number
  if (before === '' && lines >= limits.accessList) {
    throw new StoreError('limit', `an access list may have ${limits.accessList} lines`)
  }
  if (after === '') index.execute('DELETE FROM acl WHERE mailbox=? AND identifier=?', mailbox.id, identifier)
  else
    index.execute(
      'INSERT OR REPLACE INTO acl(mailbox, identifier, rights) VALUES(?,?,?)',
      mailbox.id,
      identifier,
      after,
    )
  tx.touchAccount(mailbox)
  return result
}

/** The nearest mailbox above a path. */
export function parentOf(tx: Transaction, path: readonly string[]): MailboxState | undefined {
  for (let depth = path.length - 1; depth > 0; depth--) {
    const parent = mailboxByPath(tx.batch, tx.account, joinPath(path.slice(0, depth)))
    if (parent) return parent
  }
  return undefined
}

/** A new mailbox starts with the list of its parent. */
export function inheritAcl(tx: Transaction, mailbox: MailboxState, path: readonly string[]): void {
  const parent = parentOf(tx, path)
  if (!parent) return
  tx.batch.index.execute(
    'INSERT INTO acl(mailbox, identifier, rights) SELECT ?, identifier, rights FROM acl WHERE mailbox=?',
    mailbox.id,
    parent.id,
  )
}
