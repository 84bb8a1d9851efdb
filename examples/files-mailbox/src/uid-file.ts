import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { applyUidMapChange, type UidMapState, type UidSidecar } from '@posthouse/store-api'

/** Keeps UIDs in a JSON file for each mailbox. For one process: two would need a lock around `save`. */
export function uidFiles(folder: string): UidSidecar {
  const fileOf = (mailbox: string): string =>
    join(folder, `${createHash('sha256').update(mailbox).digest('hex').slice(0, 24)}.json`)

  async function load(mailbox: string): Promise<UidMapState | null> {
    const text = await readFile(fileOf(mailbox), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    return text === null ? null : (JSON.parse(text) as UidMapState)
  }

  return {
    load,
    async save(mailbox, expected, change) {
      const state = await load(mailbox)
      if ((state?.modseq ?? 0) !== expected) return false
      await mkdir(folder, { recursive: true })
      await replaceFile(fileOf(mailbox), JSON.stringify(applyUidMapChange(state, change)))
      return true
    },
  }
}

/** All or nothing, also when the power fails: a UID that a client was told must never name another message. */
async function replaceFile(file: string, text: string): Promise<void> {
  const made = await open(`${file}.new`, 'w')
  try {
    await made.writeFile(text)
    await made.sync()
  } finally {
    await made.close()
  }
  await rename(`${file}.new`, file)
}
