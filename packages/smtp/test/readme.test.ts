/** The blocks of README.md run: each stands below as it is there. */
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseMessage } from '@posthouse/mime'
import {
  aliases,
  annotation,
  createLmtpServer as createLmtp,
  createSmtpServer as createSmtp,
  createSmtpPool,
  deliverTo,
  isMessageEvent,
  type LogEvent,
  localRecipients,
  type OutgoingMail,
  onMessage,
  rateLimit,
  reply,
  requireAuth,
  rewritten,
  type SmtpHandler,
  type SmtpServer,
  type SmtpServerOptions,
  subaddressing,
} from '@posthouse/smtp'
import {
  type ConnectSmtpOptions,
  connectSmtp as connect,
  createTlsIdentity,
  type Listening,
  type ListenOptions,
  listen as listenAt,
  streamTo,
} from '@posthouse/smtp/node'
import { createMemoryStore, type Source } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import { afterEach, expect, test, vi } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'
import { makeCertificates } from './client/certificates.js'

test('every block of README.md is executed here', () => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(11)
  for (const block of blocks) expect(ours).toContain(squeeze(block))
})

const certificates = makeCertificates()
const { cert, key } = certificates.server
const opened: Listening[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close({ force: true })
})

/** The ports may be in use, and not be ours, where the tests run. */
async function listen(server: SmtpServer, options: ListenOptions): Promise<Listening> {
  const listening = await listenAt(server, { ...options, host: '127.0.0.1', port: 0 })
  opened.push(listening)
  return listening
}

/** Everything the names of the README lead to is the server that was started last. */
const connectSmtp = (options: ConnectSmtpOptions) =>
  connect({ ...options, host: 'localhost', port: opened[0]!.port, tlsOptions: { ca: certificates.authority } })

const quick = { limits: { authFailureDelay: 0 } }
const createSmtpServer = (options: SmtpServerOptions): SmtpServer => createSmtp({ ...quick, ...options })
const createLmtpServer = (options: SmtpServerOptions): SmtpServer => createLmtp({ ...quick, ...options })

const HELLO = new TextEncoder().encode('Subject: hello\r\n\r\nHello\r\n')
const envelope = { reversePath: 'ann@example.net', recipients: ['alice+news@example.org', 'bob@example.org'] }

test('receive mail in an application', async () => {
  const console = { log: vi.fn() }
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    handlers: [
      onMessage(async ({ transaction, octets }) => {
        console.log(
          transaction.reversePath?.address,
          '->',
          transaction.recipients.map((to) => to.address),
        )
        console.log(new TextDecoder().decode(octets()))
      }),
    ],
  })
  const listening = await listen(server, { port: 2525 })
  await using client = await connectSmtp({ port: listening.port, tls: 'never' })
  await client.send({ envelope, message: HELLO })
  expect(console.log.mock.calls).toEqual([
    ['ann@example.net', '->', envelope.recipients],
    ['Subject: hello\r\n\r\nHello\r\n'],
  ])
})

test('recipients that are looked up, files, a certificate that is replaced', async () => {
  const process = { once: vi.fn() }
  const users = new Set(['alice@example.org'])
  const files: [string, string | null][] = []
  const save = async (octets: Uint8Array, name: string | null) => void files.push([latin1(octets), name])
  const isOurs: SmtpHandler = {
    async rcpt({ address }) {
      if (!(await users.has(address.toLowerCase()))) return reply(550, '5.1.1', 'No such user')
    },
  }
  const keepFiles = onMessage(async ({ octets }) => {
    for (const part of parseMessage(octets()).attachments) await save(part.bytes(), part.filename)
  })
  const tls = createTlsIdentity({ cert, key })
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    limits: { messageSize: 10_000_000 },
    handlers: [isOurs, keepFiles],
  })
  const listening = await listen(server, { host: '0.0.0.0', port: 25, tls })
  tls.replace({ cert, key }) // renewed: new connections get it
  process.once('SIGTERM', () => listening.close())
  expect(process.once).toHaveBeenCalledOnce()
  await using client = await connectSmtp({ port: listening.port })
  const text = 'Content-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n1;2'
  const message = new TextEncoder().encode(text)
  const { rejected } = await client.send({
    envelope: { reversePath: null, recipients: ['Alice@example.org', 'bob@example.org'] },
    message,
  })
  expect(rejected.map(({ address }) => address)).toEqual(['bob@example.org'])
  expect(files).toEqual([[expect.stringContaining('1;2'), 'a.csv']])
  expect(client.tls).not.toBeNull()
})

test('submission with users; send a message; a pool', async () => {
  const console = { log: vi.fn() }
  const isRight = async (user: string, password: string) => user === 'alice' && password === 'secret'
  const sent: string[] = []
  const send = (message: { octets(): Uint8Array }): void => void sent.push(latin1(message.octets()))
  {
    const server = createSmtpServer({
      hostname: 'mail.example.org',
      authenticate: async (user, password) => ((await isRight(user, password)) ? user : null),
      handlers: [rateLimit({ failedLogins: { limit: 10, seconds: 60 } }), requireAuth(), onMessage(send)],
    })
    await listen(server, { host: '0.0.0.0', port: 587, tls: { cert, key } })
    await listen(server, { host: '0.0.0.0', port: 465, tls: { cert, key }, implicitTls: true })
  }
  {
    await using client = await connectSmtp({
      host: 'mail.example.org',
      auth: { user: 'alice', password: 'secret' }, // port 587, STARTTLS required
    })
    const { accepted, rejected } = await client.send({
      envelope: { reversePath: 'alice@example.org', recipients: ['bob@example.net', 'carol@example.net'] },
      message: new TextEncoder().encode('Subject: Hello\r\n\r\nHello both!\r\n'),
    })
    for (const { address, error } of rejected) console.log(address, error.reply?.code, error.temporary)
    expect(accepted).toEqual(['bob@example.net', 'carol@example.net'])
    expect(client.tls).not.toBeNull()
  }
  const auth = { user: 'alice', password: 'secret' }
  const letters: OutgoingMail[] = Array.from({ length: 20 }, () => ({ envelope, message: HELLO }))
  {
    await using pool = createSmtpPool({
      connect: (signal) => connectSmtp({ host: 'mail.example.org', auth, signal }),
      maxConnections: 5,
    })
    await Promise.all(letters.map((letter) => pool.send(letter)))
  }
  expect(sent).toHaveLength(21)
  expect(sent[0]).toBe('Subject: Hello\r\n\r\nHello both!\r\n')
  await expect(connectSmtp({ auth: { user: 'alice', password: 'wrong' } })).rejects.toMatchObject({ code: 'auth' })
})

test('mail of a domain into a store', async () => {
  const store = createMemoryStore()
  store.addAccount('alice@example.org')
  store.addAccount('bob@example.org')
  const handlers = [
    subaddressing(),
    aliases(new Map([['info@example.org', ['alice@example.org', 'bob@example.org']]])),
    localRecipients(store, { domains: ['example.org'] }),
    deliverTo(store),
  ]
  await listen(createSmtpServer({ hostname: 'mx.example.org', handlers }), {
    host: '0.0.0.0',
    port: 25,
    tls: { cert, key },
  })
  await listen(createLmtpServer({ hostname: 'mx.example.org', handlers }), { port: 24 })
  await using client = await connectSmtp({})
  await client.send({ envelope, message: HELLO })
  const { accepted, rejected } = await client.send({
    envelope: { ...envelope, recipients: ['info+news@example.org', 'nobody@example.org', 'x@example.com'] },
    message: HELLO,
  })
  expect(accepted).toEqual(['info+news@example.org'])
  expect(rejected.map(({ error }) => [error.reply?.code, error.enhanced])).toEqual([
    [550, '5.1.1'],
    [550, '5.7.1'],
  ])
  for (const name of ['alice@example.org', 'bob@example.org']) {
    const account = (await store.open(name))!
    const [inbox] = await account.mailboxes()
    expect(inbox!.messages).toBe(2)
  }
})

test('handlers and extensions', async () => {
  const holdsZip = async (source: Source): Promise<boolean> => {
    for await (const octets of source) if (latin1(octets).includes('PK')) return true
    return false
  }
  const noZip: SmtpHandler = {
    needs: ['octets'],
    async message({ read }) {
      if (await holdsZip(read())) return reply(550, '5.7.1', 'No ZIP files, please')
    },
  }
  const tag: SmtpHandler = {
    rewrites: true,
    message: (message) => rewritten(message, [new TextEncoder().encode('X-Seen: yes\r\n'), { start: 0 }]),
  }
  const colour = annotation<string>('colour')
  const colourExtension: SmtpHandler = {
    keywords: () => ['XCOLOUR'],
    mailParameters: new Map([
      [
        'XCOLOUR',
        (value, transaction) => (value ? void transaction.set(colour, value) : reply(501, '5.5.4', 'Which?')),
      ],
    ]),
  }
  const kept: string[] = []
  const keep = onMessage(({ octets }) => void kept.push(latin1(octets())))
  await listen(createSmtpServer({ hostname: 'mx.example.org', handlers: [noZip, tag, colourExtension, keep] }), {
    port: 25,
  })
  await using client = await connectSmtp({ tls: 'never' })
  expect(client.capabilities?.has('XCOLOUR')).toBe(true)
  await client.send({ envelope, message: HELLO })
  await expect(client.send({ envelope, message: new TextEncoder().encode('\r\nPK\r\n') })).rejects.toMatchObject({
    enhanced: '5.7.1',
  })
  expect(kept).toEqual(['X-Seen: yes\r\nSubject: hello\r\n\r\nHello\r\n'])
})

test('a stream for each message; watching', async () => {
  const console = { log: vi.fn(), error: vi.fn() }
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-readme-'))
  try {
    const archive = streamTo(({ id }) => createWriteStream(`${folder}/${id}.eml`, { flush: true }), {
      aborted: ({ id }) => rmSync(`${folder}/${id}.eml`, { force: true }),
    })
    const log = (event: LogEvent) => {
      if (isMessageEvent(event)) console.log(event.from, '->', event.to.join(), event.codes.join()) // these have types
      if (event.level === 'error') console.error(event)
    }
    await listen(createSmtpServer({ handlers: [archive], log }), { port: 25 })
    await using client = await connectSmtp({ tls: 'never' })
    await client.send({ envelope, message: HELLO })
    const [file, ...others] = readdirSync(folder)
    expect(readFileSync(join(folder, file!))).toEqual(Buffer.from(HELLO))
    expect(others).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
  expect(console.log.mock.calls).toEqual([['ann@example.net', '->', envelope.recipients.join(), '250']])
  expect(console.error).not.toHaveBeenCalled()
})
