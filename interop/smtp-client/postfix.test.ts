/** Our client delivers into Postfix. */
import { createSmtpPool, type OutgoingMail, SmtpClientError } from '@posthouse/smtp'
import { type ConnectSmtpOptions, connectSmtp } from '@posthouse/smtp/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificates, type TestCertificates } from '../../packages/smtp/test/client/certificates.js'
import { testMessages } from '../messages.js'
import { type Postfix, startPostfix } from '../postfix.js'
import { ensureInstalled } from '../tools.js'

describe.skipIf(!ensureInstalled(['postfix']))('Postfix', () => {
  let postfix: Postfix
  let certificates: TestCertificates
  beforeAll(async () => {
    certificates = makeCertificates()
    postfix = await startPostfix({
      tls: certificates.server,
      mailboxes: ['alice', 'bob', 'carol', 'dora', 'data', 'lockstep', 'pool', 'wishes', 'jörg'],
      settings: ['message_size_limit = 10000000', 'smtputf8_enable = yes'],
    })
  })
  afterAll(() => postfix?.stop())

  const connect = (more: Partial<ConnectSmtpOptions> = {}) =>
    connectSmtp({
      host: 'localhost',
      port: postfix.port,
      tls: 'required',
      tlsOptions: { ca: certificates.authority },
      hostname: 'client.example.net',
      ...more,
    })

  const mail = (to: readonly string[], message: Uint8Array | string): OutgoingMail => ({
    envelope: { reversePath: 'sender@example.net', recipients: to },
    message: typeof message === 'string' ? Buffer.from(message, 'latin1') : message,
  })

  /** What Postfix keeps of a message: without the fields in front of it, with Unix line ends. */
  function body(stored: string): string {
    return stored.slice(stored.indexOf('\n\n') + 2)
  }

  test('STARTTLS with a certificate that is verified; all extensions are understood', async () => {
    await using client = await connect()
    expect(client.tls?.protocol).toBe('TLSv1.3')
    for (const keyword of ['PIPELINING', 'SIZE', 'DSN', '8BITMIME', 'SMTPUTF8', 'CHUNKING', 'ENHANCEDSTATUSCODES']) {
      expect(client.capabilities?.has(keyword)).toBe(true)
    }
    expect(client.capabilities?.size).toBe(10_000_000)
    expect(client.capabilities?.hostname).toBe('postfix.example.com')
    await expect(connect({ tlsOptions: {} })).rejects.toMatchObject({ code: 'tls' })
  })

  test.each([
    ['BDAT', 'bob', []],
    ['DATA', 'data', ['CHUNKING']],
    ['one command at a time', 'lockstep', ['CHUNKING', 'PIPELINING']],
  ] as const)('messages arrive as they are by %s', async (_name, user, ignore) => {
    // Postfix cuts lines that are longer than SMTP allows, and knows no NUL.
    const sound = testMessages(100).filter(({ bytes }) => fits(bytes))
    expect(sound.length).toBeGreaterThan(30)
    await using client = await connect({ ignore, limits: { chunk: 5_000, eagerMessage: 3_000 } })
    for (const { bytes } of sound) await client.send(mail([`${user}@example.org`], bytes))
    const stored = await postfix.deliveredTo(user, sound.length)
    const wanted = sound.map(({ bytes }) => endBody(bytes)).sort()
    expect(stored.map(body).sort()).toEqual(wanted)
  })

  test('outcomes for each recipient, and errors that say what is wrong', async () => {
    await using client = await connect()
    const { recipients } = await client.send(
      mail(['alice@example.org', 'nobody@example.org', 'carol@example.org'], 'x'),
    )
    expect(recipients).toMatchObject([
      { accepted: true },
      { error: { command: 'RCPT', enhanced: '5.1.1', temporary: false, reply: { code: 550 } } },
      { accepted: true },
    ])
    await expect(client.send(mail(['nobody@example.org'], 'x'))).rejects.toMatchObject({ enhanced: '5.1.1' })
    const big = Buffer.alloc(10_000_001, `${'x'.repeat(70)}\r\n`)
    await expect(client.send(mail(['alice@example.org'], big))).rejects.toMatchObject({
      code: 'unsupported',
      enhanced: '5.3.4',
    })
    // Without a word about the size before: Postfix notices on the way.
    await using blunt = await connect({ ignore: ['SIZE'] })
    const error = await blunt.send(mail(['alice@example.org'], big)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SmtpClientError)
    expect(error).toMatchObject({ code: 'refused', enhanced: '5.3.4', reply: { code: 552 } })
    // And the connections are good for more.
    await client.send(mail(['alice@example.org'], 'y'))
    if (blunt.usable) await blunt.send(mail(['alice@example.org'], 'z'))
    const stored = await postfix.deliveredTo('alice', 2)
    expect(stored[0]).toContain('from client.example.net (localhost [127.0.0.1])'.slice(0, 24))
  })

  test('bare line ends do not reach it', async () => {
    await using client = await connect({ ignore: ['CHUNKING'] })
    const evil = 'Subject: x\r\n\r\na\n.\nQUIT\r.\r\nb\r\n.\r\r\nMAIL FROM:<x@example.net>\r\n'
    await client.send(mail(['dora@example.org'], evil))
    const [stored] = await postfix.deliveredTo('dora', 1)
    expect(body(stored)).toBe('a\n.\nQUIT\n.\nb\n.\n\nMAIL FROM:<x@example.net>\n')
    expect(postfix.delivered('dora')).toHaveLength(1)
  })

  test('DSN and SMTPUTF8', async () => {
    await using client = await connect()
    const { dropped } = await client.send({
      envelope: {
        reversePath: 'carol@example.org',
        ret: 'HDRS',
        envid: 'id+1',
        recipients: [
          {
            address: 'wishes@example.org',
            notify: ['SUCCESS'],
            orcpt: { type: 'rfc822', address: 'first+x@example.com' },
          },
        ],
      },
      message: Buffer.from('Subject: wish\r\n\r\nx\r\n'),
    })
    expect(dropped).toEqual([])
    const found = async (): Promise<string> => {
      for (let count = 1; ; count++) {
        const all = await postfix.deliveredTo('carol', count)
        const notice = all.find((text) => text.includes('Original-Envelope-Id'))
        if (notice) return notice
      }
    }
    const notice = await found()
    expect(notice).toContain('Original-Envelope-Id: id+1')
    expect(notice).toContain('Original-Recipient: rfc822;first+x@example.com')
    expect(notice).toContain('Action: delivered')
    await client.send({
      envelope: { reversePath: null, recipients: ['jörg@example.org'] },
      message: Buffer.from('Subject: Grüße\r\n\r\nx\r\n'),
    })
    expect((await postfix.deliveredTo('jörg', 1))[0]).toContain(Buffer.from('Subject: Grüße').toString('latin1'))
  })

  test('a pool: 300 messages, none lost, none doubled', async () => {
    const before = postfix.log().length
    await using pool = createSmtpPool({
      connect: (signal) => connect({ signal }),
      maxConnections: 4,
      maxMessagesPerConnection: 20,
    })
    await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        pool.send(mail(['pool@example.org'], `Subject: ${i}\r\n\r\nnumber ${i}\r\n`)),
      ),
    )
    const stored = await postfix.deliveredTo('pool', 300)
    expect(new Set(stored.map(body)).size).toBe(300)
    expect(stored).toHaveLength(300)
    expect(postfix.log().slice(before)).not.toMatch(/improper command pipelining|lost connection|timeout after/)
  })
})

function fits(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('latin1')
  const headerEnd = text.indexOf('\r\n\r\n')
  return (
    headerEnd > 0 &&
    bytes.length < 200_000 &&
    !text.includes('\0') &&
    text.split('\r\n').every((line) => line.length < 990 && !/[\r\n]/.test(line))
  )
}

function endBody(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n')
  const part = text.slice(text.indexOf('\n\n') + 2)
  return part === '' || part.endsWith('\n') ? part : `${part}\n`
}
