/** A client decides how its message is cut; what is made of it must not cost more for that. */
import { concat, fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory, type MemoryConnection } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSmtpServer, replies, type SmtpHandler, type SmtpServerOptions } from '../src/index.js'
import { Gathering } from '../src/session/gathering.js'

const DIALOGUE = 'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\n'

async function heard(connection: MemoryConnection, text: string): Promise<void> {
  for (let all = ''; !all.includes(text); all += latin1(connection.take())) await connection.output()
}

/** Sizes and octets of the pieces that a handler is given. `slow`: it takes its time for each. */
async function pieces(chunks: Iterable<string>, options: Partial<SmtpServerOptions> = {}, slow = false) {
  const sizes: number[] = []
  const kept: Uint8Array[] = []
  const handler: SmtpHandler = {
    body: () => ({
      async write(octets) {
        if (slow) await null
        sizes.push(octets.length)
        kept.push(octets.slice())
      },
    }),
    message: () => replies.accepted(),
  }
  const connection = connectInMemory(createSmtpServer({ handlers: [handler], ...options }))
  connection.send(fromLatin1(DIALOGUE))
  await heard(connection, '2.1.5')
  for (const chunk of chunks) connection.send(fromLatin1(chunk))
  await heard(connection, 'Message accepted')
  return { sizes, text: latin1(concat(kept)) }
}

const LINES = 20_000

describe('a message in tiny pieces comes to a handler in blocks', () => {
  test.each([false, true])('lines of two dots (slow: %s)', async (slow) => {
    const { sizes, text } = await pieces(['DATA\r\n', '..\r\n'.repeat(LINES), '.\r\n'], {}, slow)
    expect(text).toBe('.\r\n'.repeat(LINES))
    expect(sizes.length).toBeLessThan(20)
  })

  test('line ends that are put right', async () => {
    const { sizes, text } = await pieces(['DATA\r\n', 'x\n'.repeat(LINES), '\r\n.\r\n'], { content: 'normalize' })
    expect(text).toBe(`${'x\r\n'.repeat(LINES)}\r\n`)
    expect(sizes.length).toBeLessThan(20)
  })

  test('BDAT with an octet each', async () => {
    const { sizes, text } = await pieces(['BDAT 1\r\nx'.repeat(LINES), 'BDAT 1 LAST\r\ny'])
    expect(text).toBe(`${'x'.repeat(LINES)}y`)
    expect(sizes.length).toBeLessThan(20)
  })

  test('octets that come one by one', async () => {
    const { sizes, text } = await pieces(['DATA\r\n', ...'x'.repeat(LINES), '\r\n.\r\n'])
    expect(text).toBe(`${'x'.repeat(LINES)}\r\n`)
    expect(sizes.length).toBeLessThan(20)
  })

  test('a message that comes in few pieces comes as they are', async () => {
    const lines = ['a\r\n', `${'b'.repeat(5_000)}\r\n`, 'c\r\n']
    const { sizes } = await pieces(['DATA\r\n', ...lines, '.\r\n'])
    expect(sizes).toEqual([3, 5_002, 3])
  })
})

describe('the last block', () => {
  const SMALL = Array(30).fill('x\r\n')

  test('a handler that fails with it: 451, and nobody has the message', async () => {
    const seen: string[] = []
    let octets = 0
    const fails: SmtpHandler = {
      body: () => ({
        write: async (piece) => {
          octets += piece.length
          if (octets === 90) throw new Error('no room')
        },
        abort: () => seen.push('abort'),
      }),
      message: () => replies.accepted(),
    }
    const log: string[] = []
    const connection = connectInMemory(createSmtpServer({ handlers: [fails], log: ({ event }) => log.push(event) }))
    connection.send(fromLatin1(`${DIALOGUE}DATA\r\n`))
    await heard(connection, '354')
    for (const chunk of [...SMALL, '.\r\n']) connection.send(fromLatin1(chunk))
    await heard(connection, '451 4.3.0')
    connection.send(fromLatin1('NOOP\r\n'))
    await heard(connection, '250 2.0.0 OK')
    expect(seen).toEqual(['abort'])
    expect(log).toEqual(['handler.failed', 'message.refused'])
  })

  test('the client goes away while a handler is given it: no message', async () => {
    const seen: string[] = []
    let octets = 0
    let reach = (): void => {}
    let goOn = (): void => {}
    const reached = new Promise<void>((resolve) => (reach = resolve))
    const slow: SmtpHandler = {
      body: () => ({
        write(piece) {
          octets += piece.length
          if (octets < 90) return
          reach()
          return new Promise<void>((resolve) => (goOn = resolve))
        },
        abort: () => seen.push('abort'),
      }),
      message() {
        seen.push('message')
        return replies.accepted()
      },
    }
    const connection = connectInMemory(createSmtpServer({ handlers: [slow] }))
    connection.send(fromLatin1(`${DIALOGUE}DATA\r\n`))
    for (const chunk of [...SMALL, '.\r\n']) connection.send(fromLatin1(chunk))
    await reached
    connection.driver.lost({ type: 'peer' })
    goOn()
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen).toEqual(['abort'])
  })
})

/** Octets that differ from place to place. */
const SOURCE = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31) ^ (i >> 8))

test('any cutting gives the same octets in few pieces, whoever is slow, and big ones are not copied', async () => {
  const small = fc.integer({ min: 1, max: 60 })
  const size = fc.oneof({ weight: 8, arbitrary: small }, fc.integer({ min: 1, max: 20_000 }))
  const cutting = fc.array(size, { maxLength: 100 }).chain((sizes) => fc.constantFrom(sizes, [...sizes, ...sizes]))
  await fc.assert(
    fc.asyncProperty(cutting, fc.array(fc.boolean(), { minLength: 1 }), async (sizes, slow) => {
      const given: Uint8Array[] = []
      let last: Uint8Array | null = null
      let busy = false
      const gathering = new Gathering((octets) => {
        expect(busy).toBe(false)
        last = octets
        if (!slow[given.length % slow.length]) return void given.push(octets.slice())
        busy = true
        return Promise.resolve().then(() => {
          busy = false
          given.push(octets.slice())
        })
      })
      const whole: Uint8Array[] = []
      let at = 0
      for (const length of sizes) {
        whole.push(SOURCE.subarray(at % 65_536, (at % 65_536) + length))
        const piece = whole[whole.length - 1].slice()
        at += length
        await gathering.write(piece)
        if (length >= 4_096) expect(last).toBe(piece)
        // The memory is used again for what comes next.
        piece.fill(0xdb)
      }
      await gathering.flush()
      expect(latin1(concat(given)) === latin1(concat(whole))).toBe(true)
      const big = sizes.filter((length) => length >= 4_096).length
      expect(given.length).toBeLessThanOrEqual(8 + 2 * big + Math.ceil(at / 12_288) + 1)
    }),
    { numRuns: 200 },
  )
})
