/** BYE of a server that stops, and of a connection that is cut off: never within a response (RFC 9051 §7.1.5). */
import { fromUtf8, latin1 } from '@posthouse/wire'
import { connectInMemory, type MemoryConnection } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { type Command, ok, standardExtensions } from '../src/index.js'
import { serverOver, type TestServer, testServer } from './servers.js'

const MESSAGE = `Subject: long\r\n\r\n${'0123456789abcde\r\n'.repeat(20_000)}`
const BYE = '* BYE The server is going down\r\n'

function signal(): readonly [Promise<void>, () => void] {
  let give = (): void => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return [given, give]
}

/** A client of a server that stops in the middle of each message; `there` when it has. */
function slowly(made: TestServer) {
  const [half, goOn] = signal()
  const [there, reached] = signal()
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
  return { connection: connectInMemory(server), there, goOn }
}

/** A client that fetches `items` of a long message, when the first half of it has left the store. */
async function inTheMiddle(items: string) {
  const made = testServer()
  await made.deliver(MESSAGE)
  const { connection, there, goOn } = slowly(made)
  connection.send(fromUtf8(`a LOGIN alice secret\r\nb SELECT INBOX\r\nc FETCH 1 ${items}\r\nd NOOP\r\n`))
  await there
  return { connection, goOn }
}

/** Until the server has said this. */
async function hear(connection: MemoryConnection, wanted: string): Promise<void> {
  for (let heard = ''; !heard.includes(wanted); heard += latin1(connection.take())) await connection.output()
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

describe.each([
  ['nobody has asked for', '', ''],
  ['IDLE waits for', 'd IDLE\r\n', ''],
  ['another command waits for', '', 'e NOOP\r\n'],
])('a push that %s comes to its end before the server says BYE', (_, before, behind) => {
  test.each([
    ['much of it has left', 'BODY.PEEK[]', `BODY[] {${MESSAGE.length}}\r\n${MESSAGE}`],
    ['nothing of it has left', 'BODY.PEEK[]<0.20>', `BODY[]<0> {20}\r\n${MESSAGE.slice(0, 20)}`],
  ])('%s', async (_, item, told) => {
    const made = testServer()
    const { connection, there, goOn } = slowly(made)
    const notify = `c NOTIFY SET (selected (MessageNew (${item}) MessageExpunge))\r\n`
    connection.send(fromUtf8(`a LOGIN alice secret\r\nb SELECT INBOX\r\n${notify}${before}`))
    await hear(connection, before ? '+ idling' : 'c OK')
    await made.deliver(MESSAGE)
    await there
    connection.send(fromUtf8(behind))
    connection.driver.shutdown()
    goOn()
    expect(await rest(connection)).toBe(`* 1 FETCH (${told})\r\n${BYE}${behind && 'e OK NOOP completed\r\n'}`)
  })
})

test('pushes that wait behind the one in progress are not begun any more', async () => {
  const made = testServer()
  const { connection, there, goOn } = slowly(made)
  const notify = 'c NOTIFY SET (selected (MessageNew (BODY.PEEK[]<0.20>) MessageExpunge))\r\n'
  connection.send(fromUtf8(`a LOGIN alice secret\r\nb SELECT INBOX\r\n${notify}`))
  await hear(connection, 'c OK')
  await made.deliver(MESSAGE)
  await there
  await made.deliver(MESSAGE)
  connection.driver.shutdown()
  goOn()
  expect(await rest(connection)).toBe(`* 1 FETCH (BODY[]<0> {20}\r\n${MESSAGE.slice(0, 20)})\r\n${BYE}`)
})

test.each([
  ['a command that asks for a line', 'c XASK\r\n'],
  ['APPEND', 'c APPEND INBOX {5}\r\n'],
])('a server that stops while %s is looked at asks for nothing behind BYE', async (_, command) => {
  const made = testServer()
  const [asked, reached] = signal()
  const [wait, goOn] = signal()
  let slow = false
  const waiting = async (): Promise<void> => {
    if (!slow) return
    reached()
    await wait
  }
  const asking: Command<void> = {
    name: 'XASK',
    states: ['selected'],
    parse() {},
    run: () => waiting().then(() => ({ prompt: 'more', line: () => ok('XASK completed') })),
  }
  const server = serverOver(made, (account) => ({ mailboxes: () => waiting().then(() => account.mailboxes()) }), {
    extensions: [...standardExtensions, { name: 'XASK', commands: [asking as Command] }],
  })
  const events: string[] = []
  const connection = connectInMemory(server, { log: ({ level, event }) => void events.push(`${level} ${event}`) })
  connection.send(fromUtf8('a LOGIN alice secret\r\nb SELECT INBOX\r\n'))
  await hear(connection, 'b OK')
  slow = true
  connection.send(fromUtf8(command))
  await asked
  connection.driver.shutdown()
  goOn()
  while (!connection.closed) await connection.output()
  expect(latin1(connection.take())).toBe(BYE)
  expect(events.filter((line) => line.startsWith('error'))).toEqual([])
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
  await hear(connection, '+ idling')
  connection.driver.shutdown()
  while (!connection.closed) await connection.output()
  expect(latin1(connection.take())).toBe(BYE)
})
