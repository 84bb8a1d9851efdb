/** Whoever has no log still hears of errors. */
import { afterEach, expect, test, vi } from 'vitest'
import { errorLog } from '../src/index.js'

const said = vi.spyOn(console, 'error').mockImplementation(() => {})
afterEach(() => said.mockClear())

test('errors, with what is known of them on one line and the stack behind it', () => {
  const error = new Error('database is down')
  errorLog({ level: 'error', event: 'handler.failed', connection: '7', stage: 'rcpt', address: 'a\r\nb', error })
  errorLog({ level: 'error', event: 'notify.failed' })
  expect(said.mock.calls).toEqual([
    ['posthouse: handler.failed connection="7" stage="rcpt" address="a\\r\\nb"', error],
    ['posthouse: notify.failed'],
  ])
})

test.each(['debug', 'info', 'warn'] as const)('nothing else: %s', (level) => {
  errorLog({ level, event: 'connection.closed' })
  expect(said).not.toHaveBeenCalled()
})

test('details that are no JSON', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  errorLog({ level: 'error', event: 'x', circle, big: 7n, none: undefined })
  expect(said.mock.calls).toEqual([['posthouse: x circle="[object Object]" big="7" none=undefined']])
})
