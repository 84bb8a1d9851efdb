import { type FileHandle, open } from 'node:fs/promises'
import { StoreError } from '@posthouse/store-api'
import { tailPath } from './files.js'

/** Octets read at once. While one piece is being used the next is on its way. */
const PIECE = 256 * 1024

/**
 * The octets of a tail from `start` up to `end`. `reuse`: a piece's memory is used again after the next one was asked for.
 * @throws StoreError `nonexistent`, `unavailable`
 */
export async function* readTail(
  tails: string,
  blob: number,
  start: number,
  end: number,
  reuse: boolean,
): AsyncGenerator<Uint8Array> {
  const file = await openTail(tails, blob)
  const free: Uint8Array[] = []
  const read = (at: number): Promise<Uint8Array> => {
    const piece = readPiece(file, at, end, free.pop())
    // Whoever stops reading never looks at the piece on its way.
    piece.catch(() => undefined)
    return piece
  }
  try {
    let ahead: Promise<Uint8Array> | null = read(start)
    for (let at = start; ahead; ) {
      const piece: Uint8Array = await ahead
      if (piece.byteLength === 0) throw new StoreError('unavailable', `the file of the octets b${blob} is too short`)
      at += piece.byteLength
      ahead = at < end ? read(at) : null
      yield piece
      if (reuse) free.push(new Uint8Array(piece.buffer))
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

/**
 * Reads into new memory, which a consumer may hand to a socket and go on, or into some that is free again. Memory that
 * comes and goes costs more than reading: the collector is woken for every few pieces of it.
 */
async function readPiece(file: FileHandle, at: number, end: number, free?: Uint8Array): Promise<Uint8Array> {
  const length = Math.min(PIECE, end - at)
  const buffer = free && free.byteLength >= length ? free : Buffer.allocUnsafeSlow(length)
  const { bytesRead } = await file.read(buffer, 0, length, at)
  return bytesRead === buffer.byteLength ? buffer : buffer.subarray(0, bytesRead)
}
