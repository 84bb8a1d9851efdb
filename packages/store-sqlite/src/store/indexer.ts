import { isStoreError } from '@posthouse/store-api'
import { blobName } from '../blob-id.js'
import type { Backend } from '../thread/backend.js'
import type { SearchText } from '../write/search-index.js'

/** How the text of messages is found: the store itself never reads a message. */
export interface FullTextOptions {
  /** The decoded text of a message (without what was put before it for its recipient); `null`: not to be indexed. */
  readonly textOf: (message: Uint8Array) => SearchText | null | Promise<SearchText | null>
  /**
   * Brings text that is searched for into the form of what `textOf` gives. Case is no matter: the index has none. Default:
   * as it is.
   */
  readonly fold?: (wanted: string) => string
  /** Octets up to which a message is indexed; larger ones are candidates of every search. Default: 2 MiB. */
  readonly maxBytes?: number
}

/** Keeps the full-text index behind the messages, in small steps. */
export interface Indexer {
  /** Something was committed. */
  wake(): void
  /** Resolves when everything is indexed. */
  run(anew?: boolean): Promise<void>
  close(): Promise<void>
}

/** Messages of one step. */
const STEP = 20

export function createIndexer(
  backend: Backend,
  read: (blob: string) => AsyncIterable<Uint8Array>,
  { textOf, maxBytes = 2 * 1024 * 1024 }: FullTextOptions,
): Indexer {
  let running: Promise<void> | null = null
  let wanted = false
  let closed = false

  async function text(blob: number, size: number): Promise<SearchText | null> {
    if (size > maxBytes) return null
    const message = await octetsOf(blob, size)
    if (!message) return null
    try {
      return await textOf(message)
    } catch {
      // One message that cannot be read must not stop the others; it stays a candidate of every search.
      return null
    }
  }

  /** `null` when they are gone, collected since the list was made, or cannot be read: as a text that cannot be. */
  async function octetsOf(blob: number, size: number): Promise<Uint8Array | null> {
    const message = new Uint8Array(size)
    let at = 0
    try {
      for await (const piece of read(blobName(blob))) {
        message.set(piece, at)
        at += piece.byteLength
      }
      return message
    } catch (error) {
      if (isStoreError(error) && (error.code === 'nonexistent' || error.code === 'unavailable')) return null
      throw error
    }
  }

  async function work(): Promise<void> {
    for (;;) {
      const open = closed ? [] : await backend.read<'unindexed'>({ type: 'unindexed', limit: STEP })
      if (open.length === 0) return
      const rows: { content: number; text: SearchText | null }[] = []
      for (const [content, blob, size] of open) rows.push({ content, text: await text(blob, size) })
      await backend.write<'index'>({ type: 'index', anew: false, rows })
    }
  }

  function start(): Promise<void> {
    wanted = false
    running ??= work().finally(() => {
      running = null
      if (wanted && !closed) void start().catch(() => undefined)
    })
    return running
  }

  return {
    wake() {
      wanted = true
      // Failures (a full disk) are tried again with the next commit.
      if (!running && !closed) void start().catch(() => undefined)
    },
    async run(anew = false) {
      if (anew) await backend.write<'index'>({ type: 'index', anew: true, rows: [] })
      await running?.catch(() => undefined)
      await start()
    },
    async close() {
      closed = true
      await running?.catch(() => undefined)
    },
  }
}
