import { createDriver, fromLatin1, type Link, latin1, type Transport } from '@posthouse/wire'
import { expect, test } from 'vitest'
import { createSmtpServer, discard } from '../src/index.js'

const link: Link = {
  id: 'x',
  remote: { address: '192.0.2.1', port: 1 },
  local: { address: '192.0.2.2', port: 25 },
  tls: null,
  upgraded: false,
  loopback: false,
  canStartTls: false,
  canCompress: false,
  inputWaits: false,
  signal: new AbortController().signal,
  log() {},
  now: () => 0,
  delay: async () => {},
  flush() {},
  sent() {},
  startTls() {},
  compress() {},
  close() {},
  abort() {},
  idleTimeout() {},
  deadline() {},
}

test('a line that has begun must end within the idle time; the time of the greeting is another one', () => {
  const seen: (string | number)[] = []
  const silent: Transport = { write() {}, pause() {}, resume() {}, end() {}, destroy() {} }
  const server = createSmtpServer({ handlers: [discard()], limits: { greeting: 7, idle: 5 } })
  const driver = createDriver(server, silent, () => ({ ...link, deadline: (ms) => void seen.push(ms) }))
  driver.start()
  const chunks = ['EH', 'LO x', '\r', '\nNOOP\r\n', 'NO', 'O', 'P\r\nNOO', 'P\r\n', 'x'.repeat(20_000), 'x', '\r\n']
  for (const chunk of chunks) {
    seen.push(chunk.slice(0, 9))
    driver.receive(fromLatin1(chunk))
  }
  expect(seen).toEqual([
    ...[7, 'EH', 'LO x', '\r', '\nNOOP\r\n', 0],
    ...['NO', 5, 'O', 'P\r\nNOO', 0, 5, 'P\r\n', 0],
    ...['xxxxxxxxx', 5, 'x', '\r\n', 0],
  ])
})

test('RFC 2920: the replies to a batch leave in one write', () => {
  const writes: string[] = []
  const transport: Transport = {
    write: (pieces) => void writes.push(pieces.map((piece) => latin1(piece)).join('')),
    pause() {},
    resume() {},
    end() {},
    destroy() {},
  }
  const server = createSmtpServer({ hostname: 'mx.example.org', handlers: [discard()] })
  const driver = createDriver(server, transport, () => link)
  driver.start()
  driver.receive(fromLatin1('HELO x\r\n'))
  writes.length = 0
  const batch = 'MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n'
  driver.receive(fromLatin1(batch))
  expect(writes).toHaveLength(1)
  expect(writes[0].match(/^\d{3}/gm)).toEqual(['250', '250', '250', '354'])
  driver.receive(fromLatin1(`text\r\n.\r\n${batch}`))
  expect(writes).toHaveLength(2)
  expect(writes[1].match(/^\d{3}/gm)).toEqual(['250', '250', '250', '250', '354'])
})
