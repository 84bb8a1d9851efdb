import { on, startTestMail } from '@posthouse/testing'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'x'.repeat(5_000) }

describe('SMTP faults as nodemailer sees them', () => {
  test('greylisting: twice no, then yes', async () => {
    await using mail = await startTestMail()
    const transport = createTransport(mail.transport())
    using _ = mail.script(on.rcpt.times(2).reply(451, '4.7.1', 'greylisted'))
    await expect(transport.sendMail(letter)).rejects.toMatchObject({ responseCode: 451 })
    await expect(transport.sendMail(letter)).rejects.toMatchObject({ responseCode: 451 })
    await transport.sendMail(letter)
    expect(mail.messages).toHaveLength(1)
  })

  test('only for some', async () => {
    await using mail = await startTestMail()
    const transport = createTransport(mail.transport())
    mail.script(on.rcpt.when(({ argument }) => argument.startsWith('bounce+')).reply(550, '5.1.1', 'no such user'))
    await transport.sendMail(letter)
    await expect(transport.sendMail({ ...letter, to: 'bounce+1@example.test' })).rejects.toMatchObject({
      responseCode: 550,
    })
  })

  test.each([
    ['greeting', on.greeting.once().reply(421, '4.7.0', 'too many connections'), { responseCode: 421 }],
    ['MAIL', on.mail.once().reply(552, '5.3.4', 'too big'), { responseCode: 552 }],
    ['DATA', on.data.once().reply(451, '4.3.0', 'later'), { responseCode: 451 }],
    ['the message', on.message.once().reply(554, '5.7.1', 'spam'), { responseCode: 554 }],
    ['a cut in the message', on.data.once().drop({ after: 1024 }), { code: 'ECONNECTION' }],
    ['a cut at MAIL', on.mail.once().drop(), { code: 'ECONNECTION' }],
    ['no answer', on.rcpt.once().stall(), { code: 'ETIMEDOUT' }],
    ['a reply that is none', on.mail.once().raw('what?\r', '\n'), { code: 'EENVELOPE' }],
  ])('%s', async (_name, script, wanted) => {
    await using mail = await startTestMail()
    using _ = mail.script(script)
    const transport = createTransport({ ...mail.transport(), socketTimeout: 200 })
    const failure = await transport.sendMail(letter).then(
      () => null,
      (reason) => reason,
    )
    expect(failure).toMatchObject(wanted)
    await createTransport(mail.transport()).sendMail(letter)
    expect(mail.messages).toHaveLength(1)
  })

  test('odd packets are no fault', async () => {
    await using mail = await startTestMail()
    using _ = mail.script(on.rcpt.once().raw('25', '0-2.1.5 first\r', '\n250', ' 2.1.5 second\r\n'))
    await createTransport(mail.transport()).sendMail(letter)
    expect(mail.messages).toHaveLength(1)
  })

  test('accepted, but the client never hears of it', async () => {
    await using mail = await startTestMail()
    using _ = mail.script(on.message.once().dropAfterAccept())
    await expect(createTransport(mail.transport()).sendMail(letter)).rejects.toThrow()
    expect(mail.messages).toHaveLength(1)
  })

  test('an old server offers less', async () => {
    await using mail = await startTestMail({ tls: 'auto' })
    using _ = mail.script(on.ehlo.without('STARTTLS', 'PIPELINING', 'SIZE'))
    const { ehlo } = (await createTransport(mail.transport()).sendMail(letter)) as unknown as { ehlo: string[] }
    expect(ehlo).toContain('8BITMIME')
    expect(ehlo.filter((line) => /^(STARTTLS|PIPELINING|SIZE)/.test(line))).toEqual([])
    expect(mail.messages[0].origin?.tls).toBeNull()
  })

  test('STARTTLS that is no TLS', async () => {
    await using mail = await startTestMail({ tls: 'auto' })
    using _ = mail.script(on.starttls.once().failHandshake())
    const transport = createTransport({ ...mail.transport(), requireTLS: true })
    await expect(transport.sendMail(letter)).rejects.toThrow()
    await transport.sendMail(letter)
    expect(mail.messages[0].origin?.tls).not.toBeNull()
  })

  test('chance is the same with the same seed', async () => {
    const outcomes = async (): Promise<boolean[]> => {
      await using mail = await startTestMail()
      const transport = createTransport(mail.transport())
      mail.script(on.mail.chance(0.5, { seed: 42 }).reply(451, '4.3.0', 'chaos'))
      const seen: boolean[] = []
      for (let i = 0; i < 12; i++) {
        seen.push(
          await transport.sendMail(letter).then(
            () => true,
            () => false,
          ),
        )
      }
      return seen
    }
    const first = await outcomes()
    expect(new Set(first).size).toBe(2)
    expect(await outcomes()).toEqual(first)
  })

  test('a handler of the application decides before all else', async () => {
    const seen: string[] = []
    await using mail = await startTestMail({
      on: { rcpt: ({ address }) => void seen.push(address) },
    })
    await createTransport(mail.transport()).sendMail(letter)
    expect(seen).toEqual(['ada@example.test'])
  })
})

describe('IMAP and POP3 faults', () => {
  async function connect(endpoint: { host: string; port: number } | undefined): Promise<ImapFlow> {
    const { host, port } = endpoint as { host: string; port: number }
    const imap = new ImapFlow({ host, port, secure: false, auth: { user: 'ada', pass: 'x' }, logger: false })
    imap.on('error', () => {})
    await imap.connect()
    return imap
  }

  test('a login, a full mailbox, a goodbye', async () => {
    await using mail = await startTestMail({ imap: true })
    const login = mail.script(on.imap.login.once().no('[UNAVAILABLE] later'))
    await expect(connect(mail.imap)).rejects.toMatchObject({ serverResponseCode: 'UNAVAILABLE' })
    login.remove()
    using _ = mail.script(on.imap.append.once().no('[OVERQUOTA] no room'), on.imap.noop.once().bye('restarting'))
    const imap = await connect(mail.imap)
    await expect(imap.append('INBOX', 'Subject: x\r\n\r\n')).rejects.toMatchObject({ serverResponseCode: 'OVERQUOTA' })
    expect(await imap.append('INBOX', 'Subject: x\r\n\r\n')).toMatchObject({ destination: 'INBOX' })
    const closed = new Promise((resolve) => imap.once('close', resolve))
    imap.noop().catch(() => {})
    await closed
  })

  test('a connection that is cut in the middle of a literal', async () => {
    await using mail = await startTestMail({ imap: true })
    await mail.deliver('ada@mail.test', { subject: 'long', text: 'x'.repeat(10_000) })
    const imap = await connect(mail.imap)
    await imap.mailboxOpen('INBOX')
    using _ = mail.script(on.imap.fetch.once().dropMidLiteral())
    await expect(imap.fetchOne('1', { source: true })).rejects.toThrow()
  })

  test('a message that is expunged while it is searched for', async () => {
    await using mail = await startTestMail({ imap: true })
    await mail.deliver('ada@mail.test', { subject: 'gone' })
    const [imap, other] = [await connect(mail.imap), await connect(mail.imap)]
    await imap.mailboxOpen('INBOX')
    await other.mailboxOpen('INBOX')
    using _ = mail.script(on.imap.search.once().run(async () => void (await other.messageDelete('1'))))
    expect(await imap.search({ all: true })).toEqual([1])
    await imap.noop()
    expect(await imap.search({ all: true })).toEqual([])
    await imap.logout()
    await other.logout()
  })

  test('a maildrop that is in use', async () => {
    await using mail = await startTestMail({ pop3: true })
    using _ = mail.script(on.pop3.login.once().err('[IN-USE] try later'))
    const { connectPop3 } = await import('@posthouse/pop3/node')
    const { host, port } = mail.pop3 as { host: string; port: number }
    const open = () => connectPop3({ host, port, tls: 'never', credentials: { user: 'ada', password: 'x' } })
    await expect(open()).rejects.toMatchObject({ code: 'auth', responseCode: 'IN-USE' })
    await using pop3 = await open()
    expect((await pop3.stat()).messages).toBe(0)
  })
})
