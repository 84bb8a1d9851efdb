import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memorySpool, type Spool, type SpooledMessage, type SpoolWriter } from '../session/index.js'

/** What `fileSpool` takes; everything has a default. */
export interface FileSpoolOptions {
  /** Where the files go while they are needed. Default: the system's folder for temporary files. */
  readonly folder?: string
  /** Octets of a message that are kept in memory before a file is made. Default: 65,536. */
  readonly memory?: number
}

/** Octets that are read from a file at a time. */
const PIECE = 65_536

/**
 * Keeps big messages in files, so that handlers can read a message of any size in ranges. Files have no purpose beyond
 * the handlers' work and have no name in the folder, where the system lets them: nothing is left of them, however the process
 * ends. A message is not made durable by its file. `octets()` of a message that is in a
 * file throws: handlers of such a server `read` it.
 */
export function fileSpool(options: FileSpoolOptions = {}): Spool {
  const { folder = tmpdir(), memory = 65_536 } = options
  return {
    open() {
      const inMemory = memorySpool.open()
      let size = 0
      let file: FileWriter | null = null
      let aborted = false
      return {
        async write(octets) {
          size += octets.length
          if (!file && size <= memory) return inMemory.write(octets)
          if (!file) {
            file = await createFile(join(folder, `posthouse-${randomUUID()}`))
            if (aborted) return file.abort()
            await file.write((await inMemory.finish()).octets())
          }
          await file.write(octets)
        },
        finish: () => file?.finish() ?? inMemory.finish(),
        abort() {
          aborted = true
          inMemory.abort()
          file?.abort()
        },
      }
    },
  }
}

type FileWriter = SpoolWriter

async function createFile(path: string): Promise<FileWriter> {
  const handle = await open(path, 'wx+', 0o600)
  // Nobody needs its name: so nothing is left of it when this process dies. Where a system keeps what is open, it goes later.
  const nameless = await rm(path).then(
    () => true,
    () => false,
  )
  let size = 0
  const remove = async (): Promise<void> => {
    await handle.close()
    if (!nameless) await rm(path, { force: true })
  }
  return {
    async write(octets) {
      let written = 0
      while (written < octets.length) {
        written += (await handle.write(octets, written, octets.length - written, size + written)).bytesWritten
      }
      size += octets.length
    },
    abort() {
      // A write that is still going on fails; the message is lost anyway.
      remove().catch(() => {})
    },
    finish(): SpooledMessage {
      return {
        octets() {
          throw new Error(`this message of ${size} octets is in a file: use read()`)
        },
        async *read(range) {
          const end = Math.min(range?.end ?? size, size)
          for (let at = range?.start ?? 0; at < end; ) {
            const piece = new Uint8Array(Math.min(PIECE, end - at))
            const { bytesRead } = await handle.read(piece, 0, piece.length, at)
            if (bytesRead === 0) throw new Error('the spool file has become shorter')
            yield piece.subarray(0, bytesRead)
            at += bytesRead
          }
        },
        release: remove,
      }
    },
  }
}
