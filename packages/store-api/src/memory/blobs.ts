/**
 * The octets of a memory store.
 *
 * A blob lives while a row names it, while its lease runs (staged octets wait for their commit), and for a grace time
 * after its last row is gone (R7: a FETCH in another session may still be reading it). Only the collector deletes.
 */
import { StoreError } from '../errors.js'
import type { ByteRange, Source, Staged } from '../types.js'
import type { MemoryLimits } from './options.js'

/** Blobs larger than this are kept in pieces of this many octets. */
const pieceOctets = 64 * 1024

export interface Blob {
  readonly id: string
  readonly size: number
  /** All of `pieceOctets`, except the last one. */
  readonly pieces: readonly Uint8Array[]
  /** Milliseconds since the epoch. Not collected before. */
  keepUntil: number
  expires: number
  /** Contents that name it, over all accounts. */
  references: number
}

export interface Blobs {
  stage(bytes: Source, hint?: { readonly size?: number }): Promise<Staged>
  /** The blob of a commit, with its lease checked. @throws StoreError `expired` */
  claim(staged: Staged): Blob
  /** Lets octets that are there already be named by a commit. @throws StoreError `nonexistent` */
  restage(id: string): Staged
  release(blob: Blob): void
  read(id: string, range?: ByteRange): Source
  find(id: string): Blob | undefined
  /** Frees what nobody can read any more and returns the number of blobs freed. */
  collect(): number
  readonly octets: number
}

export function createBlobs(limits: MemoryLimits): Blobs {
  const blobs = new Map<string, Blob>()
  let octets = 0
  let made = 0
  let collected = 0

  /** Half of a lease or grace time after the last one; also when the clock was set back behind it. */
  function collectSometimes(): void {
    const since = limits.clock() - collected
    if (since < 0 || since > Math.min(limits.leaseMs, limits.graceMs) / 2) collect()
  }

  function collect(): number {
    const now = limits.clock()
    collected = now
    let freed = 0
    for (const blob of blobs.values()) {
      if (blob.references > 0 || blob.keepUntil > now) continue
      blobs.delete(blob.id)
      octets -= blob.size
      freed++
    }
    return freed
  }

  function reserve(size: number, total: number): void {
    if (total > limits.maxMessageBytes) {
      throw new StoreError('toolarge', `a message may have ${limits.maxMessageBytes} octets here`)
    }
    if (octets + size > limits.maxBytes) collect()
    if (octets + size > limits.maxBytes) {
      throw new StoreError('limit', `the memory store is full: maxBytes is ${limits.maxBytes}`)
    }
    octets += size
  }

  return {
    get octets() {
      return octets
    },
    collect,
    find: (id) => blobs.get(id),

    async stage(bytes, hint) {
      collectSometimes()
      const pieces: Uint8Array[] = []
      const tail = createTail(hint?.size)
      let size = 0
      try {
        for await (const chunk of bytes) {
          reserve(chunk.length, size + chunk.length)
          size += chunk.length
          tail.add(chunk, pieces)
        }
      } catch (error) {
        octets -= size
        throw error
      }
      tail.end(pieces)
      const expires = limits.clock() + limits.leaseMs
      const id = `b${(++made).toString(36)}`
      blobs.set(id, { id, size, pieces, keepUntil: expires, expires, references: 0 })
      return { blob: id, size, expires }
    },

    claim(staged) {
      const blob = blobs.get(staged.blob)
      if (!blob || limits.clock() > blob.expires) {
        throw new StoreError('expired', 'the staged octets have expired; stage them again')
      }
      return blob
    },

    restage(id) {
      const blob = blobs.get(id)
      if (!blob) throw new StoreError('nonexistent', `no octets named ${id}; they were collected, or never were`)
      const expires = limits.clock() + limits.leaseMs
      blob.expires = Math.max(blob.expires, expires)
      blob.keepUntil = Math.max(blob.keepUntil, expires)
      return { blob: id, size: blob.size, expires }
    },

    release(blob) {
      if (--blob.references === 0) blob.keepUntil = Math.max(blob.expires, limits.clock() + limits.graceMs)
    },

    read(id, range) {
      const blob = blobs.get(id)
      if (!blob) throw new StoreError('nonexistent', `no octets named ${id}; they were collected, or never were`)
      return pieceViews(blob, Math.max(0, range?.start ?? 0), Math.min(blob.size, range?.end ?? blob.size))
    },
  }
}

/** Views of the stored pieces; nothing is copied. The consumer must not write into them. */
function* pieceViews(blob: Blob, start: number, end: number): Generator<Uint8Array, void, undefined> {
  while (start < end) {
    const index = Math.floor(start / pieceOctets)
    const base = index * pieceOctets
    const to = Math.min(end, base + pieceOctets)
    yield blob.pieces[index]!.subarray(start - base, to - base)
    start = to
  }
}

/** The piece that is being filled. It grows by doubling, so that a small message takes little and a long one few copies. */
function createTail(sizeHint = 0) {
  let buffer = new Uint8Array(0)
  let used = 0

  function grow(wanted: number): void {
    const size = Math.min(pieceOctets, Math.max(wanted, buffer.length * 2, Math.min(sizeHint, pieceOctets)))
    const larger = new Uint8Array(size)
    larger.set(buffer.subarray(0, used))
    buffer = larger
  }

  return {
    add(chunk: Uint8Array, pieces: Uint8Array[]): void {
      for (let from = 0; from < chunk.length; ) {
        const take = Math.min(chunk.length - from, pieceOctets - used)
        if (used + take > buffer.length) grow(used + take)
        buffer.set(chunk.subarray(from, from + take), used)
        used += take
        from += take
        if (used < pieceOctets) continue
        pieces.push(buffer)
        buffer = new Uint8Array(0)
        used = 0
      }
    },
    end(pieces: Uint8Array[]): void {
      if (used > 0) pieces.push(used === buffer.length ? buffer : buffer.slice(0, used))
    },
  }
}
