/** A 200 MB message goes in by SMTP and out by IMAP; the server's memory stays flat. */
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { typeTo } from './line-client.js'
import { type MailServerProcess, startMailServerProcess } from './mail-server.js'

const SIZE = 200 * 1024 * 1024
const WARM_UP = 60 * 1024 * 1024
const GROWTH = 40 * 1024 * 1024

let server: MailServerProcess
beforeAll(async () => {
  server = await startMailServerProcess()
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
  server.remove()
})

const block = Buffer.from(`${'0123456789abcdef'.repeat(63)}\r\n`.repeat(64))

/** Looks at the server's memory all the time until told to stop; gives the highest value. */
function watchMemory(): () => Promise<number> {
  let highest = 0
  let stop = false
  const watching = (async () => {
    while (!stop) {
      highest = Math.max(highest, await server.memory())
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return async () => {
    stop = true
    await watching
    return highest
  }
}

async function deliver(size: number): Promise<void> {
  const client = await typeTo(server.ports.smtp)
  await client.until('220 ')
  client.write('EHLO test\r\n')
  await client.until('250 ')
  client.write('MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n')
  await client.until('354 ')
  client.write('Subject: big\r\n\r\n')
  for (let sent = 0; sent < size; sent += block.length) {
    if (!client.socket.write(block)) await once(client.socket, 'drain')
  }
  client.write('.\r\n')
  await client.until('250 ')
  client.write('QUIT\r\n')
  await client.end()
}

async function read(sequence: number, expected: number): Promise<void> {
  const client = await typeTo(server.ports.imap)
  await client.until('* OK')
  client.write('a LOGIN alice@example.test secret\r\nb SELECT INBOX\r\n')
  await client.until('b OK')
  client.socket.removeAllListeners('data')
  let received = 0
  let tail = ''
  client.socket.on('data', (chunk) => {
    received += chunk.length
    tail = (tail + chunk.subarray(-200).toString('latin1')).slice(-200)
    if (tail.includes('\r\nc OK') && !client.socket.writableEnded) client.socket.end('d LOGOUT\r\n')
  })
  client.write(`c FETCH ${sequence} BODY.PEEK[]\r\n`)
  await once(client.socket, 'close')
  expect(received).toBeGreaterThan(expected)
}

test('memory stays flat', async () => {
  // The first message warms up what is made once: compiled code, caches, the database's pages, and the tens of
  // megabytes of used network buffers that V8 lets lie before it collects them.
  await deliver(WARM_UP)
  await read(1, WARM_UP)
  const before = await server.memory()
  const stop = watchMemory()
  await deliver(SIZE)
  await read(2, SIZE)
  const growth = (await stop()) - before
  expect(growth).toBeLessThan(GROWTH)
})
