import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreError } from '@posthouse/store-api'

/** Makes the entries of a folder durable: names of files that were made, moved or removed in it. */
export async function flushFolder(folder: string): Promise<void> {
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

/** Makes folders that last: each with its entry in the folder above it. */
export interface FolderMaker {
  /** Makes a folder below `root`, and what is missing above it. */
  make(folder: string): Promise<void>
}

/**
 * `root` may be missing; what it stands in is there. A folder that is there already may have been made by somebody whose flush
 * is still to come, so the first use of each is a flush of its own.
 */
export function createFolderMaker(root: string): FolderMaker {
  const durable = new Set<string>()
  return {
    async make(folder) {
      if (durable.has(folder)) return
      await mkdir(folder, { recursive: true, mode: 0o700 })
      for (let at = folder; !durable.has(at); at = dirname(at)) {
        await flushFolder(dirname(at))
        durable.add(at)
        if (at === root) break
      }
    },
  }
}

/** No room for a file. */
export function full(cause?: unknown): StoreError {
  return new StoreError('unavailable', 'the disk of the store is full', { cause })
}

/** Does what may fail with an error of the file system. @throws StoreError `unavailable` */
export async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw full(error)
    throw new StoreError('unavailable', `a file of the store failed: ${message}`, { cause: error })
  }
}
