/** The blocks of README.md run: each stands below as it is there. */
import { createPop3Server as create, type Pop3Server, type Pop3ServerOptions } from '@posthouse/pop3'
import {
  type ConnectPop3Options,
  connectPop3 as connect,
  type Listening,
  listen as listenAt,
} from '@posthouse/pop3/node'
import { createMemoryStore } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import { afterEach, expect, test } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'
import { testCertificate } from './certificate.js'
import { storeWith } from './stores.js'

test('every block of README.md is executed here', () => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(5)
  for (const block of blocks) expect(ours).toContain(squeeze(block))
})

const opened: Listening[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close({ force: true })
})

/** The ports may be in use where the tests run. */
async function listen(server: Pop3Server, options: Parameters<typeof listenAt>[1]): Promise<Listening> {
  const listening = await listenAt(server, { ...options, port: 0 })
  opened.push(listening)
  return listening
}

const createPop3Server = (options: Pop3ServerOptions): Pop3Server => create({ hostname: 'pop.example', ...options })

test('serve', async () => {
  const store = createMemoryStore()
  store.addAccount('alice')
  const server = createPop3Server({
    store,
    authenticate: (user, password) => (user === 'alice' && password === 'secret' ? 'alice' : null),
  })
  const listening = await listen(server, { port: 2110 })
  const credentials = { user: 'alice', password: 'secret' }
  await using pop3 = await connect({ host: '127.0.0.1', port: listening.port, tls: 'never', credentials })
  expect(await pop3.stat()).toEqual({ messages: 0, octets: 0 })
})

test('serve with TLS, fetch', async () => {
  const { cert, key } = testCertificate()
  const server = createPop3Server({
    store: await storeWith(['Subject: 1\r\n\r\none\r\n', 'Subject: 2\r\n\r\ntwo\r\n', 'Subject: 3\r\n\r\nthree\r\n']),
    authenticate: (_user, password) => (password === 'secret' ? 'mrose' : null),
  })
  {
    const tls = { cert, key } // PEM
    await listen(server, { port: 2995, tls, implicitTls: true })
    await listen(server, { port: 2110, tls }) // STLS
  }
  const [implicit, explicit] = opened
  const connectPop3 = (options: ConnectPop3Options) =>
    connect({ ...options, host: 'localhost', port: implicit.port, tls: 'implicit', tlsOptions: { ca: cert } })
  const known = new Set(['1.2'])
  const written: string[] = []
  const write = (octets: Uint8Array) => written.push(latin1(octets))

  const credentials = { user: 'alice', password: 'secret' }
  await using pop3 = await connectPop3({ host: 'pop.example.org', credentials }) // port 995, TLS
  for (const { number, uniqueId } of await pop3.uidl()) {
    if (known.has(uniqueId)) continue
    for await (const octets of pop3.retrieve(number)) write(octets)
    known.add(uniqueId)
  }
  await pop3.delete(1, 2, 3)
  await pop3.quit() // without it nothing is deleted

  expect(written.join('')).toBe('Subject: 1\r\n\r\none\r\nSubject: 3\r\n\r\nthree\r\n')
  await using again = await connect({ host: 'localhost', port: explicit.port, tlsOptions: { ca: cert }, credentials })
  expect(await again.stat()).toEqual({ messages: 0, octets: 0 })
})

test('take over; give each message out once', async () => {
  const store = await storeWith(['Subject: 1\r\n\r\none\r\n'])
  const authenticate = (_user: string, password: string) => (password === 'secret' ? 'mrose' : null)
  const moved = createPop3Server({ store, authenticate, uniqueId: 'dovecot' })
  const once = createPop3Server({ store, authenticate, markSeen: true, hideSeen: true, locking: 'exclusive' })

  const credentials = { user: 'alice', password: 'secret' }
  const open = async (server: Pop3Server) => {
    const { port } = await listen(server, {})
    return connect({ host: '127.0.0.1', port, tls: 'never', credentials })
  }
  {
    await using pop3 = await open(moved)
    // UID and UIDVALIDITY in hexadecimal.
    expect((await pop3.uidl()).map(({ uniqueId }) => uniqueId.length)).toEqual([16])
  }
  {
    await using pop3 = await open(once)
    await expect(open(once)).rejects.toMatchObject({ code: 'auth' })
    for await (const _octets of pop3.retrieve(1));
    await pop3.quit()
  }
  await using again = await open(once)
  expect(await again.stat()).toEqual({ messages: 0, octets: 0 })
})
