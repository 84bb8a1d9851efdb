import { closeSync, openSync, readSync } from 'node:fs'
import { StoreError } from '@posthouse/store-api'
import { tailPath } from './files.js'

/**
 * The octets of a tail from `start` up to `end`, in one piece. The file is opened for each piece: nothing is held while the
 * consumer sleeps (R9). @throws StoreError `nonexistent`, `unavailable`
 */
export function readTail(tails: string, blob: number, start: number, end: number): Uint8Array {
  const file = openTail(tails, blob)
  try {
    const piece = Buffer.allocUnsafeSlow(end - start)
    for (let filled = 0; filled < piece.byteLength; ) {
      const got = readSync(file, piece, filled, piece.byteLength - filled, start + filled)
      if (got === 0) throw new StoreError('unavailable', `the file of the octets b${blob} is too short`)
      filled += got
    }
    return piece
  } finally {
    closeSync(file)
  }
}

function openTail(tails: string, blob: number): number {
  try {
    return openSync(tailPath(tails, blob), 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new StoreError('nonexistent', 'there are no such octets (any more)')
  }
}
