/** What counts as quiet: by a clock that is set by hand, on a socket that is none. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { ByteWindow, fromLatin1, type Link, latin1, NEED_DATA, type Protocol } from '@posthouse/wire'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { serveConnection } from '../src/node/connection.js'

const IDLE = 1_000

beforeEach(() => {
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'hrtime'] as const
  vi.useFakeTimers({ toFake: [...toFake] })
})
afterEach(() => void vi.useRealTimers())

/** Answers `ok` to each line that `work` is through with. */
function lines(work: (link: Link) => void | Promise<void>): Protocol {
  return {
    name: 'lines',
    connect(link) {
      const window = new ByteWindow()
      const output: Uint8Array[] = []
      const say = (text: string): void => void output.push(fromLatin1(`${text}\r\n`))
      return {
        engine: {
          receive: (chunk) => window.push(chunk),
          receiveEnd() {},
          next() {
            const length = window.lineLength(100)
            if (length === -1) return NEED_DATA
            window.skip(length)
            return { type: 'line' }
          },
          send: say as (reply: unknown) => void,
          takeOutput: () => output.splice(0),
        },
        session: {
          start: () => link.idleTimeout(IDLE),
          async handle() {
            say('wait')
            await work(link)
            say('ok')
          },
          timedOut: () => say('too late'),
        },
      }
    },
  }
}

/** A served connection. `reads`: what is written to it leaves. */
function serve(work: (link: Link) => void | Promise<void>, reads = true) {
  const heard: string[] = []
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      heard.push(latin1(chunk).trimEnd())
      if (reads) done()
    },
  }) as unknown as Socket
  let give = (_chunk: Uint8Array): void => {}
  const incoming = { socket, giveTo: (taker: typeof give) => void (give = taker), consumed() {} }
  const options = {
    ...{ protocol: lines(work), log() {}, now: Date.now, tls: null, implicitTls: false, local: false },
    ...{ handshakeTimeout: 1_000, highWaterMark: 100_000, closed() {} },
  }
  serveConnection(incoming, options, { id: '1', remote: null, head: null })
  return { heard, say: () => give(fromLatin1('x\r\n')) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a peer that waits for a handler is not quiet; it is when the handler is through', async () => {
  let finish = (): void => {}
  const { heard, say } = serve(() => new Promise((resolve) => (finish = resolve)))
  say()
  await turn()
  vi.advanceTimersByTime(10 * IDLE)
  expect(heard).toEqual(['wait'])
  finish()
  await turn()
  expect(heard).toEqual(['wait', 'ok'])
  vi.advanceTimersByTime(IDLE - 1)
  expect(heard).toEqual(['wait', 'ok'])
  vi.advanceTimersByTime(IDLE / 2)
  expect(heard).toEqual(['wait', 'ok', 'too late'])
})

test('a peer that does not read is quiet, whatever a handler does', async () => {
  let over = false
  const { say } = serve((link) => {
    link.signal.addEventListener('abort', () => (over = true))
    return new Promise(() => {})
  }, false)
  say()
  await turn()
  vi.advanceTimersByTime(IDLE / 2)
  expect(over).toBe(false)
  vi.advanceTimersByTime(IDLE / 2)
  // What is left of the goodbye is given up when it does not move.
  vi.advanceTimersByTime(20_000)
  await turn()
  expect(over).toBe(true)
})

test('a deadline holds while a handler runs', async () => {
  const { heard, say } = serve((link) => {
    link.deadline(IDLE / 2)
    return new Promise(() => {})
  })
  say()
  await turn()
  vi.advanceTimersByTime(IDLE / 2)
  expect(heard).toEqual(['wait', 'too late'])
})

test.each([
  ['forward', 86_400_000],
  ['back', -86_400_000],
])('a clock that is set %s ends no connection, and keeps none', async (_, change) => {
  const { heard, say } = serve((link) => link.deadline(IDLE * 0.75))
  say()
  await turn()
  vi.setSystemTime(Date.now() + change)
  vi.advanceTimersByTime(IDLE / 2)
  expect(heard).toEqual(['wait', 'ok'])
  vi.advanceTimersByTime(IDLE / 2)
  expect(heard).toEqual(['wait', 'ok', 'too late'])
})
