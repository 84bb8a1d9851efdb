import { type Source, type Staged, StoreError } from '@posthouse/store-api'
import { blobName } from '../blob-id.js'
import type { SqliteLimits } from '../limits.js'
import { CHUNK_BYTES } from '../sql/schema.js'
import type { Backend } from '../thread/backend.js'

/** Octets gathered before they are handed to the writer, while the next ones are awaited: 4 chunks. */
const FLIGHT_CHUNKS = 4
/** Octets of the first buffer when nobody said how much will come. */
const FIRST_BUFFER = 8192

/** Takes octets while they stream: at most two flights of them are in memory. Durable when it resolves. */
export async function stage(
  backend: Backend,
  limits: SqliteLimits,
  clock: () => number,
  bytes: Source,
  expected: number | undefined,
): Promise<Staged> {
  if (expected !== undefined && expected > limits.messageBytes) throw tooLarge(limits)
  let buffer = allocate(Math.min(CHUNK_BYTES, Math.max(expected ?? FIRST_BUFFER, 1)))
  let filled = 0
  let size = 0
  let full: Uint8Array[] = []
  let sent = 0
  let blob = 0
  let flight: Promise<number> | null = null

  /** Hands over what is full; waits for the flight before it. */
  async function send(total?: number): Promise<void> {
    if (flight) blob = await flight
    const chunks = full
    full = []
    flight = backend.write<'put'>({
      type: 'put',
      blob,
      first: sent,
      chunks,
      ...(total !== undefined && { size: total }),
    })
    // Failures are seen when the flight is awaited; until then they are not unhandled.
    flight.catch(() => undefined)
    sent += chunks.length
  }

  try {
    for await (const piece of bytes) {
      size += piece.byteLength
      if (size > limits.messageBytes) throw tooLarge(limits)
      let from = 0
      while (from < piece.byteLength) {
        const want = Math.min(piece.byteLength - from, CHUNK_BYTES - filled)
        if (filled + want > buffer.byteLength) buffer = grow(buffer, filled, filled + want)
        buffer.set(piece.subarray(from, from + want), filled)
        filled += want
        from += want
        if (filled === CHUNK_BYTES) {
          full.push(buffer)
          buffer = backend.chunk()
          filled = 0
          if (full.length === FLIGHT_CHUNKS) await send()
        }
      }
    }
    if (filled > 0) full.push(filled === buffer.byteLength ? buffer : buffer.subarray(0, filled))
    // The lease runs from when the writer begins, which is not before now.
    const expires = clock() + limits.lease
    await send(size)
    const id = await (flight as unknown as Promise<number>)
    return { blob: blobName(id), size, expires }
  } catch (error) {
    if (flight) void discard(backend, flight)
    throw error
  }
}

/** Takes back what a broken stream left; a failure is the collector's work. */
async function discard(backend: Backend, flight: Promise<number>): Promise<void> {
  try {
    await backend.write<'discard'>({ type: 'discard', blob: await flight })
  } catch {
    // The lease runs out, and the collector finds it.
  }
}

function tooLarge(limits: SqliteLimits): StoreError {
  return new StoreError('toolarge', `a message may have ${limits.messageBytes} octets`)
}

/** Not zeroed and not from Node's shared pool: it may be moved to another thread. */
function allocate(octets: number): Uint8Array {
  return Buffer.allocUnsafeSlow(octets)
}

function grow(buffer: Uint8Array, filled: number, needed: number): Uint8Array {
  const larger = allocate(Math.min(CHUNK_BYTES, Math.max(needed, buffer.byteLength * 2)))
  larger.set(buffer.subarray(0, filled))
  return larger
}
