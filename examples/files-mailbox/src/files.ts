import { createHash } from 'node:crypto'
import { createReadStream, type Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { composeMessage } from '@posthouse/mime/compose'
import { type ByteRange, StoreError, type UnnumberedMessage, type UnnumberedSource } from '@posthouse/store-api'
import { lengthOf, slice } from './octets.js'

/** Names a file as it is now: a file that was written again is a new message, because octets of a message never change. */
const keyOf = (name: string, size: number, changed: number): string => `${name}/${size}/${Math.floor(changed)}`

const WHOLE: ByteRange = { start: 0 }

/**
 * A folder as an account: the files in it are INBOX, each folder below it a mailbox. Mail files (`.eml`) show as they
 * are, all others as a message with the file attached.
 */
export function folderSource(root: string): UnnumberedSource {
  const sizes = new Map<string, number>()
  const pathOf = (mailbox: string): string => (mailbox === 'INBOX' ? root : join(root, mailbox))

  const visible = async (folder: string, wanted: (entry: Dirent) => boolean): Promise<string[]> =>
    (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => !entry.name.startsWith('.') && wanted(entry))
      .map((entry) => entry.name)
      .sort()

  async function describe(mailbox: string, name: string): Promise<UnnumberedMessage> {
    const { size, mtimeMs } = await stat(join(pathOf(mailbox), name))
    const key = keyOf(name, size, mtimeMs)
    const blob = JSON.stringify([mailbox, name, size, mtimeMs])
    if (!sizes.has(blob)) sizes.set(blob, name.endsWith('.eml') ? size : await lengthOf(attached(blob)))
    return { key, blob, flags: 0, size: sizes.get(blob) as number, internalDate: Math.floor(mtimeMs) }
  }

  /** The same octets each time: nothing in them is random or depends on the clock. */
  function attached(blob: string) {
    const [mailbox, name, , mtimeMs] = JSON.parse(blob) as [string, string, number, number]
    const id = createHash('sha256').update(blob).digest('hex').slice(0, 32)
    let made = 0
    return composeMessage(
      {
        from: 'files@localhost',
        to: 'me@localhost',
        subject: name,
        text: `${name}, as it lies in ${mailbox === 'INBOX' ? 'the folder' : mailbox}.`,
        date: new Date(mtimeMs),
        attachments: [{ filename: basename(name), content: createReadStream(join(pathOf(mailbox), name)) }],
      },
      { createId: () => `${id}${made++}` },
    )
  }

  async function unchanged(blob: string): Promise<string> {
    const [mailbox, name, size, mtimeMs] = JSON.parse(blob) as [string, string, number, number]
    const file = join(pathOf(mailbox), name)
    const now = await stat(file).catch(() => null)
    if (now?.size !== size || now.mtimeMs !== mtimeMs) throw new StoreError('nonexistent', `${name} was changed`)
    return file
  }

  return {
    async mailboxes() {
      const folders = await visible(root, (entry) => entry.isDirectory() && entry.name.toUpperCase() !== 'INBOX')
      return ['INBOX', ...folders].map((name) => ({ key: name, path: [name] }))
    },
    async *messages(mailbox) {
      const names = await visible(pathOf(mailbox), (entry) => entry.isFile())
      const messages = await Promise.all(names.map((name) => describe(mailbox, name)))
      yield messages.sort((one, other) => one.internalDate - other.internalDate)
    },
    async *read(blob, range = WHOLE) {
      const { start, end = Number.MAX_SAFE_INTEGER } = range
      const file = await unchanged(blob)
      if (!file.endsWith('.eml')) yield* slice(attached(blob), start, end)
      else if (end > start) yield* createReadStream(file, { start, end: end - 1 }) as AsyncIterable<Uint8Array>
    },
  }
}
