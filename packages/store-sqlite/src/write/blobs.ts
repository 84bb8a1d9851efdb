import { StoreError } from '@posthouse/store-api'
import type { SqliteLimits } from '../limits.js'
import type { Connection } from '../sql/connection.js'
import { MAX_CHUNKS } from '../sql/schema.js'
import type { WriteRequest } from './requests.js'

type PutRequest = Extract<WriteRequest, { type: 'put' }>

/** Octets that are durable and have a lease. */
export interface KnownBlob {
  readonly id: number
  readonly size: number
}

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
      if (next > first) blobs.execute("UPDATE counter SET value=? WHERE name='blob'", next)
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
    blobs.execute('INSERT INTO blob(id, size, lease, done) VALUES(?,?,?,?)', id, request.size ?? 0, lease, done)
  } else {
    const { size = 0, tail = 0 } = request
    const known = blobs.run('UPDATE blob SET size=?, lease=?, done=?, tail=? WHERE id=?', size, lease, done, tail, id)
    if (known === 0) throw new StoreError('expired', 'the octets came too slowly and were collected; stage them again')
  }
  let chunk = id * MAX_CHUNKS + request.first
  for (const data of request.chunks) blobs.execute('INSERT INTO chunk(id, data) VALUES(?,?)', chunk++, data)
  return id
}

/** Writes octets that need no more than one chunk. @returns the number of the blob */
export function putWhole(
  blobs: Connection,
  numbers: BlobNumbers,
  octets: Uint8Array,
  now: number,
  limits: SqliteLimits,
): number {
  const chunks = octets.byteLength > 0 ? [octets] : []
  return putChunks(blobs, numbers, { type: 'put', blob: 0, first: 0, chunks, size: octets.byteLength }, now, limits)
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

/** Removes a blob and its chunks. Its tail, if there is one, has to go once this is durable. @returns is there one? */
export function deleteBlob(blobs: Connection, id: number): boolean {
  blobs.execute('DELETE FROM chunk WHERE id BETWEEN ? AND ?', id * MAX_CHUNKS, id * MAX_CHUNKS + MAX_CHUNKS - 1)
  // A tail that is still being written is not in the row yet, but all chunks in front of it are.
  const tail = blobs.get('DELETE FROM blob WHERE id=? RETURNING tail > 0 OR done = 0', id)?.[0]
  return tail === 1
}
