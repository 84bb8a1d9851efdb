/** How messages go out: dots, memory, questions to the store, clients that do not read. */
import { connect } from 'node:net'
import { createDotStuffer, createPop3Server } from '@posthouse/pop3'
import { connectPop3, type Listening, listen } from '@posthouse/pop3/node'
import type { Account, MailStore } from '@posthouse/store-api'
import { concat, fromLatin1, latin1 } from '@posthouse/wire'
import { slices } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { storeWith } from './stores.js'

const open: Listening[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close({ force: true })
})

async function serve(store: MailStore): Promise<number> {
  const listening = await listen(createPop3Server({ store, authenticate: (user) => user }), { port: 0 })
  open.push(listening)
  return listening.port
}

const logIn = (port: number) =>
  connectPop3({ host: '127.0.0.1', port, tls: 'never', credentials: { user: 'mrose', password: 'x' } })

async function text(octets: AsyncIterable<Uint8Array>): Promise<string> {
  let all = ''
  for await (const piece of octets) all += latin1(piece)
  return all
}

describe('dot-stuffing', () => {
  const stuffed = (message: string, size: number): { text: string; pieces: number } => {
    const stuffer = createDotStuffer()
    const pieces = slices(fromLatin1(message), size).flatMap((piece) => [...stuffer.write(piece)])
    return { text: latin1(concat([...pieces, stuffer.end()])), pieces: pieces.length }
  }

  test('a message of nothing but dots is a few pieces, not one for each line', () => {
    const message = '.\r\n'.repeat(100_000)
    const { text, pieces } = stuffed(message, message.length)
    expect(text).toBe(`${'..\r\n'.repeat(100_000)}.\r\n`)
    expect(pieces).toBeLessThan(100)
  })

  test('many dots at any cutting', () => {
    const line = fc.constantFrom('.', '..', '.a', 'a', '', 'a.b', '.\r.', '.\n.')
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 60, maxLength: 300 }),
        fc.integer({ min: 1, max: 700 }),
        (lines, size) => {
          const message = lines.map((one) => `${one}\r\n`).join('')
          const wanted = `\n${message}`.replaceAll('\n.', '\n..').slice(1)
          expect(stuffed(message, size).text).toBe(`${wanted}.\r\n`)
        },
      ),
    )
  })
})

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Counts what a session asks its account for. */
function counting(store: MailStore, counts: { reads: number; questions: number; late?: boolean }): MailStore {
  return {
    async open(name) {
      const account = await store.open(name)
      const counted: Account = {
        mailboxes: () => account.mailboxes(),
        async *messages(mailbox, query) {
          if (query.uids) counts.questions++
          // A database answers in a later turn.
          if (counts.late) await turns(2)
          yield* account.messages(mailbox, query)
        },
        read(...args) {
          counts.reads++
          return account.read(...args)
        },
      }
      return counted
    },
  }
}

describe.each(['memory', 'SQLite'] as const)('reading ahead over %s', (kind) => {
  const MANY = 60
  const message = (i: number): string => `Subject: ${i}\r\n\r\n${'x'.repeat(1000)}\r\n`
  const numbers = Array.from({ length: MANY }, (_, i) => i + 1)

  test.each([
    ['upwards', numbers, 8],
    ['downwards', [...numbers].reverse(), 8],
    ['back and forth', numbers.map((n) => (n % 2 === 1 ? n : MANY + 2 - n)), MANY],
  ])('%s', async (_name, order, most) => {
    const counts = { reads: 0, questions: 0 }
    const store = await storeWith(numbers.map(message), kind)
    await using pop3 = await logIn(await serve(counting(store, counts)))
    for (const number of order) expect(await text(pop3.retrieve(number))).toBe(message(number))
    expect(counts.reads).toBe(0)
    expect(counts.questions).toBeLessThanOrEqual(most)
  })

  test('what was deleted by another session, between two questions', async () => {
    const store = await storeWith(numbers.map(message), kind)
    await using pop3 = await logIn(await serve(store))
    expect(await text(pop3.retrieve(1))).toBe(message(1))
    const account = await store.open('mrose')
    const [inbox] = await account.mailboxes()
    await account.commit?.([{ op: 'expunge', in: inbox.id, uids: [[50, MANY]], onlyDeleted: false }])
    await expect(text(pop3.retrieve(50))).rejects.toMatchObject({ code: 'refused', command: 'RETR' })
    expect(await text(pop3.retrieve(49))).toBe(message(49))
  })
})

describe('a client that does not read', () => {
  test.each([
    ['long messages', 200_000, false],
    ['long messages', 200_000, true],
    ['short messages', 60_000, false],
    ['short messages', 60_000, true],
  ])('its pipelined commands wait: %s of %i octets, from a store that answers late: %s', async (_kind, size, late) => {
    const counts = { reads: 0, questions: 0, late }
    const store = await storeWith([`Subject: 1\r\n\r\n${'x'.repeat(size)}\r\n`])
    const port = await serve(counting(store, counts))
    const socket = connect(port, '127.0.0.1')
    let octets = 0
    socket.write(`USER mrose\r\nPASS x\r\n${'RETR 1\r\n'.repeat(1000)}`)
    socket.pause()
    // What the operating system takes from the server is a few megabytes.
    let before = -1
    while (counts.questions > before) {
      before = counts.questions
      await turns(200)
    }
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(40_000_000 / size)
    socket.end('QUIT\r\n')
    socket.on('data', (chunk) => {
      octets += chunk.length
    })
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    expect(octets).toBeGreaterThan(1000 * size)
  })
})

describe('memory that the store uses again', () => {
  /** Gives all pieces in one buffer when it may. */
  function reusing(store: MailStore, pieceSize: number): MailStore {
    return {
      async open(name) {
        const account = await store.open(name)
        return {
          mailboxes: () => account.mailboxes(),
          messages: (mailbox, query) => account.messages(mailbox, { ...query, want: [] }),
          async *read(blob, range) {
            expect(range?.reuse).toBe(true)
            const buffer = new Uint8Array(pieceSize)
            for await (const piece of account.read(blob, range)) {
              for (const part of slices(piece, pieceSize)) {
                buffer.set(part)
                yield buffer.subarray(0, part.length)
                buffer.fill(63)
              }
            }
          },
        }
      },
    }
  }

  test.each([10, 1000, 16_384, 65_536, 300_000])('pieces of %i octets', async (pieceSize) => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `${i % 7 === 0 ? '.' : ''}line ${i}\r\n`)
    const message = `Subject: 1\r\n\r\n${lines.slice(0, pieceSize < 100 ? 2000 : lines.length).join('')}`
    const store = await storeWith([message, message, message])
    await using pop3 = await logIn(await serve(reusing(store, pieceSize)))
    for (const number of [1, 2, 3]) expect(await text(pop3.retrieve(number))).toBe(message)
    expect(await text(pop3.top(1, 3))).toBe(message.split('\r\n').slice(0, 5).join('\r\n').concat('\r\n'))
  })
})
