import { CHUNK_BYTES } from '../sql/schema.js'

/** Octets of a small buffer: most messages fit. */
export const SMALL_BYTES = 16 * 1024
/** Chunks kept for reuse, 4 MiB: as many as some twenty long messages have under way. */
const KEPT_CHUNKS = 64
/** Small buffers kept for reuse: one for each message of a large group. */
const KEPT_SMALL = 128

/**
 * Buffers that are used again. Chunks travel to a writer and come back; small ones stay here, because what is in them is
 * copied into a chunk with others before it travels. Without it every message would be new memory outside of the heap,
 * which costs more than its copy and which the collector is slow to see.
 */
export interface ChunkPool {
  /** A buffer with room for so many octets, one chunk at most. */
  take(octets: number): Uint8Array
  give(buffers: readonly ArrayBufferLike[]): void
}

export function createChunkPool(): ChunkPool {
  const chunks: ArrayBufferLike[] = []
  const small: ArrayBufferLike[] = []
  return {
    take(octets) {
      const isSmall = octets <= SMALL_BYTES
      const buffer = (isSmall ? small : chunks).pop()
      // Not zeroed and not from Node's shared pool: it may be moved to another thread.
      return buffer ? new Uint8Array(buffer) : Buffer.allocUnsafeSlow(isSmall ? SMALL_BYTES : CHUNK_BYTES)
    },
    give(buffers) {
      for (const buffer of buffers) {
        if (buffer.byteLength === CHUNK_BYTES && chunks.length < KEPT_CHUNKS) chunks.push(buffer)
        else if (buffer.byteLength === SMALL_BYTES && small.length < KEPT_SMALL) small.push(buffer)
      }
    },
  }
}
