/** The blocks of README.md run: each stands below as it is there. */
import * as smtp from '@posthouse/smtp'
import { connectSmtp, listen as listenAt } from '@posthouse/smtp/node'
import { createMemoryStore } from '@posthouse/store-api'
import { afterEach, expect, test } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'
import { type MilterHandler, type MilterHandlerOptions, milter as make, quarantined } from '../src/index.js'
import { milterAt as at } from '../src/node/index.js'
import { agree, type FakeMilter, fakeMilter, type Script } from './fake-milter.js'

test('every block of README.md is executed here', () => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(5)
  for (const block of blocks) expect(ours).toContain(squeeze(block))
})

const opened: { close(options: { force: boolean }): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close({ force: true })
})

const { createSmtpServer, deliverTo, localRecipients } = smtp

async function listen(server: smtp.SmtpServer, _options: { readonly port: number }): Promise<number> {
  const listening = await listenAt(server, { port: 0 })
  opened.push(listening)
  return listening.port
}

/** What listens at the addresses of the README: a milter of the test. */
let fake: FakeMilter
function milterAt(address: string): MilterHandlerOptions['connect'] {
  expect(at(address)).toBeTypeOf('function')
  return (options) => fake.connect(options)
}
const milter = (options: MilterHandlerOptions): MilterHandler => make(options)

function storeWithUser() {
  const store = createMemoryStore()
  store.addAccount('bob')
  store.addAddress('bob@example.org', 'bob')
  return store
}

async function deliver(handlers: readonly smtp.SmtpHandler[]): Promise<smtp.SmtpClient> {
  const port = await listen(createSmtpServer({ hostname: 'mx.example.org', handlers }), { port: 25 })
  return connectSmtp({ host: '127.0.0.1', port, tls: 'never' })
}

const MAIL = {
  envelope: { reversePath: 'alice@example.net', recipients: ['bob@example.org'] },
  message: new TextEncoder().encode('Subject: x\r\n\r\nx\r\n'),
}
const at_end =
  (answers: readonly string[]): Script =>
  (heard) =>
    heard.startsWith('E') ? answers : agree(heard)

async function headers(store: ReturnType<typeof storeWithUser>): Promise<readonly (readonly [string, number])[]> {
  const account = await store.open('bob')
  return (await account.mailboxes()).map(({ path, messages }) => [path.join('/'), messages] as const)
}

test('ask rspamd', async () => {
  fake = fakeMilter(at_end(['hX-Spam\0no\0', 'c']))
  const store = storeWithUser()
  const rspamd = milter({ name: 'rspamd', connect: milterAt('inet:11332@127.0.0.1') })
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    handlers: [localRecipients(store, { domains: ['example.org'] }), rspamd, deliverTo(store)],
  })
  await listen(server, { port: 25 })
  const [listening] = opened as unknown as readonly { readonly port: number }[]
  await using client = await connectSmtp({ host: '127.0.0.1', port: listening.port, tls: 'never' })
  await client.send(MAIL)
  expect(await headers(store)).toEqual([['INBOX', 1]])
  expect(fake.heard).toContain('R <bob@example.org>|')
})

test('several filters', async () => {
  fake = fakeMilter(at_end(['y550 5.7.1 Infected\0']))
  const store = storeWithUser()
  const filters = ['unix:/run/clamav/clamav-milter.ctl', 'inet:8891@127.0.0.1'].map((address) =>
    milter({ name: address, connect: milterAt(address) }),
  )
  const handlers = [localRecipients(store, { domains: ['example.org'] }), ...filters, deliverTo(store)]
  await using client = await deliver(handlers)
  await expect(client.send(MAIL)).rejects.toMatchObject({ reply: { text: ['Infected'] } })
  for (const filter of filters) filter.disconnect()
})

test('down, and exempt', async () => {
  fake = { ...fakeMilter(), connect: () => Promise.reject(new Error('down')) }
  const careful = milter({
    connect: milterAt('inet:11332@127.0.0.1'),
    whenDown: 'accept', // or 'tempfail', the default: 451; or 'reject'
    exempt: (session) => session.identity !== null, // users who have logged in
    limits: { endOfMessage: 60_000 },
  })
  const store = storeWithUser()
  await using client = await deliver([careful, deliverTo(store)])
  await client.send(MAIL)
  expect(await headers(store)).toEqual([['INBOX', 1]])
})

test('quarantine', async () => {
  fake = fakeMilter(at_end(['qlooks odd\0', 'c']))
  const store = storeWithUser()
  const holding = milter({ connect: milterAt('inet:11332@127.0.0.1'), quarantine: 'note' })
  const intoJunk = deliverTo(store, {
    path: (_recipient, transaction) => (transaction.get(quarantined) ? ['Junk'] : ['INBOX']),
  })
  await using client = await deliver([holding, intoJunk])
  await client.send(MAIL)
  expect(await headers(store)).toEqual([
    ['INBOX', 0],
    ['Junk', 1],
  ])
})

test('look, but not change', async () => {
  fake = fakeMilter(at_end(['hX-Spam\0no\0', '-<bob@example.org>\0', 'c']))
  const watching = milter({
    connect: milterAt('inet:11332@127.0.0.1'),
    actions: ['add-header'], // other changes are not made, and are in the log
    macro: (name) => (name === '{tenant}' ? 'acme' : undefined),
  })
  const store = storeWithUser()
  await using client = await deliver([watching, deliverTo(store)])
  await client.send(MAIL)
  expect(await headers(store)).toEqual([['INBOX', 1]])
})
