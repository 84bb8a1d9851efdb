/** Who gets the events of a server and of its listener: one log is enough, and without any errors are on the console. */
import { afterEach, beforeEach, expect, expectTypeOf, type MockInstance, test, vi } from 'vitest'
import {
  createSmtpServer,
  isHandlerEvent,
  isMessageEvent,
  type Log,
  type LogEvent,
  onMessage,
  type SmtpHandler,
} from '../src/index.js'
import { connectSmtp } from '../src/node/index.js'
import { testServers } from './client/sockets.js'

const servers = testServers()
let console_: MockInstance<typeof console.error>
beforeEach(() => {
  console_ = vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(async () => {
  await servers.stop()
  console_.mockRestore()
})

const down = new Error('database is down')
const full = new Error('disk is full')
const throws = onMessage(({ transaction }) => {
  if (transaction.reversePath === null) throw down
})
const breaks: SmtpHandler = { name: 'mine', close: () => Promise.reject(full) }

/** Sends a message that is accepted and one whose handler throws; the names of the events, those of connections left out. */
async function events(server: { log?: Log }, listener: { log?: Log }): Promise<void> {
  const listening = await servers.serve(createSmtpServer({ ...server, handlers: [throws, breaks] }), listener)
  {
    await using client = await connectSmtp({ host: '127.0.0.1', port: listening.port })
    const mail = (reversePath: string | null) => ({
      envelope: { reversePath, recipients: ['b@example.org'] },
      message: new TextEncoder().encode('Subject: x\r\n\r\n'),
    })
    await client.send(mail('a@example.org'))
    await expect(client.send(mail(null))).rejects.toMatchObject({ reply: { code: 451 } })
  }
  await listening.close()
}

const collect = (): { seen: string[]; log: Log } => {
  const seen: string[] = []
  return { seen, log: ({ event }) => void seen.push(event) }
}
const OF_SERVER = ['message.accepted', 'handler.failed', 'message.refused', 'handler.failed']
const OF_LISTENER = ['connection.opened', 'connection.closed']

test.each(['server', 'listener'])('all of them go to the log of the %s, when there is no other', async (where) => {
  const { seen, log } = collect()
  await events(where === 'server' ? { log } : {}, where === 'server' ? {} : { log })
  expect(seen.filter((event) => !OF_LISTENER.includes(event))).toEqual(OF_SERVER)
  expect(seen).toEqual(expect.arrayContaining(OF_LISTENER))
  expect(console_).not.toHaveBeenCalled()
})

test('each log has its own, when there are two', async () => {
  const [server, listener] = [collect(), collect()]
  await events({ log: server.log }, { log: listener.log })
  expect(server.seen).toEqual(OF_SERVER)
  expect(listener.seen).toEqual(OF_LISTENER)
})

test('without a log errors are on the console, and say who failed', async () => {
  await events({}, {})
  expect(console_.mock.calls).toEqual([
    [expect.stringMatching(/^posthouse: handler\.failed connection="\w+" stage="message" handler="on-message"$/), down],
    [expect.stringMatching(/^posthouse: handler\.failed connection="\w+" stage="close" handler="mine"$/), full],
  ])
})

test('a log that does nothing silences it', async () => {
  await events({ log: () => {} }, {})
  await events({}, { log: () => {} })
  expect(console_).not.toHaveBeenCalled()
})

test('details have types', () => {
  const event = { level: 'info', event: 'x' } as LogEvent
  expectTypeOf(event.to).toBeUnknown()
  if (isMessageEvent(event)) expectTypeOf(event.to).toEqualTypeOf<readonly string[]>()
  if (isHandlerEvent(event)) expectTypeOf(event.stage).toBeString()
  expect([isMessageEvent(event), isHandlerEvent(event)]).toEqual([false, false])
})
