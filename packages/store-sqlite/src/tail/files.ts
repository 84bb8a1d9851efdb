import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CHUNK_BYTES } from '../sql/schema.js'

/**
 * Long messages: what stands first lies in chunks like every other message, the rest, the _tail_, in a file of its own. Octets
 * in chunks are written twice, into the log and into the table, and cross to a thread of their own; a file takes them once.
 *
 * - The row in `blob` is durable before its file is made, and the file with its name before the row says `done`. So a file
 *   without a row is left over from a crash or a failed removal, and nobody needs it (`sweepTails`), unless messages name it.
 * - A tail whose row says `done` never changes. Numbers are not used again, so a name stands for the same octets for ever.
 * - The collector removes the row first and the file when that is durable.
 */

/** Octets that lie in chunks, in front of a tail, when nobody said how many come. */
export const HEAD_BYTES = 16 * CHUNK_BYTES
/** Octets that lie in chunks when it was said that more than `HEAD_BYTES` come: what is read without the rest. */
export const SHORT_HEAD_BYTES = 4 * CHUNK_BYTES

/** Folders among which tails are spread. */
const SPREAD = 256

/** The folder of a blob's tail. */
export function tailFolder(tails: string, blob: number): string {
  return join(tails, (blob % SPREAD).toString(16).padStart(2, '0'))
}

/** The file of a blob's tail. */
export function tailPath(tails: string, blob: number): string {
  return join(tailFolder(tails, blob), String(blob))
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
      // Left for the sweep: some systems remove no file that is being read.
    }
  }
}

/** Removes tails that nobody wants: a crash came between the row's end and the file's. */
export function sweepTails(tails: string, isWanted: (blob: number) => boolean): void {
  for (let n = 0; n < SPREAD; n++) {
    const blobs = entries(tailFolder(tails, n)).map(Number)
    removeTails(
      tails,
      blobs.filter((blob) => Number.isSafeInteger(blob) && !isWanted(blob)),
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
