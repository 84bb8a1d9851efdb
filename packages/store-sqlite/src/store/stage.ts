import { type Source, type Staged, StoreError } from '@posthouse/store-api'
import { blobName } from '../blob-id.js'
import type { SqliteLimits } from '../limits.js'
import { CHUNK_BYTES } from '../sql/schema.js'
import { HEAD_BYTES, SHORT_HEAD_BYTES } from '../tail/files.js'
import type { TailMaker, TailWriter } from '../tail/write.js'
import type { Backend } from '../thread/backend.js'

/** Chunks gathered before they are handed on, while the next ones are awaited. */
const FLIGHT_CHUNKS = 4
/** Octets of the first buffer when nobody said how much will come. */
const FIRST_BUFFER = 8192

/** What staging works with. */
export interface StageSetup {
  readonly backend: Backend
  readonly tails: TailMaker
  readonly limits: SqliteLimits
  readonly clock: () => number
}

/** Takes octets while they stream: at most two flights of them are in memory. Durable when it resolves. */
export async function stage(setup: StageSetup, bytes: Source, expected: number | undefined): Promise<Staged> {
  const { limits } = setup
  if (expected !== undefined && expected > limits.messageBytes) throw tooLarge(limits)
  const flights = createFlights(setup, expected !== undefined && expected > HEAD_BYTES ? SHORT_HEAD_BYTES : HEAD_BYTES)
  let buffer = setup.backend.buffer(Math.min(CHUNK_BYTES, Math.max(expected ?? FIRST_BUFFER, 1)))
  let filled = 0
  let size = 0
  let full: Uint8Array[] = []
  try {
    for await (const piece of bytes) {
      size += piece.byteLength
      if (size > limits.messageBytes) throw tooLarge(limits)
      let from = 0
      while (from < piece.byteLength) {
        const want = Math.min(piece.byteLength - from, CHUNK_BYTES - filled)
        if (filled + want > buffer.byteLength) buffer = grow(setup.backend, buffer, filled, filled + want)
        buffer.set(piece.subarray(from, from + want), filled)
        filled += want
        from += want
        if (filled === CHUNK_BYTES) {
          full.push(buffer)
          buffer = flights.buffer()
          filled = 0
          if (full.length === FLIGHT_CHUNKS) {
            await flights.send(full)
            full = []
          }
        }
      }
    }
    if (filled > 0) full.push(filled === buffer.byteLength ? buffer : buffer.subarray(0, filled))
    else setup.backend.giveBack([buffer])
    return await flights.finish(full, size)
  } catch (error) {
    await flights.abandon()
    throw error
  }
}

/** Octets that fit into one chunk, copied into a buffer that may cross to a writer. @throws StoreError `toolarge` */
export function inOneChunk({ backend, limits }: StageSetup, pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (size > limits.messageBytes) throw tooLarge(limits)
  const chunk = backend.buffer(size)
  let filled = 0
  for (const piece of pieces) {
    chunk.set(piece, filled)
    filled += piece.byteLength
  }
  return filled === chunk.byteLength ? chunk : chunk.subarray(0, filled)
}

/** Chunks on their way: so many octets of them to the database, what comes behind to a file. */
interface Flights {
  /** A chunk to be filled. */
  buffer(): Uint8Array
  /** Hands chunks over; waits for the flight before them. */
  send(chunks: readonly Uint8Array[]): Promise<void>
  finish(chunks: readonly Uint8Array[], size: number): Promise<Staged>
  /** Takes everything back. Never rejects. */
  abandon(): Promise<void>
}

function createFlights({ backend, tails, limits, clock }: StageSetup, head: number): Flights {
  const headChunks = head / CHUNK_BYTES
  let sent = 0
  let blob: Promise<number> | null = null
  /** Its number, once a flight has come back with it: a later one may fail. */
  let known = 0
  let tail: TailWriter | null = null
  let writing: Promise<void> = Promise.resolve()
  let renewed = clock()
  /** Chunks of the tail that are written, to be filled again. */
  const spare: Uint8Array[] = []

  async function put(chunks: readonly Uint8Array[], end?: { size: number; tail: number }): Promise<void> {
    if (blob) known = await blob
    blob = backend.write<'put'>({ type: 'put', blob: known, first: sent, chunks, ...end })
    // Failures are seen when the flight is awaited; until then they are not unhandled.
    blob.catch(() => undefined)
    sent += chunks.length
    renewed = clock()
  }

  async function write(chunks: readonly Uint8Array[]): Promise<void> {
    await writing
    tail ??= await tails.create((await blob) as number)
    writing = tail.write(chunks).then(() => {
      for (const { buffer } of chunks) spare.push(new Uint8Array(buffer))
    })
    writing.catch(() => undefined)
    // A stream may take longer than a lease lasts.
    if (clock() - renewed > limits.lease / 4) await put([])
  }

  return {
    buffer: () => spare.pop() ?? backend.buffer(CHUNK_BYTES),
    send: (chunks) => (sent < headChunks ? put(chunks) : write(chunks)),
    async finish(chunks, size) {
      if (sent < headChunks) {
        // The lease runs from when the writer begins, which is not before now.
        const expires = clock() + limits.lease
        await put(chunks, { size, tail: 0 })
        return { blob: blobName(await (blob as unknown as Promise<number>)), size, expires }
      }
      if (chunks.length > 0) await write(chunks)
      await writing
      await tail?.finish()
      backend.giveBack(spare)
      const expires = clock() + limits.lease
      await put([], { size, tail: tail?.size ?? 0 })
      return { blob: blobName(await (blob as unknown as Promise<number>)), size, expires }
    },
    async abandon() {
      await writing.catch(() => undefined)
      await tail?.abandon()
      // Nobody has to wait for the writer.
      if (blob)
        void discard(
          backend,
          blob.catch(() => known),
        )
    },
  }
}

/** Takes back what a broken stream left; a failure is the collector's work. */
async function discard(backend: Backend, flight: Promise<number>): Promise<void> {
  try {
    const blob = await flight
    if (blob > 0) await backend.write<'discard'>({ type: 'discard', blob })
  } catch {
    // The lease runs out, and the collector finds it.
  }
}

function tooLarge(limits: SqliteLimits): StoreError {
  return new StoreError('toolarge', `a message may have ${limits.messageBytes} octets`)
}

function grow(backend: Backend, buffer: Uint8Array, filled: number, needed: number): Uint8Array {
  const larger = backend.buffer(Math.min(CHUNK_BYTES, Math.max(needed, buffer.byteLength * 2)))
  larger.set(buffer.subarray(0, filled))
  backend.giveBack([buffer])
  return larger
}
