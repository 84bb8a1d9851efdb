/** Which conversation a message belongs to. */
import type { ThreadKeys } from '../types.js'
import type { Transaction } from './transaction.js'

/** Ids of one message that are looked at: the newest of a long list of references, which stand last (RFC 5322 §3.6.4). */
const maxIds = 50

/**
 * The thread of the first id that is known together with the subject; else a new one, named after the message. All ids
 * of the message lead to it from then on.
 */
export function threadOf(tx: Transaction, { ids, subject }: ThreadKeys, emailId: string): string | undefined {
  if (ids.length === 0) return undefined
  const { threads } = tx.state
  const keys = ids.slice(-maxIds).map((id) => `${id}\0${subject}`)
  const known = keys.map((key) => threads.get(key)).find((thread) => thread !== undefined)
  const thread = known ?? `t${emailId.slice(1)}`
  for (const key of keys) {
    if (threads.has(key)) continue
    threads.set(key, thread)
    tx.undo.push(() => threads.delete(key))
  }
  for (const key of threads.keys()) {
    if (threads.size <= tx.limits.maxThreadKeys) break
    threads.delete(key)
  }
  return thread
}
