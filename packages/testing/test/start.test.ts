import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import {
  connectTestMail,
  on,
  startTestMail,
  type TestMail,
  TestMailError,
  type TestMailOptions,
  testMailFor,
} from '@posthouse/testing'
import { ImapFlow } from 'imapflow'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { describe, expect, test } from 'vitest'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'It works.' }

describe('receiving', () => {
  test('a message is there when its sender hears so', async () => {
    await using mail = await startTestMail()
    await createTransport(mail.transport()).sendMail({ ...letter, bcc: 'boss@example.test' })
    expect(mail.messages).toHaveLength(1)
    const [message] = mail.messages
    expect(message).toMatchObject({
      subject: 'Hello',
      text: 'It works.\n',
      html: '',
      envelope: { from: 'app@example.test', to: ['ada@example.test', 'boss@example.test'] },
      from: [{ name: '', address: 'app@example.test' }],
      bcc: ['boss@example.test'],
      origin: { remote: '127.0.0.1', tls: null, user: null },
    })
    expect(Buffer.from(message.raw).toString()).toMatch(/^Content-Type: |^From: /)
    expect(mail.sessions).toHaveLength(1)
    expect(mail.sessions[0].lines.slice(0, 2).map(({ dir, line }) => `${dir}: ${line}`)).toEqual([
      'S: 220 localhost ESMTP',
      expect.stringMatching(/^C: EHLO /),
    ])
  })

  test('a wait sees what has come and what will come', async () => {
    await using mail = await startTestMail()
    const transport = createTransport(mail.transport())
    const waiting = mail.waitFor({ to: 'ADA@example.test', subject: /^hel/i })
    await transport.sendMail(letter)
    expect((await waiting).subject).toBe('Hello')
    expect(await mail.waitFor({ text: 'works', header: { subject: 'Hello' } })).toBe(await waiting)
    const second = mail.waitFor({}, { since: 'now' })
    await transport.sendMail({ ...letter, subject: 'Again' })
    expect((await second).subject).toBe('Again')
    expect((await mail.waitForAll(2)).map(({ subject }) => subject)).toEqual(['Hello', 'Again'])
    mail.clear()
    expect(mail.messages).toEqual([])
  })

  test('each inbox has its own mail; next gives each message once', async () => {
    await using mail = await startTestMail()
    const transport = createTransport(mail.transport())
    const [one, two] = [mail.inbox(), mail.inbox()]
    expect(one.address).not.toBe(two.address)
    const [first, second] = [one.next(), one.next()]
    await transport.sendMail({ ...letter, to: one.address, subject: '1' })
    await transport.sendMail({ ...letter, to: two.address, subject: '2' })
    await transport.sendMail({ ...letter, to: one.address, subject: '3' })
    expect([(await first).subject, (await second).subject]).toEqual(['1', '3'])
    expect(two.messages.map(({ subject }) => subject)).toEqual(['2'])
  })

  test('1,000 inboxes on one server', async () => {
    await using mail = await startTestMail()
    const transport = createTransport({ ...mail.transport(), pool: true, maxConnections: 20 })
    const inboxes = Array.from({ length: 1_000 }, () => mail.inbox())
    const waits = inboxes.map((inbox) => inbox.waitFor(undefined, { timeout: 30_000 }))
    await Promise.all(inboxes.map(({ address }) => transport.sendMail({ ...letter, to: address, subject: address })))
    transport.close()
    expect((await Promise.all(waits)).map(({ subject }) => subject)).toEqual(inboxes.map(({ address }) => address))
  })

  test('what arrives during a function, and iterating over all', async () => {
    await using mail = await startTestMail()
    const transport = createTransport(mail.transport())
    await transport.sendMail({ ...letter, subject: 'before' })
    const { value, messages } = await mail.during(async () => {
      await transport.sendMail(letter)
      return 'done'
    })
    expect(value).toBe('done')
    expect(messages.map(({ subject }) => subject)).toEqual(['Hello'])
    expect((await mail.during(() => 1)).messages).toEqual([])
    const seen: string[] = []
    for await (const { subject } of mail) if (seen.push(subject) === 2) break
    expect(seen).toEqual(['before', 'Hello'])
  })
})

describe('what does not come', () => {
  test('the error says what came, what failed on the nearest, and which sessions died', async () => {
    await using mail = await startTestMail({ users: ['ada@example.test'] })
    const transport = createTransport(mail.transport())
    await transport.sendMail(letter)
    await expect(transport.sendMail({ ...letter, to: 'nobody@example.test' })).rejects.toMatchObject({
      responseCode: 550,
    })
    const failure = await mail.waitFor({ to: 'ada@example.test', subject: 'Reset' }, { timeout: 20 }).catch((e) => e)
    expect(failure).toBeInstanceOf(TestMailError)
    expect(failure.code).toBe('timeout')
    expect(failure.message).toContain('waited 20 ms for a message with { to: "ada@example.test", subject: "Reset" }')
    expect(failure.message).toContain('"Hello" from <app@example.test> to <ada@example.test>')
    expect(failure.message).toContain('Nearest: "Hello", but subject is "Hello", not "Reset"')
    expect(failure.message).toContain('RCPT TO:<nobody@example.test> was refused: 550 5.1.1 No such user here')
  })

  test('nothing comes: proven when no session is open, refuted at once', async () => {
    await using mail = await startTestMail()
    const inbox = mail.inbox()
    await inbox.expectNone()
    const transport = createTransport(mail.transport())
    await transport.sendMail({ ...letter, to: 'other@example.test' })
    await inbox.expectNone()
    const refuted = expect(inbox.expectNone({}, { within: 60_000 })).rejects.toThrow(
      `wanted no mail for ${inbox.address}, but there is "Hello" from`,
    )
    await transport.sendMail({ ...letter, to: inbox.address })
    await refuted
    await expect(inbox.expectNone()).rejects.toMatchObject({ code: 'unexpected' })
  })

  test('disposing ends everything, and says so to who waits', async () => {
    const mail = await startTestMail()
    const waiting = mail.waitFor()
    const socket = await new Promise<import('node:net').Socket>((resolve) => {
      import('node:net').then(({ connect }) => {
        const opened = connect(mail.smtp.port, mail.smtp.host)
        opened.once('data', () => resolve(opened))
      })
    })
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    await Promise.all([
      expect(waiting).rejects.toMatchObject({ code: 'disposed' }),
      mail.dispose().then(() => mail.dispose()),
      ended,
    ])
    await expect(mail.waitFor()).rejects.toMatchObject({ code: 'disposed' })
  })

  test('an abort ends a wait', async () => {
    await using mail = await startTestMail()
    const abort = new AbortController()
    const waiting = mail.waitFor({}, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toMatchObject({ cause: { message: 'enough' } })
  })

  test('a full server says so', async () => {
    await using mail = await startTestMail({ limits: { messages: 1 } })
    const transport = createTransport(mail.transport())
    await transport.sendMail(letter)
    await expect(transport.sendMail(letter)).rejects.toMatchObject({ responseCode: 452 })
  })

  test.each([{}, { imap: true }])('also those that come together count: %j', async (options) => {
    await using mail = await startTestMail({ ...options, limits: { messages: 2 } })
    const transport = createTransport({ ...mail.transport(), pool: true, maxConnections: 6 })
    const sending = Array.from({ length: 6 }, () => transport.sendMail(letter))
    const delivering = Array.from({ length: 6 }, () => mail.deliver('ada@mail.test', 'Subject: x\n\ny'))
    const results = await Promise.allSettled([...sending, ...delivering])
    transport.close()
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    expect(mail.messages).toHaveLength(2)
    mail.clear()
    await mail.deliver('ada@mail.test', 'Subject: x\n\ny')
    expect(mail.messages).toHaveLength(1)
  })
})

test('a message that comes counts once, at every moment', async () => {
  await using mail = await startTestMail({ limits: { messages: 2 } })
  const deliver = () => mail.deliver('ada@mail.test', 'Subject: x\n\ny')
  for (let moments = 0; moments < 40; moments++) {
    const first = deliver()
    for (let i = 0; i < moments; i++) await null
    await Promise.all([first, deliver()])
    mail.clear()
  }
})

describe('TLS and logins', () => {
  test('certificates are verified as in production', async () => {
    await using mail = await startTestMail({ tls: 'auto', smtps: true, imaps: true })
    const port = mail.endpoints.smtps?.port
    await createTransport({ host: 'localhost', port, secure: true, tls: { ca: mail.ca } }).sendMail(letter)
    await createTransport({ ...mail.transport(), requireTLS: true }).sendMail(letter)
    expect(mail.messages.map(({ origin }) => origin?.tls?.protocol)).toEqual(['TLSv1.3', 'TLSv1.3'])
    await expect(createTransport({ host: 'localhost', port, secure: true }).sendMail(letter)).rejects.toThrow(
      /certificate/,
    )
  })

  test.each([
    ['expired', /expired/],
    ['wrong-host', /does not match certificate/],
    ['self-signed', /self-signed/],
  ] as const)('a certificate that is %s', async (tls, wanted) => {
    await using mail = await startTestMail({ tls })
    const transport = createTransport({ ...mail.transport(), requireTLS: true })
    await expect(transport.sendMail(letter)).rejects.toThrow(wanted)
  })

  test('anybody, nobody, or the users that were given', async () => {
    await using any = await startTestMail()
    const auth = { user: 'ada', pass: 'x' }
    await createTransport({ ...any.transport(), auth }).sendMail(letter)
    expect(any.messages[0].origin?.user).toBe('ada@mail.test')
    expect(JSON.stringify(any.sessions)).not.toContain(Buffer.from('\0ada\0x').toString('base64'))
    await using some = await startTestMail({ auth: { ada: 'secret' } })
    await expect(createTransport({ ...some.transport(), auth }).sendMail(letter)).rejects.toMatchObject({
      responseCode: 535,
    })
    await using none = await startTestMail({ auth: 'off' })
    await createTransport({ ...none.transport(), auth }).sendMail(letter)
    expect(none.messages[0].origin?.user).toBeNull()
  })
})

describe('reading', () => {
  test('delivered mail is in the mailbox of who logs in', async () => {
    await using mail = await startTestMail({ imap: true, pop3: true })
    await mail.deliver('ada@mail.test', { subject: 'Bounce', text: 'x' }, { flags: ['\\Seen', '$Work'] })
    const at = new Date('2026-03-10T09:30:00Z')
    await mail.deliver('ada@mail.test', 'Subject: raw\n\nbody\n', { folder: 'Archive/2026', at })
    await createTransport(mail.transport()).sendMail({ ...letter, to: 'ada@mail.test' })
    const { host, port } = mail.imap as { host: string; port: number }
    const imap = new ImapFlow({ host, port, secure: false, auth: { user: 'ada', pass: 'x' }, logger: false })
    await imap.connect()
    await imap.mailboxOpen('INBOX')
    const found: [string | undefined, string[]][] = []
    for await (const { envelope, flags } of imap.fetch('1:*', { envelope: true, flags: true })) {
      found.push([envelope?.subject, [...(flags ?? [])].sort()])
    }
    expect(found).toEqual([
      ['Bounce', ['$Work', '\\Seen']],
      ['Hello', []],
    ])
    await imap.mailboxOpen('Archive/2026')
    expect((await imap.fetchOne('1', { internalDate: true })) || {}).toMatchObject({ internalDate: at })
    await imap.logout()
  })
})

test('scripts that never happened are told at the end', async () => {
  const mail = await startTestMail({ strictScripts: true })
  mail.script(on.rcpt.times(2).reply(451, '4.7.1', 'greylisted'))
  mail.script(on.imap.login.once().no()).remove()
  await expect(mail.dispose()).rejects.toThrow('on.imap.login.once().no(scripted), on.rcpt.times(2).reply(451)')
})

describe('users', () => {
  const users = ['ada', { address: 'bob@example.test', password: 'secret' }] as const
  const login = (mail: TestMail, user: string, pass: string) =>
    createTransport({ ...mail.transport(), auth: { user, pass } })
      .sendMail({ ...letter, to: 'ada@mail.test' })
      .then(
        () => 'in',
        ({ responseCode }) => responseCode,
      )

  test('those that there are: others are refused at RCPT, at login and for deliveries', async () => {
    await using mail = await startTestMail({ users, imap: true })
    const to = (address: string) => createTransport(mail.transport()).sendMail({ ...letter, to: address })
    await to('ADA@mail.test')
    await to('bob@example.test')
    await expect(to('eve@mail.test')).rejects.toMatchObject({ responseCode: 550 })
    expect(await login(mail, 'ada', 'whatever')).toBe('in')
    expect(await login(mail, 'bob@example.test', 'secret')).toBe('in')
    expect(await login(mail, 'bob@example.test', 'wrong')).toBe(535)
    expect(await login(mail, 'eve', 'x')).toBe(535)
    await mail.deliver('ada', 'Subject: x\n\n')
    await expect(mail.deliver('eve@mail.test', 'Subject: x\n\n')).rejects.toThrow('has no user eve@mail.test')
    await expect(mail.deliver('ada', 'x', { flags: ['\\Odd'] })).rejects.toThrow('there is no system flag \\Odd')
  })

  test('a function, a verifier, passwords by name', async () => {
    await using byFunction = await startTestMail({ auth: (user, password) => (password === 'p' ? user : null) })
    expect([await login(byFunction, 'a@b.test', 'p'), await login(byFunction, 'a@b.test', 'q')]).toEqual(['in', 535])
    await using byVerifier = await startTestMail({ auth: { password: ({ user }) => ({ account: user }) } })
    expect(await login(byVerifier, 'a@b.test', 'q')).toBe('in')
    await using byName = await startTestMail({ auth: { password: 'p' } })
    expect([await login(byName, 'password', 'p'), await login(byName, 'other', 'p')]).toEqual(['in', 535])
  })
})

describe('to whom mail is delivered', () => {
  test.each<[string, TestMailOptions]>([
    ['a user', { users: ['ada'], imap: true }],
    ['a user without a mailbox', { users: ['ada'] }],
  ])('%s, by name', async (_name, options) => {
    await using mail = await startTestMail({ ...options, http: true })
    await using remote = await connectTestMail(mail.http?.url as string)
    for (const server of [mail, remote]) {
      const message = await server.deliver('ada', { subject: 'Hello' })
      expect(message).toMatchObject({ to: [{ address: 'ada@mail.test' }], envelope: { to: ['ada@mail.test'] } })
      for (const to of ['Ada <ada@mail.test>', 'ada@mail.test, bob@mail.test', '']) {
        await expect(server.deliver(to, 'Subject: x\n\n')).rejects.toMatchObject({ code: 'options' })
      }
    }
  })
})

test.each([
  [{ imaps: false, impa: true }, 'there is no option impa; there are host, smtp,'],
  [{ smtp: 2525 }, 'smtp: 2525 is not what it can be: true, false, { port: 2525 }'],
  [{ smtp: { prot: 2525 } }, 'there is no smtp option prot; there are port'],
  [{ imap: { port: '143' } }, 'imap.port: 143'],
  [{ http: { port: 70_000 } }, 'http.port: 70000'],
  [{ tls: 'self_signed' }, 'tls: self_signed is not what it can be: auto, none, expired, wrong-host, self-signed'],
  [{ auth: 'none' }, 'auth: none'],
  [{ limits: { octets: 5 } }, 'there is no limit octets; there are messages, bytes'],
  [{ limits: { messages: -1 } }, 'limits.messages: -1'],
])('options that there are not: %j', async (options, message) => {
  await expect(startTestMail(options as unknown as TestMailOptions)).rejects.toMatchObject({
    code: 'options',
    message: expect.stringContaining(message),
  })
})

test('what is undefined was not said', async () => {
  const limits = { bytes: undefined, messages: undefined } as unknown as Record<string, number>
  await using mail = await startTestMail({ limits })
  await createTransport(mail.transport()).sendMail(letter)
  expect(mail.messages).toHaveLength(1)
})

test('the clock of a test does not date the certificate', async () => {
  await using mail = await startTestMail({ tls: 'auto', now: () => Date.UTC(2001, 0, 1) })
  await createTransport({ ...mail.transport(), requireTLS: true }).sendMail(letter)
  expect(mail.messages[0].receivedAt).toEqual(new Date(Date.UTC(2001, 0, 1)))
})

test('DSN parameters are part of the envelope', async () => {
  await using mail = await startTestMail()
  const dsn = { id: 'order-42', return: 'headers', notify: ['failure', 'delay'], recipient: 'ada@example.test' }
  await createTransport(mail.transport()).sendMail({ ...letter, dsn } as SendMailOptions)
  expect(mail.messages[0].envelope.dsn).toEqual({
    ret: 'HDRS',
    envid: 'order-42',
    recipients: [{ address: 'ada@example.test', notify: ['FAILURE', 'DELAY'], orcpt: 'ada@example.test' }],
  })
})

test('lenient: bare line feeds are kept', async () => {
  const talk = async (lenient: boolean): Promise<string> => {
    await using mail = await startTestMail({ lenient })
    const socket = connect(mail.smtp.port, mail.smtp.host)
    let said = ''
    socket.on('data', (chunk) => {
      said += chunk
    })
    socket.write('EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nSubject: x\n\nbody\r\n.\r\nQUIT\r\n')
    await once(socket, 'close')
    return said.split('\r\n').at(-3) ?? ''
  }
  expect(await talk(false)).toMatch(/^5/)
  expect(await talk(true)).toMatch(/^250/)
})

test('the environment of other programs, and a file for those that verify', async () => {
  const mail = await startTestMail({ tls: 'auto', smtps: true, imap: true, pop3: true })
  const env = mail.env('APP_')
  expect(env).toMatchObject({ APP_SMTP_URL: mail.smtp.url, APP_SMTPS_PORT: String(mail.endpoints.smtps?.port) })
  expect(Object.keys(env)).toContain('APP_POP3_HOST')
  expect(readFileSync(env.NODE_EXTRA_CA_CERTS, 'utf8')).toBe(mail.ca)
  expect(mail.env().NODE_EXTRA_CA_CERTS).toBe(env.NODE_EXTRA_CA_CERTS)
  await mail.dispose()
  expect(existsSync(env.NODE_EXTRA_CA_CERTS)).toBe(false)
  await using plain = await startTestMail({ smtp: false, imap: true })
  expect(plain.env()).toEqual({
    IMAP_HOST: '127.0.0.1',
    IMAP_PORT: String(plain.imap?.port),
    IMAP_URL: plain.imap?.url,
  })
  expect(() => plain.smtp).toThrow('started without SMTP')
})

test('IPv6, when it is asked for', async () => {
  await using mail = await startTestMail({ host: '::1', tls: 'auto' })
  expect(mail.smtp.url).toBe(`smtp://[::1]:${mail.smtp.port}`)
  await createTransport({ ...mail.transport(), requireTLS: true }).sendMail(letter)
  expect(mail.messages[0].origin?.remote).toBe('::1')
})

test('100 servers in one process', async () => {
  const servers = await Promise.all(Array.from({ length: 100 }, () => startTestMail()))
  expect(new Set(servers.map(({ smtp }) => smtp.port)).size).toBe(100)
  await Promise.all(servers.map((mail) => createTransport(mail.transport()).sendMail(letter)))
  expect(servers.map(({ messages }) => messages.length)).toEqual(servers.map(() => 1))
  await Promise.all(servers.map((mail) => mail.dispose()))
})

describe('every handle is closed', () => {
  /** Those of this process, once the loop has let go of what is closed. */
  async function handles(): Promise<string[]> {
    for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate)
    // The runner reads files whenever it likes.
    return process.getActiveResourcesInfo().filter((kind) => !kind.startsWith('FS'))
  }

  /** Those that were not there before. What earlier tests have let go of may have gone meanwhile. */
  function added(before: readonly string[], after: readonly string[]): string[] {
    const left = [...before]
    return after.filter((kind) => {
      const at = left.indexOf(kind)
      if (at >= 0) left.splice(at, 1)
      return at < 0
    })
  }

  test('with clients attached, mail on its way, waits and faults in progress', async () => {
    await warm()
    const before = await handles()
    const mail = await startTestMail({ smtps: true, imap: true, imaps: true, pop3: true, pop3s: true, http: true })
    using _ = mail.script(on.data.stall(), on.imap.noop.delay(60_000), on.pop3.any.throttle(1))
    const ends: Promise<unknown>[] = []
    for (const endpoint of Object.values(mail.endpoints)) {
      for (let i = 0; i < 5 && endpoint; i++) {
        const socket = connect(endpoint.port, endpoint.host)
        socket.on('error', () => {}).resume()
        socket.write('EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n')
        ends.push(new Promise((resolve) => socket.once('close', resolve)))
      }
    }
    const waits = [mail.waitFor(), mail.inbox().next(), mail.expectNone({}, { within: 60_000 })].map((wait) =>
      wait.catch(({ code }) => code),
    )
    while (mail.sessions.length < 25) await new Promise(setImmediate)
    await mail.dispose()
    expect(await Promise.all(waits)).toEqual(['disposed', 'disposed', 'disposed'])
    await Promise.all(ends)
    expect(added(before, await handles())).toEqual([])
  })

  /** What is loaded or opened once for the whole process. */
  async function warm(): Promise<void> {
    await (await startTestMail({ smtps: true, imap: true, pop3: true, http: true })).dispose()
  }
})

test('testMailFor disposes with its test', async () => {
  const cleanings: (() => Promise<void>)[] = []
  const starting = testMailFor({ after: (clean) => cleanings.push(clean) })
  // Registered before anything is awaited: jest refuses hooks later.
  expect(cleanings).toHaveLength(1)
  const mail = await starting
  expect(mail.env('TEST_')).toMatchObject({ TEST_SMTP_HOST: '127.0.0.1', TEST_SMTP_PORT: String(mail.smtp.port) })
  for (const clean of cleanings) await clean()
  await expect(mail.waitFor()).rejects.toMatchObject({ code: 'disposed' })
  for (const none of [{}, undefined, null]) {
    await expect(testMailFor(none as never)).rejects.toThrow('needs a test context')
  }
})

test('testMailFor: a server that could not start leaves nothing to clean up', async () => {
  await using taken = await startTestMail()
  const cleanings: (() => Promise<void>)[] = []
  const after = (clean: () => Promise<void>): unknown => cleanings.push(clean)
  await expect(testMailFor({ after }, { smtp: { port: taken.smtp.port } })).rejects.toThrow('is taken')
  await expect(cleanings[0]()).resolves.toBeUndefined()
})

test('testMailFor: a runner that refuses the hook has no server left', async () => {
  const { smtp, dispose } = await startTestMail()
  await dispose()
  const after = (): never => {
    throw new Error('no hooks here')
  }
  await expect(testMailFor({ after }, { smtp: { port: smtp.port } })).rejects.toThrow('no hooks here')
  await using _ = await startTestMail({ smtp: { port: smtp.port } })
})

test('testMailFor: waits end before the time limit of the test does', async ({ task, onTestFinished }) => {
  // vitest says it there, whatever the limit of this test is.
  expect(task.timeout).toBeGreaterThan(0)
  const mail = await testMailFor({ onTestFinished, task: { timeout: 50 } })
  const { message } = await mail.waitFor().catch((error) => error)
  expect(message).toContain('waited 40 ms for a message')
})
