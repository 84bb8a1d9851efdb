import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CHUNK_BYTES } from '../sql/schema.js'

/**
 * Long messages: the first MiB lies in chunks like every other, the rest, the _tail_, in a file of its own, which is read
 * and written without the database at less than half of the cost. Its row in `blob` comes first and says when the tail is
 * whole; a tail never changes after that. So a file without a row is left over from a crash, and nobody needs it.
 */

/** Chunks of a blob that has a tail. */
export const HEAD_CHUNKS = 16
/** Octets of a blob that are not in its tail. */
export const HEAD_BYTES = HEAD_CHUNKS * CHUNK_BYTES

/** Folders among which tails are spread. */
const SPREAD = 256

const folderOf = (tails: string, blob: number): string => join(tails, (blob % SPREAD).toString(16).padStart(2, '0'))

/** The file of a blob's tail. */
export function tailPath(tails: string, blob: number): string {
  return join(folderOf(tails, blob), String(blob))
}

/** Makes the folder of a blob's tail. @returns the folders whose entries have to be flushed for the file to be durable */
export function makeTailFolder(tails: string, blob: number): readonly string[] {
  const folder = folderOf(tails, blob)
  return mkdirSync(folder, { recursive: true }) === undefined ? [folder] : [folder, tails, join(tails, '..')]
}

/** Octets of a tail that is there; 0 when there is none. */
export function tailSize(tails: string, blob: number): number {
  return statSync(tailPath(tails, blob), { throwIfNoEntry: false })?.size ?? 0
}

/** Removes tails whose rows are gone. What cannot be removed now is found by `sweepTails`. */
export function removeTails(tails: string, blobs: readonly number[]): void {
  for (const blob of blobs) {
    try {
      rmSync(tailPath(tails, blob), { force: true })
    } catch {
      // Left for the sweep.
    }
  }
}

/** Removes tails without a row: a crash came between the row's end and the file's. */
export function sweepTails(tails: string, hasRow: (blob: number) => boolean): void {
  for (let n = 0; n < SPREAD; n++) {
    const blobs = entries(folderOf(tails, n)).map(Number)
    removeTails(
      tails,
      blobs.filter((blob) => Number.isSafeInteger(blob) && !hasRow(blob)),
    )
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
