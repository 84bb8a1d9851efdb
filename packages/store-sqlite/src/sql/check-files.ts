import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StoreError } from '@posthouse/store-api'
import type { Connection, StoreFiles } from './connection.js'

/** What SQLite makes of a missing file is an empty one, and its errors name no file: so they are looked at before it opens them. */

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined
}

/** @throws StoreError `unavailable`: what is there cannot be written, or octets are there without the index */
export function checkFiles({ index, blobs, search }: StoreFiles): void {
  checkWritable(resolve(dirname(index)))
  // Asked first: they are made after the index, perhaps just now.
  const hasBlobs = isThere(blobs)
  // A new index would name none of them, and the collector would delete them all.
  if (hasBlobs && !isThere(index)) {
    throw new StoreError(
      'unavailable',
      `${index} is missing, without which ${blobs} has no meaning: put it back, or take away both to begin anew`,
    )
  }
  // Logs, too: somebody else may have looked at the store, and left one.
  for (const file of [index, blobs, search])
    for (const end of ['', '-wal', '-shm']) if (isThere(file + end)) checkWritable(file + end)
}

/** @throws StoreError `unavailable`: there are messages, and no file with their octets */
export function checkOctets(index: Connection, files: StoreFiles): void {
  if (isThere(files.blobs) || !index.get('SELECT 1 FROM content LIMIT 1')) return
  throw new StoreError(
    'unavailable',
    `${files.blobs} is missing, which has the octets of all messages: put it back, or make an empty file to go on without them`,
  )
}

/**
 * Asked while the lock for writing is held. What is written to a file that has no name any more is gone with the process; and
 * this release does not know what a newer one wants to be written.
 * @throws StoreError `unavailable`
 */
export function checkInUse(db: Connection, file: string, versions: readonly string[]): void {
  if (!existsSync(file)) {
    throw new StoreError(
      'unavailable',
      `${file} was deleted while the store is open, and what is written now would not last: close it, and put the file back`,
    )
  }
  if ((db.get('PRAGMA user_version')?.[0] as number) > versions.length) {
    throw new StoreError(
      'unavailable',
      `a newer release has changed ${file}: this process has to be started again with it`,
    )
  }
}

function checkWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    const message = `the user of this process may not read and write ${path}: ${(error as Error).message}`
    throw new StoreError('unavailable', message, { cause: error })
  }
}
