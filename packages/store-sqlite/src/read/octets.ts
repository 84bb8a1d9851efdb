import { StoreError } from '@posthouse/store-api'
import type { Connection } from '../sql/connection.js'
import { CHUNK_BYTES, MAX_CHUNKS } from '../sql/schema.js'
import { readTail } from '../tail/read.js'
import type { ReadAnswers, ReadRequest } from './requests.js'

/** Octets of a range of a blob, as many as a few chunks hold; the cost is that of the range. @throws StoreError `unavailable` */
export function readOctets(
  blobs: Connection,
  tails: string,
  { blob, start, end, chunks: most }: Extract<ReadRequest, { type: 'octets' }>,
): ReadAnswers['octets'] {
  const row = blobs.get('SELECT size, done, tail FROM blob WHERE id=?', blob)
  if (row?.[1] !== 1) return null
  const size = row[0] as number
  const head = size - (row[2] as number)
  const stop = Math.min(end, size)
  if (start >= stop) return { pieces: [], size }
  const pieces =
    start < head
      ? readChunks(blobs, blob, start, Math.min(stop, head), most)
      : [readTail(tails, blob, start - head, Math.min(stop - head, start - head + most * CHUNK_BYTES))]
  return { pieces, size }
}

/** Chunks are found by their number. */
function readChunks(blobs: Connection, blob: number, start: number, stop: number, most: number): Uint8Array[] {
  const first = Math.floor(start / CHUNK_BYTES)
  const last = Math.min(Math.floor((stop - 1) / CHUNK_BYTES), first + most - 1)
  const base = blob * MAX_CHUNKS
  const chunks = blobs.all('SELECT data FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id', base + first, base + last)
  if (chunks.length <= last - first) throw new StoreError('unavailable', `chunks of the octets b${blob} are missing`)
  return chunks.map(([data], i) => {
    const chunk = data as Uint8Array
    const offset = (first + i) * CHUNK_BYTES
    const from = Math.max(start - offset, 0)
    const to = Math.min(stop - offset, chunk.byteLength)
    return from === 0 && to === chunk.byteLength ? chunk : chunk.slice(from, to)
  })
}
