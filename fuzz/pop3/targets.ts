/** What must hold for `@posthouse/pop3` whatever a client sends: nothing throws, and the cutting changes nothing. */
import { createPop3Engine, createPop3Server, DEFAULT_LIMITS, type Pop3Engine } from '@posthouse/pop3'
import { createMemoryStore } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import { connectInMemory, playEngine } from '@posthouse/wire/testing'
import { check, cutUp, type Target } from '../loop.js'

const DIALOGUE = [
  ...['USER a\r\n', 'PASS b\r\n', 'AUTH\r\n', 'AUTH PLAIN\r\n', 'AUTH PLAIN AGEAYg==\r\n', 'AUTH LOGIN =\r\n', '*\r\n'],
  ...['YQ==\r\n', 'CAPA\r\n', 'STAT\r\n', 'LIST\r\n', 'LIST 1\r\n', 'UIDL 4294967296\r\n', 'RETR 1\r\n', 'TOP 1 1\r\n'],
  ...['TOP 1\r\n', 'DELE 1\r\n', 'RSET\r\n', 'NOOP\r\n', 'UTF8\r\n', 'LANG *\r\n', 'QUIT\r\n', 'APOP a b\r\n'],
  ...['\r', '\n', '\r\n', ' ', `${'x'.repeat(2000)}\r\n`, 'x'.repeat(13_000)],
]

function play(chunks: readonly Uint8Array[]): string {
  const engine = createPop3Engine(DEFAULT_LIMITS, true)
  const { events, output } = playEngine(engine, chunks, (event) => {
    if (event.type === 'command' && event.command.keyword === 'AUTH') {
      engine.send({ type: 'challenge', data: '' })
      engine.enterAuth()
      return
    }
    if (event.type === 'auth-cancelled' || event.type === 'auth-response') engine.leaveAuth()
    engine.send({ type: 'status', ok: true, text: 'x' })
    if (event.type === 'violation') (engine as Pop3Engine).end()
  })
  return JSON.stringify(events, (_, value) => (value instanceof Uint8Array ? latin1(value) : value)) + latin1(output)
}

export const targets: readonly Target[] = [
  {
    name: 'pop3: engine at any cut',
    dictionary: DIALOGUE,
    run(input, next) {
      // What stands behind STLS depends on the cut on purpose: it ends the connection.
      if (latin1(input).toUpperCase().includes('STLS')) return
      check(play([input]) === play(cutUp(input, next)), 'another cutting gave other events or output')
    },
  },
  {
    name: 'pop3: server never fails',
    dictionary: DIALOGUE,
    async run(input, next) {
      const store = createMemoryStore()
      store.addAccount('a')
      const staged = await store.stage([input])
      await store.deliver({ staged, summary: new Uint8Array(0), to: [{ account: 'a', dedup: 'x' }] })
      let failed: unknown = null
      const log = (event: { readonly event: string; readonly error?: unknown }): void => {
        if (event.event === 'session.failed') failed = event.error
      }
      const server = createPop3Server({ store, authenticate: () => 'a', allowInsecureAuth: true })
      const connection = connectInMemory(server, { log })
      for (const chunk of cutUp(input, next)) connection.send(chunk)
      connection.end()
      while (!connection.closed) {
        connection.take()
        await connection.output()
      }
      check(failed === null, `the session failed: ${failed}`)
    },
  },
]
