/** Many clients at once, against the example server as a process of its own: nothing lost, nothing doubled, memory flat. */
import { connect, type Socket } from 'node:net'
import { connectPop3 } from '@posthouse/pop3/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MailServerProcess, startMailServerProcess } from '../mail-server.js'

const CONNECTIONS = 200
const MESSAGES = 30_000
/** So many messages after which heaps and caches have the size that they need: from then on memory is flat. */
const SETTLED = 20_000
const IDLE = 5_000
const MB = 1024 * 1024

let server: MailServerProcess
beforeAll(async () => {
  server = await startMailServerProcess()
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
  server.remove()
})

/** Sends messages lock-step over one connection; `next` gives their numbers. */
function send(next: () => number | null, done: (number: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.ports.smtp, '127.0.0.1')
    let current = -1
    let text = ''
    const begin = (): void => {
      const number = next()
      if (number === null) return void socket.write('QUIT\r\n')
      current = number
      socket.write('MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n')
    }
    const answer = (line: string): void => {
      const code = line.slice(0, 4)
      if (code === '220 ') socket.write('EHLO client.example\r\n')
      else if (code === '354 ') socket.write(`Message-ID: <${current}@load.example>\r\n\r\n${'x'.repeat(900)}\r\n.\r\n`)
      else if (code === '250 ' && line.includes('2.0.0')) {
        done(current)
        begin()
      } else if (code === '250 ' && !line.includes('2.1.')) begin()
      else if (code >= '4') reject(new Error(line))
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let at = text.indexOf('\r\n'); at !== -1; at = text.indexOf('\r\n')) {
        answer(text.slice(0, at))
        text = text.slice(at + 2)
      }
    })
    socket.on('close', () => resolve())
    socket.on('error', reject)
  })
}

test(`${MESSAGES} messages over ${CONNECTIONS} connections`, { timeout: 180_000 }, async () => {
  let given = 0
  let accepted = 0
  const memory: number[] = []
  const next = (): number | null => (given < MESSAGES ? given++ : null)
  const done = (): void => {
    accepted++
    if (accepted === SETTLED || accepted === MESSAGES) void server.memory().then((rss) => memory.push(rss))
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, () => send(next, done)))
  expect(accepted).toBe(MESSAGES)
  const credentials = { user: 'alice@example.test', password: 'secret' }
  await using pop3 = await connectPop3({ host: '127.0.0.1', port: server.ports.pop3, tls: 'never', credentials })
  expect((await pop3.stat()).messages).toBe(MESSAGES)
  const seen = new Set<string>()
  for (let number = 1; number <= MESSAGES; number++) {
    let head = ''
    for await (const octets of pop3.top(number, 0)) head += Buffer.from(octets).toString('latin1')
    seen.add(head.slice(head.indexOf('<', head.indexOf('Message-ID:')), head.indexOf('@load.example>')))
  }
  expect(seen.size).toBe(MESSAGES)
  expect(memory[1] - memory[0]).toBeLessThan(40 * MB)
})

test(`${IDLE} idle connections under 40 kB each`, { timeout: 60_000 }, async () => {
  const before = await server.memory()
  const sockets: Socket[] = []
  const greeted = (i: number): Promise<void> =>
    new Promise((resolve, reject) => {
      // From several addresses, because one may have 1,000 connections.
      const socket = connect({ port: server.ports.smtp, host: '127.0.0.1', localAddress: `127.0.0.${10 + (i % 10)}` })
      sockets.push(socket)
      socket.once('data', () => {
        socket.write('EHLO client.example\r\n')
        socket.once('data', () => resolve())
      })
      socket.once('error', reject)
    })
  for (let i = 0; i < IDLE; i += 250) {
    await Promise.all(Array.from({ length: 250 }, (_, each) => greeted(i + each)))
  }
  const each = ((await server.memory()) - before) / IDLE
  for (const socket of sockets) socket.destroy()
  expect(each).toBeLessThan(40 * 1024)
})

test('a client that stops in the middle of a line does not hold up the others', async () => {
  const half = connect(server.ports.smtp, '127.0.0.1')
  await new Promise((resolve) => half.once('data', resolve))
  half.write('EHLO half')
  const gone = connect(server.ports.smtp, '127.0.0.1')
  await new Promise((resolve) => gone.once('data', resolve))
  // Half-open: it has sent its last octet, and still hears the answer.
  const answer = new Promise<string>((resolve) => gone.once('data', (chunk) => resolve(chunk.toString())))
  gone.end('NOOP\r\n')
  expect(await answer).toContain('250 2.0.0')
  let left = 1
  await send(
    () => (left-- > 0 ? 1 : null),
    () => {},
  )
  half.destroy()
})
