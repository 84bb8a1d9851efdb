import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../src/index.js'
import { mailOf } from './mail.js'
import { temporaryFolder } from './test-store.js'

/** Only root may mount a small disk; elsewhere there is nothing to fill. */
const isRoot = process.getuid?.() === 0 && process.platform === 'linux'

describe.skipIf(!isRoot)('a full disk (a tmpfs of 6 MB, made by root)', () => {
  let folder: ReturnType<typeof temporaryFolder>
  beforeEach(() => {
    folder = temporaryFolder()
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder.path])
    expect(String(mount.stderr)).toBe('')
  })
  afterEach(() => {
    // Lazily: the binding may keep files open until its statements are collected.
    spawnSync('umount', ['-l', folder.path])
    folder.remove()
  })

  async function deliver(store: SqliteStore, name: string, octets: number): Promise<void> {
    const staged = await store.stage([mailOf(name, octets)])
    const [result] = await store.deliver({
      staged,
      summary: new Uint8Array(100),
      to: [{ account: 'anna', dedup: name }],
    })
    if (result instanceof Error) throw result
  }

  test.each([0, 1])('a clean error and a usable store afterwards (threads: %i)', async (threads) => {
    const store = await openSqliteStore({ path: folder.path, threads, maintenanceInterval: 0 })
    await store.addAccount('anna')
    // Room that comes back later.
    const ballast = join(folder.path, 'ballast')
    writeFileSync(ballast, new Uint8Array(2_000_000))
    const delivered: string[] = []
    let refused: unknown
    for (let i = 0; !refused && i < 500; i++) {
      await deliver(store, `m${i}`, 40_000).then(
        () => delivered.push(`m${i}`),
        (error) => {
          refused = error
        },
      )
    }
    expect(delivered.length).toBeGreaterThan(5)
    expect(refused).toMatchObject({ name: 'StoreError', code: 'unavailable', message: 'the disk of the store is full' })

    const account = await store.open('anna')
    expect((await account.mailboxes())[0].messages).toBe(delivered.length)
    rmSync(ballast)
    await deliver(store, 'after', 40_000)
    expect((await account.mailboxes())[0].messages).toBe(delivered.length + 1)
    expect((await store.verify()).problems).toEqual([])
    await store.close()
  })

  test.each([
    { said: true, threads: 0 },
    { said: true, threads: 1 },
    { said: false, threads: 0 },
  ])('in the middle of a long message (size said: $said, threads: $threads)', async ({ said, threads }) => {
    const store = await openSqliteStore({ path: folder.path, threads, maintenanceInterval: 0 })
    await store.addAccount('anna')
    await deliver(store, 'before', 40_000)
    const octets = mailOf('long', 20_000_000)
    const staged = store.stage([octets], said ? { size: octets.length } : undefined)
    const refusal = { name: 'StoreError', code: 'unavailable', message: 'the disk of the store is full' }
    await expect(staged).rejects.toMatchObject(refusal)
    await expect(store.backup(join(folder.path, 'copy'))).resolves.toBeUndefined()
    // What was written of it is gone: there is room again, at once.
    await deliver(store, 'after', 40_000)
    expect(await store.verify()).toMatchObject({ messages: 2, problems: [] })
    await store.close()
  })

  test('a backup that does not fit is refused, and leaves the store and the folder as they were', async () => {
    const store = await openSqliteStore({ path: folder.path, threads: 0, maintenanceInterval: 0 })
    await store.addAccount('anna')
    await deliver(store, 'before', 1_500_000)
    const copy = join(folder.path, 'copy')
    writeFileSync(join(folder.path, 'ballast'), new Uint8Array(3_500_000))
    await expect(store.backup(copy)).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' })
    expect(readdirSync(copy)).toEqual([])
    rmSync(join(folder.path, 'ballast'))
    await deliver(store, 'after', 40_000)
    expect(await store.verify()).toMatchObject({ messages: 2, problems: [] })
    await store.close()
  })
})
