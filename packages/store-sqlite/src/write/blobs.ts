import { StoreError } from '@posthouse/store-api'
import type { SqliteLimits } from '../limits.js'
import type { Connection } from '../sql/connection.js'
import { MAX_CHUNKS } from '../sql/schema.js'
import type { WriteRequest } from './requests.js'

type PutRequest = Extract<WriteRequest, { type: 'put' }>

/** Gives out blob numbers inside one transaction. */
export interface BlobNumbers {
  next(): number
  flush(): void
}

export function blobNumbers(blobs: Connection): BlobNumbers {
  let first = 0
  let next = 0
  return {
    next() {
      if (next === 0) {
        first = blobs.get("SELECT value FROM counter WHERE name='blob'")?.[0] as number
        next = first
      }
      return next++
    },
    flush() {
      if (next > first) blobs.run("UPDATE counter SET value=? WHERE name='blob'", next)
    },
  }
}

/** Writes chunks of a blob and renews its lease. @throws StoreError `toolarge`, `expired` */
export function putChunks(
  blobs: Connection,
  numbers: BlobNumbers,
  request: PutRequest,
  now: number,
  limits: SqliteLimits,
): number {
  if (request.first + request.chunks.length > MAX_CHUNKS) throw new StoreError('toolarge', 'the message is too large')
  const done = request.size === undefined ? 0 : 1
  const lease = now + limits.lease
  let id = request.blob
  if (id === 0) {
    id = numbers.next()
    blobs.run('INSERT INTO blob(id, size, lease, done) VALUES(?,?,?,?)', id, request.size ?? 0, lease, done)
  } else {
    const known = blobs.run('UPDATE blob SET size=?, lease=?, done=? WHERE id=?', request.size ?? 0, lease, done, id)
    if (known === 0) throw new StoreError('expired', 'the octets came too slowly and were collected; stage them again')
  }
  let chunk = id * MAX_CHUNKS + request.first
  for (const data of request.chunks) blobs.run('INSERT INTO chunk(id, data) VALUES(?,?)', chunk++, data)
  return id
}

/** Lets a commit name octets that are there already. @returns how many octets, or `null` when they are gone */
export function renewLease(blobs: Connection, id: number, lease: number): number | null {
  const row = blobs.get(
    'UPDATE blob SET lease=max(coalesce(lease, 0), ?) WHERE id=? AND done=1 RETURNING size',
    lease,
    id,
  )
  return (row?.[0] as number | undefined) ?? null
}

/** Removes a blob and its chunks. */
export function deleteBlob(blobs: Connection, id: number): void {
  blobs.run('DELETE FROM chunk WHERE id BETWEEN ? AND ?', id * MAX_CHUNKS, id * MAX_CHUNKS + MAX_CHUNKS - 1)
  blobs.run('DELETE FROM blob WHERE id=?', id)
}
