/** Files that are missing, may not be written, or were changed by a newer release: nothing is lost, and the error says what to do. */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../src/index.js'
import { filesOf } from '../src/sql/connection.js'
import { mailOf } from './mail.js'
import { temporaryFolder, withDatabase } from './test-store.js'

let folder: ReturnType<typeof temporaryFolder>
let store: SqliteStore
beforeEach(async () => {
  folder = temporaryFolder()
  store = await open()
  await store.addAccount('anna')
  await deliver('m1')
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

const open = () => openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0 })

async function deliver(name: string): Promise<void> {
  const octets = [mailOf(name, 100)]
  const [done] = await store.deliverOctets({
    octets,
    summary: new Uint8Array(1),
    to: [{ account: 'anna', dedup: name }],
  })
  if (done instanceof Error) throw done
}

async function messages(): Promise<number> {
  return (await (await store.open('anna')).mailboxes())[0].messages
}

const refused = (message: string) => ({
  name: 'StoreError',
  code: 'unavailable',
  message: expect.stringContaining(message),
})

describe('a file that is missing at opening', () => {
  test.each(['index', 'blobs'] as const)('%s.db is missed, and nothing is made in its place', async (name) => {
    await store.close()
    const file = filesOf(folder.path)[name]
    copyFileSync(file, `${folder.path}/kept`)
    rmSync(file)
    const before = readdirSync(folder.path).filter((entry) => !entry.startsWith('index.db'))
    await expect(open()).rejects.toMatchObject(refused(`${file} is missing`))
    expect(readdirSync(folder.path).filter((entry) => !entry.startsWith('index.db'))).toEqual(before)
    copyFileSync(`${folder.path}/kept`, file)
    store = await open()
    expect(await messages()).toBe(1)
    expect((await store.verify()).problems).toEqual([])
  })

  test('an empty file goes on without the octets that are lost', async () => {
    await store.close()
    rmSync(filesOf(folder.path).blobs)
    writeFileSync(filesOf(folder.path).blobs, '')
    store = await open()
    await deliver('m2')
    expect(await messages()).toBe(2)
  })

  test('a store that was made and never used may begin anew', async () => {
    await store.close()
    for (const entry of readdirSync(folder.path)) rmSync(`${folder.path}/${entry}`)
    store = await open()
    await store.close()
    rmSync(filesOf(folder.path).blobs)
    store = await open()
  })
})

test.skipIf(process.platform === 'win32').each(['index', 'blobs'] as const)(
  'what is written after %s.db was deleted would go with the process, and is refused',
  async (name) => {
    const file = filesOf(folder.path)[name]
    rmSync(file)
    await expect(deliver('m2')).rejects.toMatchObject(refused(`${file} was deleted`))
    expect(await messages()).toBe(1)
  },
)

test.each(['index', 'blobs'] as const)('a newer release changes %s.db while the store is open', async (name) => {
  const file = filesOf(folder.path)[name]
  const version = withDatabase(file, (db) => {
    const [had] = db.prepare('PRAGMA user_version').get() as readonly number[]
    db.exec(`CREATE TABLE newer(x); PRAGMA user_version=${had + 1}`)
    return had
  })
  await expect(deliver('m2')).rejects.toMatchObject(refused(`a newer release has changed ${file}`))
  expect(await messages()).toBe(1)
  withDatabase(file, (db) => db.exec(`PRAGMA user_version=${version}`))
  await deliver('m2')
  expect(await messages()).toBe(2)
})

describe('what may not be written', () => {
  const isRoot = process.getuid?.() === 0

  test.skipIf(isRoot || process.platform === 'win32').each(['', '/index.db', '/blobs.db'])(
    'a mode without the right to write: %s',
    async (what) => {
      await store.close()
      chmodSync(folder.path + what, 0o500)
      await expect(open()).rejects.toMatchObject(refused(`may not read and write ${folder.path}${what}:`))
      chmodSync(folder.path + what, 0o700)
      store = await open()
      expect(await messages()).toBe(1)
    },
  )

  test.skipIf(!isRoot || process.platform !== 'linux')('a disk that is read only (made by root)', async () => {
    await store.close()
    const mount = (...args: string[]) => expect(String(spawnSync('mount', [...args, folder.path]).stderr)).toBe('')
    mount('--bind', folder.path)
    mount('-o', 'remount,bind,ro')
    try {
      await expect(open()).rejects.toMatchObject(refused(`may not read and write ${folder.path}:`))
      const below = openSqliteStore({ path: `${folder.path}/below`, threads: 0 })
      await expect(below).rejects.toMatchObject(refused(`the folder ${folder.path}/below cannot be made`))
    } finally {
      spawnSync('umount', ['-l', folder.path])
    }
    store = await open()
    expect(await messages()).toBe(1)
  })
})
