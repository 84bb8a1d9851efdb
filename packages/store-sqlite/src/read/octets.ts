import { StoreError } from '@posthouse/store-api'
import type { Connection } from '../sql/connection.js'
import { CHUNK_BYTES, MAX_CHUNKS } from '../sql/schema.js'
import type { ReadAnswers, ReadRequest } from './requests.js'

/**
 * Octets of a range of a blob, so many chunks at most, found by their number: the cost is that of the range.
 * @throws StoreError `unavailable` when the file has lost some of them: what is left must not pass for the message
 */
export function readOctets(
  blobs: Connection,
  { blob, start, end, chunks: most }: Extract<ReadRequest, { type: 'octets' }>,
): ReadAnswers['octets'] {
  const row = blobs.get('SELECT size, done, tail FROM blob WHERE id=?', blob)
  if (row?.[1] !== 1) return null
  const size = row[0] as number
  const tail = row[2] as number
  const stop = Math.min(end, size - tail)
  if (start >= stop) return { pieces: [], size, tail }
  const first = Math.floor(start / CHUNK_BYTES)
  const last = Math.min(Math.floor((stop - 1) / CHUNK_BYTES), first + most - 1)
  const base = blob * MAX_CHUNKS
  const chunks = blobs.all('SELECT data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id', base + first, base + last)
  const pieces = chunks.map(([data], i) => {
    const chunk = data as Uint8Array
    const offset = (first + i) * CHUNK_BYTES
    const from = Math.max(start - offset, 0)
    const to = Math.min(stop - offset, chunk.byteLength)
    return from === 0 && to === chunk.byteLength ? chunk : chunk.slice(from, to)
  })
  const wanted = Math.min(stop, (last + 1) * CHUNK_BYTES) - start
  if (pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) !== wanted) {
    // The collector may have been by since the row was read.
    if (!blobs.get('SELECT 1 FROM blob WHERE id=?', blob)) return null
    throw new StoreError('unavailable', `the store's file is damaged: chunks of the octets b${blob} are missing`)
  }
  return { pieces, size, tail }
}
