import { constants } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { filesOf, type StoreFiles } from '../sql/connection.js'
import { makeTailFolder, tailPath } from '../tail/files.js'
import type { Backend } from '../thread/backend.js'

/** ms for which the collector stands still; said again while a backup runs. */
const HOLD = 60 * 60_000

/**
 * Copies the index first and the octets second: octets without rows do no harm, rows without octets would. The
 * collector, of whatever process, stands still meanwhile.
 */
export async function backupTo(backend: Backend, from: StoreFiles, clock: () => number, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const files = filesOf(folder)
  const hold = (): Promise<null> => backend.write<'hold'>({ type: 'hold', until: clock() + HOLD })
  await hold()
  const timer = setInterval(() => void hold().catch(() => undefined), HOLD / 2)
  try {
    await backend.read<'backup'>({ type: 'backup', part: 'index', file: files.index })
    await backend.read<'backup'>({ type: 'backup', part: 'blobs', file: files.blobs })
    for (const blob of await backend.read<'tails'>({ type: 'tails' })) {
      makeTailFolder(files.tails, blob)
      // Where the file system can, the copy shares its blocks.
      await copyFile(tailPath(from.tails, blob), tailPath(files.tails, blob), constants.COPYFILE_FICLONE)
    }
  } finally {
    clearInterval(timer)
  }
}
