import type { Account, MessageRow } from '@posthouse/store-api'
import { fromUtf8, type Link, type Protocol } from '@posthouse/wire'
import { expect, test } from 'vitest'
import { standardExtensions } from '../../src/index.js'
import { message, NEW_YEAR, type TestServer, testServer } from '../servers.js'
import { selectedClient } from './client.js'

/** A clock that goes on by so many ms whenever somebody looks at it. */
function ticking(ms: number): () => number {
  let time = NEW_YEAR
  return () => {
    time += ms
    return time
  }
}

async function withMessages(count: number, options: Parameters<typeof testServer>[0] = {}): Promise<TestServer> {
  const made = testServer(options)
  for (let i = 0; i < count; i++) {
    await made.deliver(
      message(`Subject: ${i}`, `Message-ID: <${i}@x>`, ...(i > 0 ? [`References: <${i - 1}@x>`] : []), '', 'text'),
    )
  }
  return made
}

test.each([
  'SEARCH BODY nothing',
  'SEARCH TEXT nothing',
  'SORT (SUBJECT) UTF-8 ALL',
  'THREAD REFERENCES UTF-8 ALL',
  'FETCH 1:* BODY.PEEK[]',
  'FETCH 1:* BINARY.SIZE[1]',
  'STORE 1:* +FLAGS (\\Seen)',
  'STORE 1:* +FLAGS.SILENT (\\Seen)',
])('another connection has its answers while %s runs', (command) => takesTurns(command, 1))

test.each(['FETCH 1:* BODY.PEEK[]', 'STORE 1:* +FLAGS (\\Seen)'])(
  'and while %s does by a clock that goes back, as the time of day may',
  (command) => takesTurns(command, -1),
)

test('and while one long part is decoded', async () => {
  const made = testServer()
  await made.deliver(message('Content-Transfer-Encoding: base64', '', ...Array(50_000).fill('QUFB'.repeat(18))))
  await takesTurns('FETCH 1 BINARY.SIZE[1]', 10, made)
})

/** `tick`: ms that each look at the clock takes. */
async function takesTurns(command: string, tick: number, many?: TestServer): Promise<void> {
  const made = many ?? (await withMessages(500, { limits: { outputBatch: 20 } }))
  // Each look at the clock takes a ms: a turn is ten looks, and the search takes hundreds.
  const searcher = await selectedClient(made, { now: ticking(tick) })
  const other = await selectedClient(made)
  let over = false
  const searching = searcher.run(`s1 ${command}`).then((lines) => {
    over = true
    return lines
  })
  let answered = 0
  while (!over) {
    await other.run(`n${answered} NOOP`)
    await new Promise((resolve) => setImmediate(resolve))
    answered++
  }
  expect((await searching).pop()).toMatch(/^s1 OK/)
  expect(answered).toBeGreaterThan(20)
}

test('a clock that stands still does not let one search have everything', async () => {
  const made = await withMessages(2_500)
  const searcher = await selectedClient(made)
  let turns = 0
  let over = false
  const searching = searcher.run('s1 SEARCH HEADER Subject nothing').then(() => {
    over = true
  })
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve))
    turns++
  }
  await searching
  expect(turns).toBeGreaterThanOrEqual(2)
})

/** A store of one account whose rows come one by one, and which counts them. */
function countingStore(made: TestServer): { store: Pick<TestServer['store'], 'open'>; readonly rows: () => number } {
  let count = 0
  return {
    rows: () => count,
    store: {
      async open(name) {
        const account = await made.store.open(name)
        const counted: Account = {
          mailboxes: () => account.mailboxes(),
          read: (blob, range) => account.read(blob, range),
          uids: (mailbox) => account.uids?.(mailbox) ?? Promise.resolve(new Uint32Array(0)),
          async *messages(mailbox, query) {
            for await (const rows of account.messages(mailbox, query)) {
              for (const row of rows) {
                count++
                yield [row] as readonly MessageRow[]
              }
            }
          },
        }
        return counted
      },
    },
  }
}

test('a search ends when its connection does', async () => {
  const base = await withMessages(1_000)
  const { store, rows } = countingStore(base)
  const made = testServer({ store })
  const searcher = await selectedClient(made, { now: ticking(1) })
  searcher.connection.send(fromUtf8('s1 SEARCH BODY nothing\r\n'))
  await new Promise((resolve) => setImmediate(resolve))
  searcher.connection.driver.control.abort('the peer is gone')
  const before = rows()
  expect(before).toBeGreaterThan(0)
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(rows()).toBeLessThan(before + 50)
})

test('RFC 9585: progress is told, between responses, and only where it is plugged in', async () => {
  const made = await withMessages(300)
  const limits = { progress: 50 }
  for (const extensions of [standardExtensions, standardExtensions.filter(({ name }) => name !== 'INPROGRESS')]) {
    const server = testServer({ store: made.store, limits, extensions })
    const client = await selectedClient(server, { now: ticking(1) })
    const lines = await client.run('s1 SORT (SUBJECT) UTF-8 BODY text')
    const progress = lines.filter((line) => line.includes('INPROGRESS'))
    if (extensions !== standardExtensions) {
      expect(progress).toEqual([])
      continue
    }
    expect(progress.length).toBeGreaterThan(2)
    let last = 0
    for (const line of progress) {
      const [, done, goal] = /^\* OK \[INPROGRESS \("s1" (\d+) (\d+)\)\] Still working$/.exec(line) ?? []
      // The search of all, then the keys of what was found.
      expect([300, 600]).toContain(Number(goal))
      expect(Number(done)).toBeGreaterThan(last)
      expect(Number(done)).toBeLessThan(Number(goal))
      last = Number(done)
    }
    expect(lines.filter((line) => line.startsWith('* SORT'))).toHaveLength(1)
  }
})

test('RFC 9585: a store that takes long', async () => {
  const made = await withMessages(1)
  let release = (): void => {}
  const waiting = new Promise<void>((resolve) => {
    release = resolve
  })
  let waits = 0
  let time = NEW_YEAR
  const server = testServer({
    store: {
      async open(name) {
        const account = await made.store.open(name)
        return {
          mailboxes: () => account.mailboxes(),
          read: (blob, range) => account.read(blob, range),
          messages: (mailbox, query) => account.messages(mailbox, query),
          search: async () => {
            await waiting
            return null
          },
        }
      },
    },
  })
  const delay = async (ms: number): Promise<void> => {
    time += ms
    if (++waits > 2) release()
  }
  const client = await selectedClient(server, { now: () => time, delay })
  const lines = await client.run('s1 SEARCH SEEN')
  expect(lines.slice(0, 2)).toEqual([
    '* OK [INPROGRESS ("s1" NIL NIL)] Still working',
    '* OK [INPROGRESS ("s1" NIL NIL)] Still working',
  ])
  expect(lines.slice(-2)).toEqual(['* SEARCH', 's1 OK SEARCH completed'])
})

test('what a search may cost', async () => {
  const made = await withMessages(10)
  const ask = async (limits: object, command: string): Promise<string | undefined> => {
    const client = await selectedClient(testServer({ store: made.store, limits }))
    return (await client.run(`s1 ${command}`)).pop()
  }
  expect(await ask({ searchOpened: 10 }, 'SEARCH BODY nothing')).toMatch(/^s1 OK/)
  expect(await ask({ searchOpened: 9 }, 'SEARCH BODY nothing')).toMatch(/^s1 NO \[LIMIT\]/)
  expect(await ask({ searchOpened: 1 }, 'SEARCH 1 BODY nothing')).toMatch(/^s1 OK/)
  expect(await ask({ searchOpened: 1 }, 'SEARCH SUBJECT nothing')).toMatch(/^s1 OK/)
  expect(await ask({ searchOctets: 30 }, 'SORT (DATE) UTF-8 TEXT nothing')).toMatch(/^s1 NO \[LIMIT\]/)
  expect(await ask({ searchOctets: 30 }, 'THREAD REFS UTF-8 OR BODY nothing BODY something')).toMatch(
    /^s1 NO \[LIMIT\]/,
  )
})

test('a client that does not read stops its own FETCH, and nobody else', async () => {
  const count = 200
  const made = await withMessages(count, { limits: { outputBatch: 1_000 } })
  let reading = true
  let flushes = 0
  let readOn = (): void => {}
  let stopped = (): void => {}
  const stops = new Promise<void>((resolve) => {
    stopped = resolve
  })
  const slow: Protocol = {
    name: 'imap',
    connect(link) {
      const flush = (): void | Promise<void> => {
        void link.flush()
        if (reading) return
        flushes++
        stopped()
        return new Promise((resolve) => {
          readOn = resolve
        })
      }
      return (made.server as Protocol).connect(Object.create(link, { flush: { value: flush } }) as Link)
    },
  }
  const client = await selectedClient({ ...made, server: slow as TestServer['server'] })
  const other = await selectedClient(made)
  reading = false
  let over = false
  const fetching = client.run(`f1 FETCH 1:${count} BODY.PEEK[]`).then((lines) => {
    over = true
    return lines
  })
  await stops
  for (let i = 0; i < 20; i++) expect((await other.run(`n${i} NOOP`)).pop()).toMatch(/^n\d+ OK/)
  // Having said that it must wait, it has written nothing more.
  expect(flushes).toBe(1)
  expect(over).toBe(false)
  reading = true
  readOn()
  const lines = await fetching
  expect(lines.filter((line) => line.includes(' FETCH ('))).toHaveLength(count)
  expect(lines.pop()).toMatch(/^f1 OK/)
})
