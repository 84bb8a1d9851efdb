/** BYE of a server that stops, and of a connection that is cut off: never within a response (RFC 9051 §7.1.5). */
import { fromUtf8, latin1 } from '@posthouse/wire'
import { connectInMemory, type MemoryConnection } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { serverOver, testServer } from './servers.js'

const MESSAGE = `Subject: long\r\n\r\n${'0123456789abcde\r\n'.repeat(20_000)}`
const BYE = '* BYE The server is going down\r\n'

/** A client that fetches `items` of a long message, when the first half of it has left the store. */
async function inTheMiddle(items: string) {
  const made = testServer()
  await made.deliver(MESSAGE)
  let goOn = (): void => {}
  const half = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let reached = (): void => {}
  const there = new Promise<void>((resolve) => {
    reached = resolve
  })
  const server = serverOver(made, () => ({
    async *read(_blob, range = { start: 0 }) {
      const octets = fromUtf8(MESSAGE).subarray(range.start, range.end)
      const middle = octets.length >> 1
      yield octets.subarray(0, middle)
      reached()
      await half
      yield octets.subarray(middle)
    },
  }))
  const connection = connectInMemory(server)
  connection.send(fromUtf8(`a LOGIN alice secret\r\nb SELECT INBOX\r\nc FETCH 1 ${items}\r\nd NOOP\r\n`))
  await there
  return { connection, goOn }
}

async function rest(connection: MemoryConnection): Promise<string> {
  while (!connection.closed) await connection.output()
  const heard = latin1(connection.take())
  return heard.slice(heard.indexOf('* 1 FETCH'))
}

test.each([
  ['of which much has left', 'BODY.PEEK[]', `BODY[] {${MESSAGE.length}}\r\n${MESSAGE}`],
  ['of which nothing has left', 'BODY.PEEK[]<0.20>', `BODY[]<0> {20}\r\n${MESSAGE.slice(0, 20)}`],
])('a server that stops in the middle of an answer %s ends it first', async (_, item, told) => {
  const { connection, goOn } = await inTheMiddle(`(${item})`)
  connection.driver.shutdown()
  goOn()
  expect(await rest(connection)).toBe(`* 1 FETCH (${told})\r\n${BYE}c OK FETCH completed\r\n`)
})

test('a connection that is cut off in the middle of a literal says nothing in it', async () => {
  const { connection } = await inTheMiddle('BODY.PEEK[]')
  connection.driver.timedOut()
  const heard = await rest(connection)
  expect(heard).toContain('0123456789abcde\r\n')
  expect(heard).not.toContain('BYE')
})

test('whoever waits hears it at once', async () => {
  const { server } = testServer()
  const connection = connectInMemory(server)
  connection.send(fromUtf8('a LOGIN alice secret\r\nb SELECT INBOX\r\nc IDLE\r\n'))
  let heard = ''
  while (!heard.includes('+ idling')) {
    await connection.output()
    heard += latin1(connection.take())
  }
  connection.driver.shutdown()
  while (!connection.closed) await connection.output()
  expect(latin1(connection.take())).toBe(BYE)
})
