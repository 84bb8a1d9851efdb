import { CHUNK_BYTES } from '../sql/schema.js'

/** Buffers kept for reuse: as many as a few long messages have under way. */
const KEPT = 32

/**
 * Buffers of one chunk that travel to the writer and come back. Without it every chunk of a long message would be new
 * memory outside of the heap, which the collector is slow to see.
 */
export interface ChunkPool {
  take(): Uint8Array
  give(buffers: readonly ArrayBuffer[]): void
}

export function createChunkPool(): ChunkPool {
  const free: ArrayBuffer[] = []
  return {
    take() {
      const buffer = free.pop()
      // Not zeroed and not from Node's shared pool: it is moved to another thread.
      return buffer ? new Uint8Array(buffer) : Buffer.allocUnsafeSlow(CHUNK_BYTES)
    },
    give(buffers) {
      for (const buffer of buffers) if (free.length < KEPT && buffer.byteLength === CHUNK_BYTES) free.push(buffer)
    },
  }
}
