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
