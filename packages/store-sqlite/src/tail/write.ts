import { type FileHandle, open, rm } from 'node:fs/promises'
import { StoreError } from '@posthouse/store-api'
import { makeTailFolder, tailPath } from './files.js'

/** The tail of a blob that is being staged. */
export interface TailWriter {
  /** Octets so far. */
  readonly size: number
  /** Writes pieces one behind the other. They may be used again when this has resolved. @throws StoreError `unavailable` */
  write(pieces: readonly Uint8Array[]): Promise<void>
  /** Flushes the file and its entry in the folder: what `write` took is durable. */
  finish(): Promise<void>
  /** Takes everything back. Never rejects. */
  abandon(): Promise<void>
}

/** Begins the tail of a blob whose row is there. @throws StoreError `unavailable` */
export async function createTail(tails: string, blob: number): Promise<TailWriter> {
  const path = tailPath(tails, blob)
  const { folders, file } = await failing(async () => ({
    folders: makeTailFolder(tails, blob),
    file: await open(path, 'wx'),
  }))
  let size = 0
  return {
    get size() {
      return size
    },
    write: (pieces) =>
      failing(async () => {
        const wanted = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
        const { bytesWritten } = await file.writev(pieces as Uint8Array[], size)
        // A disk that is full may take a part.
        if (bytesWritten < wanted) throw full()
        size += bytesWritten
      }),
    finish: () =>
      failing(async () => {
        await file.datasync()
        await file.close()
        for (const folder of folders) await flushFolder(folder)
      }),
    async abandon() {
      await file.close().catch(() => undefined)
      await rm(path, { force: true }).catch(() => undefined)
    },
  }
}

async function flushFolder(folder: string): Promise<void> {
  let opened: FileHandle
  try {
    opened = await open(folder, 'r')
  } catch {
    // Some systems cannot open folders, and have no need of it.
    return
  }
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}

function full(cause?: unknown): StoreError {
  return new StoreError('unavailable', 'the disk of the store is full', { cause })
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw full(error)
    throw new StoreError('unavailable', `a file of the store failed: ${message}`, { cause: error })
  }
}
