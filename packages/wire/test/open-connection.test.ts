/** The client's end of a connection, on real sockets. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type LookupFunction, type Socket } from 'node:net'
import { openConnection } from '@posthouse/wire/node'
import { afterEach, expect, test, vi } from 'vitest'

const server = createServer()
afterEach(() => {
  vi.useRealTimers()
  server.close()
})

test.each([
  ['lost', (peer: Socket) => void peer.resetAndDestroy()],
  ['aborted', (_peer: Socket, abort: AbortController) => abort.abort()],
])('TLS on a connection that was %s already fails at once', async (code, end) => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  const abort = new AbortController()
  const connection = await openConnection({ host: '127.0.0.1', port, signal: abort.signal })
  const [peer] = await accepted
  const lost = expect(connection.read(0)).rejects.toMatchObject({ code })
  end(peer, abort)
  await lost
  // The socket tells of its end once, and has done so.
  await new Promise((resolve) => setImmediate(resolve))
  peer.destroy()
  await expect(connection.startTls()).rejects.toMatchObject({ code })
})

test('Infinity is as long as it takes, and not the millisecond that a timer makes of it', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const opened = openConnection({ host: '127.0.0.1', port, connectTimeout: Number.POSITIVE_INFINITY })
  vi.advanceTimersByTime(60_000)
  const connection = await opened
  const read = connection.read(Number.POSITIVE_INFINITY)
  vi.advanceTimersByTime(60_000)
  const [peer] = await accepted
  peer.write('x')
  expect(await read).toHaveLength(1)
  connection.destroy()
  peer.destroy()
})

test('a high-water mark below that of the socket: who waits for the peer goes on when it has read', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  const connection = await openConnection({ host: '127.0.0.1', port, highWaterMark: 100 })
  const [peer] = await accepted
  let slow: void | Promise<void>
  do slow = connection.write([new Uint8Array(1_000)])
  while (!slow)
  peer.resume()
  await slow
  connection.destroy()
  peer.destroy()
})

test('the time of day is set while the connection is opened: what is left for the handshake is the same', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  vi.useFakeTimers({ toFake: ['Date', 'hrtime', 'setTimeout', 'clearTimeout'], now: 0 })
  const lookup: LookupFunction = (_host, _options, callback) => {
    setImmediate(() => {
      vi.setSystemTime(-3_600_000)
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    })
  }
  const opened = openConnection({ host: 'mx.example', port, lookup, implicitTls: true, connectTimeout: 1_000 })
  const late = expect(opened).rejects.toMatchObject({ code: 'timeout' })
  const [peer] = await accepted
  await once(peer, 'data')
  vi.advanceTimersByTime(2_000)
  await late
  peer.destroy()
})
