/** The blocks of README.md run: each stands below as it is there. */
import { buffer } from 'node:stream/consumers'
import { composeMessage } from '@posthouse/mime/compose'
import {
  createSmtpServer,
  deliverTo,
  localRecipients,
  onMessage,
  type ReceivedMessage,
  reply,
  requireAuth,
  type SmtpHandler,
  type SmtpServer,
} from '@posthouse/smtp'
import { type ConnectSmtpOptions, connectSmtp, type Listening, listen } from '@posthouse/smtp/node'
import { createMemoryStore } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import { afterEach, expect, test } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'
import {
  dkimSign,
  mailAuthentication,
  signMessage,
  type VerifyMailOptions,
  verifyMail as verify,
} from '../src/index.js'
import { HELLO, keyPair, resolverOf, type Zone } from './world.js'

test('every block of README.md is executed here', () => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(6)
  for (const block of blocks) expect(ours).toContain(squeeze(block))
})

const key = keyPair()
const ZONE: Zone = {
  'TXT example.org': ['v=spf1 -all'],
  'TXT _dmarc.example.org': ['v=DMARC1; p=reject'],
  'TXT mail._domainkey.example.org': [key.record],
}
const verifyMail = (options: VerifyMailOptions): SmtpHandler => verify({ resolver: resolverOf(ZONE), ...options })

const opened: Listening[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close({ force: true })
})

async function send(server: SmtpServer, login = false): Promise<unknown> {
  const listening = await listen(server, { port: 0 })
  opened.push(listening)
  const auth = login ? { auth: { user: 'alice', password: 'secret' } } : {}
  await using client = await connectSmtp({ host: '127.0.0.1', port: listening.port, tls: 'never', ...auth })
  const message = new TextEncoder().encode(HELLO.replaceAll('\n', '\r\n'))
  return client.send({ envelope: { reversePath: 'alice@example.org', recipients: ['bob@example.org'] }, message })
}

const serverOf = (...handlers: readonly SmtpHandler[]): SmtpServer =>
  createSmtpServer({ hostname: 'mx.example.org', handlers })

function storeWithUser() {
  const store = createMemoryStore()
  store.addAccount('bob')
  store.addAddress('bob@example.org', 'bob')
  return store
}

test('sign', async () => {
  const sent: string[] = []
  const readFileSync = (_name: string, _encoding: string): string => key.privateKey
  const authenticate = (user: string, password: string): string | null => (password === 'secret' ? user : null)
  const send_ = (message: ReceivedMessage): void => void sent.push(latin1(message.octets()))
  {
    const send = send_
    const privateKey = readFileSync('dkim.pem', 'utf8')
    const sign = dkimSign({ keys: new Map([['example.org', { selector: 'mail', privateKey }]]) })
    const submission = createSmtpServer({
      hostname: 'mail.example.org',
      authenticate,
      handlers: [requireAuth(), sign, onMessage(send)],
    })
    await submit(submission)
  }
  expect(sent[0]).toMatch(/^DKIM-Signature: /)
})

const submit = (server: SmtpServer): Promise<unknown> => send(server, true)

test('sign what an application sends', async () => {
  const sent: string[] = []
  const mx = serverOf(onMessage((message) => void sent.push(latin1(message.octets()))))
  const { port } = opened[opened.push(await listen(mx, { port: 0 })) - 1]
  const readFileSync = (_name: string, _encoding: string): string => key.privateKey
  const connect = (options: ConnectSmtpOptions) => connectSmtp({ ...options, host: '127.0.0.1', port })
  {
    const connectSmtp = connect
    const privateKey = readFileSync('dkim.pem', 'utf8')
    const keys = new Map([['example.org', { selector: 'mail', privateKey }]])
    const letter = composeMessage({
      from: 'Alice <alice@example.org>',
      to: 'bob@example.net',
      subject: 'Hello',
      text: 'Hello Bob',
    })
    await using client = await connectSmtp({ host: 'mx.example.net', port: 25, tls: 'opportunistic' })
    await client.send({
      envelope: { reversePath: letter.envelope.from, recipients: letter.envelope.to },
      message: await signMessage(await buffer(letter), { keys }),
    })
  }
  expect(sent[0]).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed; d=example\.org;/)
})

test('check', async () => {
  const store = storeWithUser()
  const check = verifyMail({ policy: 'enforce' })
  const handlers = [localRecipients(store, { domains: ['example.org'] }), check, deliverTo(store)]
  await expect(send(serverOf(...handlers))).rejects.toMatchObject({ reply: { enhanced: '5.7.26' } })
})

test('decide', async () => {
  const strict = verifyMail({
    policy(found, session) {
      if (found.spf.result === 'fail') return reply(550, '5.7.23', 'SPF says no')
      if (found.dmarc.result === 'fail' && !found.excused) session.log({ level: 'warn', event: 'dmarc.failed' })
    },
  })
  await expect(send(serverOf(strict))).rejects.toMatchObject({ reply: { text: ['SPF says no'] } })
})

test('read the results', async () => {
  const store = storeWithUser()
  const intoJunk = deliverTo(store, {
    path(_recipient, transaction) {
      const found = transaction.get(mailAuthentication)
      return found?.dmarc.result === 'fail' ? ['Junk'] : ['INBOX']
    },
  })
  await send(serverOf(verifyMail({}), intoJunk))
  const account = await store.open('bob')
  expect((await account.mailboxes()).map(({ path, messages }) => [path[0], messages])).toEqual([
    ['INBOX', 0],
    ['Junk', 1],
  ])
})

test('forwarders, and DNS', async () => {
  const zone = resolverOf(ZONE)
  class Resolver {
    setServers(_servers: readonly string[]): void {}
    resolve(name: string, type: string): Promise<unknown> {
      return zone(name, type)
    }
  }
  const dns = new Resolver()
  dns.setServers(['127.0.0.1'])
  const trusting = verifyMail({
    policy: 'enforce',
    trustArc: ['lists.example.net'], // believed about what it saw (RFC 8617)
    resolver: (name, type) => dns.resolve(name, type),
    limits: { signatures: 5, dnsQueries: 40, time: 10_000 },
  })
  await expect(send(serverOf(trusting))).rejects.toMatchObject({ reply: { enhanced: '5.7.26' } })
  expect(zone.asked).toContain('TXT _dmarc.example.org')
})
