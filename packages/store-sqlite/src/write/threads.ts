import { createHash } from 'node:crypto'
import type { ThreadKeys } from '@posthouse/store-api'
import type { Transaction } from './transaction.js'

/** Ids of one message that are looked at: the newest of a long list of references, which stand last (RFC 5322 §3.6.4). */
const MAX_IDS = 50

/**
 * The thread of the first id that is known together with the subject; else a new one, numbered as the content that
 * begins it. All ids of the message lead to it from then on, until that message's content is collected.
 */
export function threadOf(tx: Transaction, { ids, subject }: ThreadKeys, content: number): number | null {
  if (ids.length === 0) return null
  const { index } = tx.batch
  const keys = new Set(ids.slice(-MAX_IDS).map((id) => keyOf(id, subject)))
  let thread: number | undefined
  for (const key of keys) {
    const row = index.get('SELECT thread FROM thread_key WHERE account=? AND key=?', tx.account.id, key)
    if (row) {
      thread = row[0] as number
      break
    }
  }
  thread ??= content
  const sql = 'INSERT OR IGNORE INTO thread_key(account, key, thread, content) VALUES(?,?,?,?)'
  for (const key of keys) index.execute(sql, tx.account.id, key, thread, content)
  return thread
}

/** 52 bits of a digest: nobody can make two conversations one by choosing an id. */
function keyOf(id: string, subject: string): number {
  return Number.parseInt(createHash('sha1').update(id).update('\0').update(subject).digest('hex').slice(0, 13), 16)
}
