import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImapServer } from '@posthouse/imap'
import { listen } from '@posthouse/imap/node'
import { parseMessage } from '@posthouse/mime'
import { withUidMap } from '@posthouse/store-api'
import { storeChecks } from '@posthouse/store-api/conformance'
import { ImapFlow } from 'imapflow'
import { afterEach, describe, expect, test } from 'vitest'
import { folderSource } from '../src/files.js'
import { uidFiles } from '../src/uid-file.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const MAIL = 'From: ada@example.test\r\nSubject: A letter\r\n\r\nDear all\r\n'
const PICTURE = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)

function fill(): string {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-files-'))
  folders.push(folder)
  writeFileSync(join(folder, 'letter.eml'), MAIL)
  writeFileSync(join(folder, 'picture.png'), PICTURE)
  utimesSync(join(folder, 'letter.eml'), 1_700_000_000, 1_700_000_000)
  utimesSync(join(folder, 'picture.png'), 1_700_000_001, 1_700_000_001)
  mkdirSync(join(folder, 'Bills'))
  writeFileSync(join(folder, 'Bills', 'July.txt'), '12 EUR\n')
  return folder
}

const storeOf = (folder: string) => {
  const account = withUidMap(folderSource(folder), uidFiles(join(folder, '.uids')))
  return { open: async () => account }
}

describe('the contract of a mail store', () => {
  const make = () => {
    const folder = fill()
    const notes: string[] = []
    let made = 0
    const application = {
      add: () => {
        notes.push(join(folder, `note-${++made}.txt`))
        writeFileSync(notes[notes.length - 1], 'new')
      },
      removeNewest: () => rmSync(notes.pop() as string),
    }
    return { store: storeOf(folder), account: 'me', application, close: () => {} }
  }
  for (const check of storeChecks({ make, patience: 4 })) test(check.name, check.run)
})

async function connect(port: number): Promise<ImapFlow> {
  const auth = { user: 'me', pass: 'secret' }
  const client = new ImapFlow({ host: '127.0.0.1', port, secure: false, auth, logger: false })
  await client.connect()
  return client
}

test('imapflow reads files', async () => {
  const folder = fill()
  const open = () => createImapServer({ store: storeOf(folder), authenticate: (user) => user })
  const uids: number[] = []
  // UIDs stay when the server starts again.
  for (let start = 0; start < 2; start++) {
    await using server = await listen(open(), { port: 0 })
    const client = await connect(server.port)
    expect((await client.list()).map(({ path }) => path).sort()).toEqual(['Bills', 'INBOX'])
    await client.mailboxOpen('INBOX')
    const [letter, picture] = await client.fetchAll('1:*', { source: true, uid: true })
    expect(letter.source?.toString()).toBe(MAIL)
    const [attachment] = parseMessage(picture.source as Uint8Array).attachments
    expect(attachment.filename).toBe('picture.png')
    expect(Buffer.compare(attachment.bytes(), PICTURE)).toBe(0)
    uids.push(letter.uid, picture.uid)
    const part = await client.download('2', '2')
    const pieces: Buffer[] = []
    for await (const piece of part.content ?? []) pieces.push(piece)
    expect(Buffer.compare(Buffer.concat(pieces), PICTURE)).toBe(0)
    await client.logout()
  }
  expect(uids).toEqual([1, 2, 1, 2])
})
