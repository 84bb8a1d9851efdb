import { type FileHandle, open, rm } from 'node:fs/promises'
import { createFolderMaker, failing, flushFolder, full } from './durable.js'
import { tailFolder, tailPath } from './files.js'

/** Makes tails in the folder of a store. */
export interface TailMaker {
  /** Begins the tail of a blob whose row is durable. @throws StoreError `unavailable` */
  create(blob: number): Promise<TailWriter>
}

/** The tail of a blob that is being staged. */
export interface TailWriter {
  /** Octets so far. */
  readonly size: number
  /** Writes pieces one behind the other. They may be used again when this has resolved. @throws StoreError `unavailable` */
  write(pieces: readonly Uint8Array[]): Promise<void>
  /** Flushes the file and its entry in the folder: what `write` took is durable. @throws StoreError `unavailable` */
  finish(): Promise<void>
  /** Takes everything back. Never rejects. */
  abandon(): Promise<void>
}

/** For the tails below a folder, which may be missing. */
export function createTailMaker(tails: string): TailMaker {
  const folders = createFolderMaker(tails)
  return {
    create: (blob) =>
      failing(async () => {
        await folders.make(tailFolder(tails, blob))
        // Emptied when it is there: nobody else has this number, so it is left over.
        return writerOf(await open(tailPath(tails, blob), 'w', 0o600), tails, blob)
      }),
  }
}

function writerOf(file: FileHandle, tails: string, blob: number): TailWriter {
  let size = 0
  return {
    get size() {
      return size
    },
    write: (pieces) =>
      failing(async () => {
        await writeAll(file, pieces, size)
        for (const { byteLength } of pieces) size += byteLength
      }),
    finish: () =>
      failing(async () => {
        await file.datasync()
        await file.close()
        await flushFolder(tailFolder(tails, blob))
      }),
    async abandon() {
      await file.close().catch(() => undefined)
      await rm(tailPath(tails, blob), { force: true }).catch(() => undefined)
    },
  }
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], start: number): Promise<void> {
  let { bytesWritten: done } = await file.writev(pieces as Uint8Array[], start)
  let at = start
  for (const piece of pieces) {
    // A disk that is full takes a part. The rest is tried again, which says why it cannot be written.
    let from = Math.min(done, piece.byteLength)
    done -= from
    while (from < piece.byteLength) {
      const { bytesWritten } = await file.write(piece, from, piece.byteLength - from, at + from)
      if (bytesWritten === 0) throw full()
      from += bytesWritten
    }
    at += piece.byteLength
  }
}
