/** Pushes a message that streams in to a store that pulls it. */
import type { Source, Staged } from './types.js'

/** Octets that are kept back before a store is asked: messages below it are staged in one call without a stream. */
const SMALL = 65_536

/** Octets of a block. */
const BLOCK = 16_384
/** Blocks kept for reuse. */
const KEPT_BLOCKS = 128

/** Blocks that are used again: most messages fit into one, and new memory for each would only be work for the collector. */
export interface BlockPool {
  take(): Uint8Array
  give(blocks: readonly Uint8Array[]): void
}

/** Makes a pool for the messages of one handler. */
export function createBlockPool(): BlockPool {
  const free: Uint8Array[] = []
  return {
    take: () => free.pop() ?? new Uint8Array(BLOCK),
    give(blocks) {
      for (const block of blocks) if (free.length < KEPT_BLOCKS) free.push(block)
    },
  }
}

/** Takes octets with `write` and gives them to `stage` of a store. */
export interface StageFeed {
  /** The next octets, which are not kept beyond the returned promise. It is there when the store is behind: wait for it. */
  write(octets: Uint8Array): void | Promise<void>
  /** All octets, when none has been given to the store yet and no more come; they are not staged then. Else `null`. */
  whole(): readonly Uint8Array[] | null
  /** No more octets come: resolves when they are durable. @throws what `stage` throws, also when it has given up before. */
  finish(): Promise<Staged>
  /** Nobody reads what `whole` has given any more. */
  release(): void
  /** The message will not be complete: a store that has begun to stage it is told by an error. */
  abort(): void
}

/**
 * Makes the feed of one message. `hint`: octets that are expected. `pool`: where `whole` gets its memory, when the store promises
 * to be done with it; default: memory of its own for each piece.
 */
export function createStageFeed(
  stage: (bytes: Source, hint?: { readonly size?: number }) => Promise<Staged>,
  hint: number | null,
  pool?: BlockPool,
): StageFeed {
  /** Octets in front of the pipe; those of a pool are full but for the last, which has so many. */
  let blocks: Uint8Array[] = []
  let filled = 0
  let size = 0
  let pipe: Pipe | null = null
  let staged: Promise<Staged> | null = null
  /** The store has given up: what still comes is dropped, and `finish` says why. */
  let failed = false

  async function send(octets: readonly Uint8Array[]): Promise<void> {
    if (failed) return
    if (!pipe) {
      const started = new Pipe()
      pipe = started
      staged = stage(started, hint === null ? undefined : { size: hint })
      // A store that fails must not leave the writer waiting.
      staged.catch((error: unknown) => started.fail(error))
    }
    try {
      for (const piece of octets) await pipe.push(piece)
    } catch {
      failed = true
    }
  }

  function keep(octets: Uint8Array): void {
    if (!pool) {
      blocks.push(new Uint8Array(octets))
      return
    }
    for (let from = 0; from < octets.length; ) {
      if (blocks.length === 0 || filled === BLOCK) {
        blocks.push(pool.take())
        filled = 0
      }
      const count = Math.min(octets.length - from, BLOCK - filled)
      blocks[blocks.length - 1].set(octets.subarray(from, from + count), filled)
      filled += count
      from += count
    }
  }

  function kept(): Uint8Array[] {
    if (!pool) return blocks
    const last = blocks.length - 1
    return blocks.map((block, i) => (i === last ? block.subarray(0, filled) : block))
  }

  async function sendKept(): Promise<void> {
    const pieces = kept()
    const sent = blocks
    blocks = []
    await send(pieces)
    // The store has asked for more, and so is done with them. One that has given up may hold the last of them.
    if (!failed) pool?.give(sent)
  }

  return {
    write(octets) {
      size += octets.length
      // A big piece with nothing before it goes through without a copy: the store is done with it when it asks again.
      if (blocks.length === 0 && octets.length >= SMALL / 2 && size > octets.length) return send([octets])
      if (pipe) return send([new Uint8Array(octets)])
      keep(octets)
      if (size >= SMALL) return sendKept()
    },
    whole: () => (pipe ? null : kept()),
    async finish() {
      if (!pipe) return stage(kept(), { size })
      pipe.end()
      return staged as Promise<Staged>
    },
    release() {
      pool?.give(blocks)
      blocks = []
    },
    abort() {
      blocks = []
      pipe?.fail(new Error('the message was not completed'))
    },
  }
}

/** One piece at a time from a writer to a reader; the writer waits until the reader asks for the next one. */
class Pipe implements AsyncIterable<Uint8Array> {
  #piece: Uint8Array | null = null
  #ended = false
  #error: { readonly value: unknown } | null = null
  #taken: { resolve: () => void; reject: (error: unknown) => void } | null = null
  #wanted: ((result: Promise<IteratorResult<Uint8Array>>) => void) | null = null
  #reading = false

  push(piece: Uint8Array): Promise<void> {
    if (this.#error) return Promise.reject(this.#error.value)
    return new Promise((resolve, reject) => {
      this.#taken = { resolve, reject }
      if (this.#wanted) this.#give(piece)
      else this.#piece = piece
    })
  }

  end(): void {
    this.#ended = true
    this.#wanted?.(Promise.resolve({ done: true, value: undefined }))
    this.#wanted = null
  }

  fail(error: unknown): void {
    if (this.#error) return
    this.#error = { value: error }
    this.#wanted?.(Promise.reject(error))
    this.#wanted = null
    this.#taken?.reject(error)
    this.#taken = null
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => {
        // Asking for more says that the last piece is done with.
        if (this.#reading) {
          this.#reading = false
          this.#taken?.resolve()
          this.#taken = null
        }
        return new Promise((resolve) => {
          if (this.#error) return resolve(Promise.reject(this.#error.value))
          this.#wanted = resolve
          if (this.#piece) this.#give(this.#piece)
          else if (this.#ended) this.end()
        })
      },
      return: async () => {
        this.fail(new Error('the store stopped reading'))
        return { done: true, value: undefined }
      },
    }
  }

  #give(piece: Uint8Array): void {
    const wanted = this.#wanted
    this.#wanted = null
    this.#piece = null
    this.#reading = true
    wanted?.(Promise.resolve({ done: false, value: piece }))
  }
}
