import { type MetaOp, type OpResult, StoreError } from '@posthouse/store-api'
import type { Transaction } from './transaction.js'

/** SETMETADATA. */
export function annotate(tx: Transaction, op: MetaOp): OpResult {
  const mailbox = op.mailbox === undefined ? null : tx.mailboxOf(op.mailbox)
  const key = [tx.account.id, mailbox?.id ?? 0, op.private ? tx.principal : '', op.key] as const
  if (op.value) {
    checkRoom(tx, key, op.value.byteLength)
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

const OCTETS = 'octet_length(key) + length(value)'

/** What is there may shrink, whatever the limits are now. @throws StoreError `limit` */
function checkRoom(
  { batch, account }: Transaction,
  key: readonly [account: number, mailbox: number, principal: string, key: string],
  octets: number,
): void {
  const { index, limits } = batch
  if (octets > limits.annotationBytes) {
    throw new StoreError('limit', `an annotation may have ${limits.annotationBytes} octets`)
  }
  const found = index.get(`SELECT ${OCTETS} FROM meta WHERE account=? AND mailbox=? AND principal=? AND key=?`, ...key)
  const before = found?.[0] as number | undefined
  const after = Buffer.byteLength(key[3]) + octets
  if (before !== undefined && after <= before) return
  const all = index.get(`SELECT count(*), coalesce(sum(${OCTETS}), 0) FROM meta WHERE account=?`, account.id)
  const [count, total] = all as readonly number[]
  if (before === undefined && count >= limits.annotations) {
    throw new StoreError('limit', `an account may have ${limits.annotations} annotations`)
  }
  if (total - (before ?? 0) + after > limits.annotationTotal) {
    throw new StoreError('limit', `the annotations of an account may have ${limits.annotationTotal} octets`)
  }
}
