import { type FileHandle, open } from 'node:fs/promises'
import { StoreError } from '@posthouse/store-api'
import { tailPath } from './files.js'

/** Octets read at once. While one piece is being used the next is on its way. */
const PIECE = 256 * 1024

/** The octets of a tail from `start` up to `end`. @throws StoreError `nonexistent`, `unavailable` */
export async function* readTail(tails: string, blob: number, start: number, end: number): AsyncGenerator<Uint8Array> {
  const file = await openTail(tails, blob)
  try {
    let ahead: Promise<Uint8Array> | null = readPiece(file, start, end)
    for (let at = start; ahead; ) {
      const piece: Uint8Array = await ahead
      if (piece.byteLength === 0) throw new StoreError('unavailable', `the file of the octets b${blob} is too short`)
      at += piece.byteLength
      ahead = at < end ? readPiece(file, at, end) : null
      // Whoever stops reading never looks at the piece on its way.
      ahead?.catch(() => undefined)
      yield piece
    }
  } finally {
    await file.close()
  }
}

async function openTail(tails: string, blob: number): Promise<FileHandle> {
  try {
    return await open(tailPath(tails, blob), 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new StoreError('nonexistent', 'there are no such octets (any more)')
    }
    throw new StoreError('unavailable', `a file of the store cannot be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Each piece is new memory: the consumer may hand it to a socket and go on. */
async function readPiece(file: FileHandle, at: number, end: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, end - at))
  const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at)
  return bytesRead === buffer.byteLength ? buffer : buffer.subarray(0, bytesRead)
}
