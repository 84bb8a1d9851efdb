import { createHash } from 'node:crypto'
import type { ThreadKeys } from '@posthouse/store-api'
import type { Connection } from '../sql/connection.js'
import type { Transaction } from './transaction.js'

/** Ids of one message that are looked at: the newest of a long list of references, which stand last (RFC 5322 §3.6.4). */
const MAX_IDS = 50

/**
 * The thread of the first id that is known together with the subject; else a new one, numbered as the content that
 * begins it. All ids of the message lead to it from then on, until the last message of the conversation is collected.
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

/** Ids that one message keeps for others of its conversation that are gone: one that never ends must not grow for ever. */
const MAX_KEPT = 1_000

/** A content goes: a message of the same conversation that is there keeps its ids. Without one they are forgotten. */
export function releaseThreadKeys(index: Connection, account: number, content: number): void {
  const thread = index.get('SELECT thread FROM thread_key WHERE content=? LIMIT 1', content)?.[0]
  if (thread === undefined) return
  const heir = index.get(
    `SELECT m.content FROM mailbox b INDEXED BY mailbox_path
     CROSS JOIN msg m INDEXED BY msg_thread ON m.mailbox=b.id AND m.thread=?
     WHERE b.account=? AND b.dropped_at IS NULL LIMIT 1`,
    thread,
    account,
  )?.[0]
  if (heir !== undefined) {
    const kept = index.get('SELECT count(*) FROM thread_key WHERE content=?', heir)?.[0] as number
    index.execute(
      `UPDATE thread_key SET content=? WHERE account=? AND key IN
       (SELECT key FROM thread_key WHERE content=? LIMIT ?)`,
      heir,
      account,
      content,
      Math.max(MAX_KEPT - kept, 0),
    )
  }
  index.execute('DELETE FROM thread_key WHERE content=?', content)
}

/** 52 bits of a digest: nobody can make two conversations one by choosing an id. */
function keyOf(id: string, subject: string): number {
  return Number.parseInt(createHash('sha1').update(id).update('\0').update(subject).digest('hex').slice(0, 13), 16)
}
