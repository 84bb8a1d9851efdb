import { createBlockPool, createStageFeed, StoreError } from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'

describe('the feed of a store', () => {
  const piece = (size: number, fill: number) => new Uint8Array(size).fill(fill)

  test('small messages are staged at once, with their size', async () => {
    const calls: unknown[] = []
    const feed = createStageFeed(async (bytes, hint) => {
      calls.push([[...(bytes as Uint8Array[])].map((one) => one.length), hint])
      return { blob: 'x', size: 0, expires: 0 }
    }, null)
    await feed.write(piece(10, 1))
    await feed.write(piece(20, 2))
    expect(calls).toEqual([])
    await feed.finish()
    expect(calls).toEqual([[[10, 20], { size: 30 }]])
  })

  test('what comes out is what went in, also when pieces are reused by their producer', async () => {
    let seen = 0
    let sum = 0
    const feed = createStageFeed(async (bytes) => {
      for await (const one of bytes) {
        seen += one.length
        for (const octet of one) sum += octet
      }
      return { blob: 'x', size: seen, expires: 0 }
    }, 1_000_000)
    const reused = new Uint8Array(40_000)
    let wanted = 0
    for (let i = 1; i <= 50; i++) {
      reused.fill(i)
      wanted += i * 40_000
      await feed.write(reused)
      reused.fill(0)
    }
    expect((await feed.finish()).size).toBe(2_000_000)
    expect(sum).toBe(wanted)
  })

  test('blocks of a pool hold a whole message, and the next one when they are released', async () => {
    const pool = createBlockPool()
    const stage = async (): Promise<never> => {
      throw new Error('nothing is staged')
    }
    for (const sizes of [[0], [10, 20], [16_384], [16_000, 1_000, 40_000], [30_000, 3]]) {
      const feed = createStageFeed(stage, null, pool)
      const wanted = sizes.map((size, i) => piece(size, sizes.length + i))
      for (const octets of wanted) await feed.write(octets)
      expect(Buffer.concat(feed.whole() ?? []).equals(Buffer.concat(wanted))).toBe(true)
      feed.release()
    }
    const [first, second] = [createStageFeed(stage, null, pool), createStageFeed(stage, null, pool)]
    await first.write(piece(100, 1))
    await second.write(piece(100, 2))
    expect(Buffer.concat(first.whole() ?? []).equals(piece(100, 1))).toBe(true)
  })

  test('what outgrows the blocks of a pool streams', async () => {
    const seen: Uint8Array[] = []
    const feed = createStageFeed(
      async (bytes) => {
        for await (const one of bytes) seen.push(one.slice())
        return { blob: 'x', size: 0, expires: 0 }
      },
      null,
      createBlockPool(),
    )
    const wanted = Array.from({ length: 30 }, (_, i) => piece(1_000 + i * 200, i))
    for (const octets of wanted) await feed.write(octets)
    expect(feed.whole()).toBeNull()
    await feed.finish()
    expect(Buffer.concat(seen).equals(Buffer.concat(wanted))).toBe(true)
  })

  test('a store that fails in the middle releases the writer, and finish tells why', async () => {
    const feed = createStageFeed(async (bytes) => {
      for await (const _ of bytes) throw new StoreError('unavailable', 'disk full')
      throw new Error('unreachable')
    }, null)
    for (let i = 0; i < 10; i++) await feed.write(piece(70_000, i))
    await expect(feed.finish()).rejects.toThrow('disk full')
  })

  test('an aborted message makes the store fail', async () => {
    const feed = createStageFeed(async () => ({ blob: 'x', size: 0, expires: 0 }), null)
    const ended = new Promise<unknown>((resolve) => {
      const failing = createStageFeed(async (bytes) => {
        try {
          for await (const _ of bytes);
        } catch (error) {
          resolve(error)
          throw error
        }
        return feed.finish()
      }, null)
      failing.write(piece(70_000, 1))
      failing.abort()
    })
    expect(String(await ended)).toBe('Error: the message was not completed')
  })
})
