/** What is left when a test server is over, at whatever moment that is. */
import { createConnection } from 'node:net'
import { startTestMail } from '@posthouse/testing'
import { expect, test } from 'vitest'

const everything = { smtps: true, imap: true, pop3: true, http: true } as const

/** Whether somebody listens there. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
  })
}

test('a signal that aborts while the server starts leaves no port open', async () => {
  const before = await startTestMail(everything)
  const ports = Object.values(before.endpoints).flatMap((endpoint) => endpoint?.port ?? [])
  await before.dispose()
  const [smtp, smtps, imap, pop3, http] = ports.map((port) => ({ port }))
  // As many turns as a start has: the abort comes behind each of them.
  for (let turns = 0; turns < 12; turns++) {
    const abort = new AbortController()
    const starting = startTestMail({ smtp, smtps, imap, pop3, http, signal: abort.signal }).catch((error) => error)
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    abort.abort(new Error('enough'))
    const result = await starting
    if (result instanceof Error) expect(result).toMatchObject({ code: 'aborted', cause: { message: 'enough' } })
    else await result.dispose()
    expect(await Promise.all(ports.map(listens))).toEqual(ports.map(() => false))
  }
})
