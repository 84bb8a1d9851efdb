import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, open, readdir, rm } from 'node:fs/promises'
import { StoreError } from '@posthouse/store-api'
import { filesOf, type StoreFiles } from '../sql/connection.js'
import { createFolderMaker, failing, flushFolder } from '../tail/durable.js'
import { tailFolder, tailPath } from '../tail/files.js'
import type { Backend } from '../thread/backend.js'
import { HOLD } from '../write/hold.js'

/**
 * Copies the index first and the octets second: octets without rows do no harm, rows without octets would. The
 * collector, of whatever process, stands still meanwhile. What a backup that fails has written is removed. The copy of the
 * index bears a mark (`restored.ts`).
 * @throws StoreError `exists` when the folder is not empty, `unavailable`
 */
export async function backupTo(backend: Backend, from: StoreFiles, clock: () => number, folder: string): Promise<void> {
  await failing(async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if ((await readdir(folder)).length > 0)
      throw new StoreError('exists', `a backup goes into an empty folder: ${folder}`)
  })
  const name = randomUUID()
  const hold = (ms: number): Promise<null> => backend.write<'hold'>({ type: 'hold', name, until: clock() + ms })
  await hold(HOLD)
  const timer = setInterval(() => void hold(HOLD).catch(() => undefined), HOLD / 4)
  try {
    await failing(async () => {
      await copyAll(backend, from, filesOf(folder))
      await flushFolder(folder)
    })
  } catch (error) {
    for (const entry of await readdir(folder)) await rm(`${folder}/${entry}`, { recursive: true, force: true })
    throw error
  } finally {
    clearInterval(timer)
    await hold(0).catch(() => undefined)
  }
}

async function copyAll(backend: Backend, from: StoreFiles, to: StoreFiles): Promise<void> {
  await backend.read<'backup'>({ type: 'backup', part: 'index', file: to.index })
  const tails = await backend.read<'backup'>({ type: 'backup', part: 'blobs', file: to.blobs })
  const folders = createFolderMaker(to.tails)
  const filled = new Set<string>()
  for (const blob of tails) {
    const folder = tailFolder(to.tails, blob)
    await folders.make(folder)
    filled.add(folder)
    await copyDurably(tailPath(from.tails, blob), tailPath(to.tails, blob))
  }
  for (const folder of filled) await flushFolder(folder)
}

async function copyDurably(from: string, to: string): Promise<void> {
  // Where the file system can, the copy shares its blocks.
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  const file = await open(to, 'r+')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}
