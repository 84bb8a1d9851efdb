/** Every fault of IMAP and POP3, as imapflow and node-pop3 show it to their users. */
import { connect } from 'node:net'
import type { Pop3Client } from '@posthouse/pop3'
import { connectPop3 } from '@posthouse/pop3/node'
import { on, type Script, startTestMail, type TestMail, type TestMailOptions } from '@posthouse/testing'
import { ImapFlow, type ImapFlowOptions } from 'imapflow'
import Pop3Command from 'node-pop3'
import { beforeAll, describe, expect, test } from 'vitest'

/** What imapflow does not tell in its types. */
interface RawImap {
  exec(command: string, attributes: readonly unknown[]): Promise<unknown>
}

async function imapTo(mail: TestMail, more: Partial<ImapFlowOptions> = {}): Promise<ImapFlow> {
  const { host, port } = mail.imap as { host: string; port: number }
  const auth = { user: 'ada', pass: 'x' }
  const imap = new ImapFlow({ host, port, secure: false, auth, logger: false, ...more })
  imap.on('error', () => {})
  await imap.connect()
  return imap
}

async function filled(options: TestMailOptions = {}): Promise<TestMail> {
  const mail = await startTestMail({ imap: true, pop3: true, strictScripts: true, ...options })
  for (const subject of ['one', 'two', 'three']) {
    await mail.deliver('ada@mail.test', { subject, text: subject.repeat(1_000) })
  }
  return mail
}

// The first connection waits until its protocol is loaded, which is no fault, and longer than the clients here wait.
beforeAll(async () => {
  await using mail = await filled()
  const { host, port } = mail.pop3 as { host: string; port: number }
  const pop3 = await connectPop3({ host, port, tls: 'never', credentials: { user: 'ada', password: 'x' } })
  await pop3.quit()
  await (await imapTo(mail)).logout()
})

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error) => error,
  )
const closed = (imap: ImapFlow): Promise<void> => new Promise((resolve) => imap.once('close', resolve))

describe('IMAP: connecting', () => {
  const SHORT = { greetingTimeout: 150, socketTimeout: 150, connectionTimeout: 150 }
  const faults: readonly [string, Script, object, Partial<ImapFlowOptions>][] = [
    [
      'BYE instead of a greeting',
      on.imap.greeting.once().bye('[UNAVAILABLE] full'),
      { code: 'ClosedAfterConnectTLS' },
      {},
    ],
    ['a cut at the greeting', on.imap.greeting.once().drop(), {}, {}],
    ['a cut in the greeting', on.imap.greeting.once().drop({ after: 10 }), {}, {}],
    ['silence instead of a greeting', on.imap.greeting.once().stall(), { code: 'GREETING_TIMEOUT' }, SHORT],
    ['noise instead of a greeting', on.imap.greeting.once().raw('220 smtp\r\n'), {}, SHORT],
    [
      'a login that is refused',
      on.imap.login.once().no('[AUTHENTICATIONFAILED] no'),
      { authenticationFailed: true },
      {},
    ],
    [
      'a login for which there is no time',
      on.imap.login.once().no('[UNAVAILABLE] later'),
      { serverResponseCode: 'UNAVAILABLE' },
      {},
    ],
    ['a login that ends the connection', on.imap.login.once().bye('maintenance'), {}, {}],
    ['a login that is not answered', on.imap.login.once().stall(), {}, SHORT],
    ['a cut at the login', on.imap.login.once().drop(), {}, {}],
  ]
  test.each(faults)('%s', async (_name, script, wanted, options) => {
    await using mail = await startTestMail({ imap: true, strictScripts: true })
    using faulty = mail.script(script)
    const failure = await failureOf(imapTo(mail, options))
    expect(failure).toBeInstanceOf(Error)
    for (const [key, value] of Object.entries(wanted)) {
      if (key !== 'code') expect(failure).toHaveProperty(key, value)
    }
    faulty.remove()
    await (await imapTo(mail)).logout()
  })

  test('STARTTLS, and then no TLS', async () => {
    await using mail = await startTestMail({ imap: true, tls: 'auto', strictScripts: true })
    using faulty = mail.script(on.imap.starttls.once().failHandshake())
    const tls = { ca: mail.ca, servername: 'localhost' }
    expect(await failureOf(imapTo(mail, { doSTARTTLS: true, tls }))).toBeInstanceOf(Error)
    faulty.remove()
    const imap = await imapTo(mail, { doSTARTTLS: true, tls })
    expect(imap.secureConnection).toBe(true)
    await imap.logout()
  })

  test('an old server offers less', async () => {
    await using mail = await startTestMail({ imap: true, strictScripts: true })
    using _ = mail.script(on.imap.capability.without('IDLE', 'MOVE', 'condstore'))
    const imap = await imapTo(mail)
    expect([...imap.capabilities.keys()]).toContain('UIDPLUS')
    expect(['IDLE', 'MOVE', 'CONDSTORE'].filter((word) => imap.capabilities.has(word))).toEqual([])
    await imap.logout()
  })
})

describe('IMAP: commands', () => {
  type Act = (imap: ImapFlow) => Promise<unknown>
  const refusals: readonly [string, Script, Act][] = [
    ['SELECT', on.imap.select.once().no('[NOPERM] not yours'), (imap) => imap.mailboxOpen('Other')],
    ['CREATE', on.imap.create.once().no('[LIMIT] enough'), (imap) => imap.mailboxCreate('New')],
    ['DELETE', on.imap.delete.once().no('[HASCHILDREN] x'), (imap) => imap.mailboxDelete('Other')],
    ['RENAME', on.imap.rename.once().no('[CANNOT] x'), (imap) => imap.mailboxRename('Other', 'Else')],
    ['APPEND', on.imap.append.once().no('[OVERQUOTA] no room'), (imap) => imap.append('INBOX', 'Subject: x\r\n\r\n')],
    ['FETCH', on.imap.fetch.once().no('[EXPUNGEISSUED] x'), (imap) => imap.fetchAll('1:*', { uid: true })],
    ['FETCH BAD', on.imap.fetch.once().bad('broken'), (imap) => imap.fetchAll('1:*', { uid: true })],
  ]
  test.each(refusals)('%s is refused once', async (_name, script, act) => {
    await using mail = await filled()
    await mail.deliver('ada@mail.test', { subject: 'x' }, { folder: 'Other' })
    const imap = await imapTo(mail)
    await imap.mailboxOpen('INBOX')
    using _ = mail.script(script)
    expect(await failureOf(act(imap))).toMatchObject({ responseStatus: /BAD/.test(script.name + _name) ? 'BAD' : 'NO' })
    expect(await act(imap)).toBeTruthy()
    await imap.logout()
  })

  // imapflow tells these by what it returns.
  test.each<[string, Script, Act]>([
    ['STATUS', on.imap.status.once().no('[SERVERBUG] x'), (imap) => imap.status('Other', { messages: true })],
    ['STORE', on.imap.store.once().no('[EXPIRED] x'), (imap) => imap.messageFlagsAdd('1', ['$Kept'])],
    ['COPY', on.imap.copy.once().no('[TRYCREATE] x'), (imap) => imap.messageCopy('1', 'Other')],
    ['MOVE', on.imap.move.once().no('[TRYCREATE] x'), (imap) => imap.messageMove('1', 'Other')],
    ['SEARCH', on.imap.search.once().bad('x'), (imap) => imap.search({ all: true })],
  ])('%s is refused once, quietly', async (_name, script, act) => {
    await using mail = await filled()
    await mail.deliver('ada@mail.test', { subject: 'x' }, { folder: 'Other' })
    const imap = await imapTo(mail)
    await imap.mailboxOpen('INBOX')
    using _ = mail.script(script)
    expect(await act(imap)).toBeFalsy()
    expect(await act(imap)).toBeTruthy()
    await imap.logout()
  })

  test.each<[string, Script]>([
    ['a cut', on.imap.fetch.once().drop()],
    ['a cut in the answer', on.imap.fetch.once().drop({ after: 40 })],
    ['a cut in the middle of a literal', on.imap.fetch.once().dropMidLiteral()],
    ['a goodbye', on.imap.fetch.once().bye('restarting')],
    ['silence', on.imap.fetch.once().stall()],
  ])('FETCH: %s', async (_name, script) => {
    await using mail = await filled()
    const imap = await imapTo(mail, { socketTimeout: 300 })
    await imap.mailboxOpen('INBOX')
    using _ = mail.script(script)
    const over = closed(imap)
    expect(await failureOf(imap.fetchOne('2', { source: true }))).toBeInstanceOf(Error)
    await over
  })

  test('the literal is cut in its middle, whatever stood before it', async () => {
    await using mail = await filled()
    const imap = await imapTo(mail)
    await imap.mailboxOpen('INBOX')
    using _ = mail.script(on.imap.fetch.once().dropMidLiteral())
    await failureOf(imap.fetchOne('1', { source: true }))
    const session = mail.sessions.find(({ protocol }) => protocol === 'imap')
    expect(session?.lines.at(-1)?.line).toMatch(/\* 1 FETCH .*\{\d+\}$/)
  })

  test('a cut in the message that is appended', async () => {
    await using mail = await filled()
    const imap = await imapTo(mail)
    using _ = mail.script(on.imap.append.once().drop({ after: 500 }))
    expect(await failureOf(imap.append('INBOX', `Subject: x\r\n\r\n${'y'.repeat(100_000)}`))).toBeInstanceOf(Error)
    const again = await imapTo(mail)
    expect(await again.status('INBOX', { messages: true })).toMatchObject({ messages: 3 })
    await again.logout()
  })

  test('a cut in the message that comes in one packet with its command', async () => {
    await using mail = await filled()
    using _ = mail.script(on.imap.append.once().drop({ after: 50 }))
    const socket = connect(mail.imap?.port as number, '127.0.0.1')
    const over = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {}).resume()
    socket.write(`1 LOGIN ada x\r\n2 APPEND INBOX {500+}\r\n${'y'.repeat(500)}\r\n3 NOOP\r\n4 LOGOUT\r\n`)
    await over
    expect(mail.sessions[0].problem).toBe('scripted: dropped')
    const again = await imapTo(mail)
    expect(await again.status('INBOX', { messages: true })).toMatchObject({ messages: 3 })
    await again.logout()
  })

  test('another UIDVALIDITY, and other UIDs', async () => {
    await using mail = await filled()
    const imap = await imapTo(mail)
    const before = await imap.mailboxOpen('INBOX')
    const uids = (await imap.fetchAll('1:*', { uid: true })).map(({ uid }) => uid)
    await imap.mailboxClose()
    using _ = mail.script(on.imap.select.once().uidValidity('bump'))
    const after = await imap.mailboxOpen('INBOX')
    expect(after.uidValidity).toBeGreaterThan(before.uidValidity)
    const found = await imap.fetchAll('1:*', { uid: true, envelope: true })
    expect(found.map(({ envelope }) => envelope?.subject)).toEqual(['one', 'two', 'three'])
    expect(found.map(({ uid }) => uid)).not.toEqual(uids)
    await imap.logout()
  })

  test.each<['first' | 'last' | 'all', number[]]>([
    ['first', [1, 2]],
    ['last', [1, 2]],
    ['all', []],
  ])('the %s expunged while it is searched for', async (which, left) => {
    await using mail = await filled()
    const imap = await imapTo(mail)
    await imap.mailboxOpen('INBOX')
    using _ = mail.script(on.imap.search.once().expungeMeanwhile(which))
    expect(await imap.search({ all: true })).toEqual([1, 2, 3])
    await imap.noop()
    expect(await imap.search({ all: true })).toEqual(left)
    await imap.logout()
  })

  test('a goodbye while the client idles', async () => {
    await using mail = await filled()
    const imap = await imapTo(mail)
    await imap.mailboxOpen('INBOX')
    using _ = mail.script(on.imap.idle.once().bye('shutting down'))
    const over = closed(imap)
    imap.idle().catch(() => {})
    await over
    const lines = mail.sessions[0].lines.map(({ dir, line }) => `${dir}: ${line}`)
    expect(lines.slice(-3)).toEqual([expect.stringMatching(/^C: \w+ IDLE$/), 'S: + idling', 'S: * BYE shutting down'])
  })

  test.each<[string, { once(): { no(text: string): Script } }]>([
    ['CAPABILITY', on.imap.capability],
    ['NOOP', on.imap.noop],
    ['LOGOUT', on.imap.logout],
    ['ENABLE CONDSTORE', on.imap.enable],
    ['ID NIL', on.imap.id],
    ['SELECT INBOX', on.imap.select],
    ['EXAMINE INBOX', on.imap.select],
    ['CREATE New', on.imap.create],
    ['DELETE New', on.imap.delete],
    ['RENAME New Other', on.imap.rename],
    ['SUBSCRIBE INBOX', on.imap.subscribe],
    ['UNSUBSCRIBE INBOX', on.imap.unsubscribe],
    ['LIST "" *', on.imap.list],
    ['LSUB "" *', on.imap.lsub],
    ['NAMESPACE', on.imap.namespace],
    ['STATUS INBOX (MESSAGES)', on.imap.status],
    ['IDLE', on.imap.idle],
    ['CLOSE', on.imap.close],
    ['UNSELECT', on.imap.unselect],
    ['EXPUNGE', on.imap.expunge],
    ['UID EXPUNGE 1', on.imap.expunge],
    ['SEARCH ALL', on.imap.search],
    ['UID SEARCH ALL', on.imap.search],
    ['SORT (DATE) UTF-8 ALL', on.imap.sort],
    ['THREAD REFERENCES UTF-8 ALL', on.imap.thread],
    ['UID FETCH 1 (FLAGS)', on.imap.fetch],
    ['UID STORE 1 FLAGS ()', on.imap.store],
    ['UID COPY 1 INBOX', on.imap.copy],
    ['UID MOVE 1 INBOX', on.imap.move],
  ])('%s is a step', async (line, step) => {
    await using mail = await filled()
    const imap = await imapTo(mail)
    await imap.mailboxOpen('INBOX')
    using _ = mail.script(step.once().no('[SERVERBUG] not this time'))
    const words = line.split(' ')
    const command = words.splice(0, line.startsWith('UID ') ? 2 : 1).join(' ')
    const attributes = words.length > 0 ? [{ type: 'ATOM', value: words.join(' ') }] : []
    const failure = await failureOf((imap as unknown as RawImap).exec(command, attributes))
    expect(failure).toMatchObject({ responseStatus: 'NO', responseText: 'not this time' })
    imap.close()
  })

  test('other commands, odd octets, actions of the test', async () => {
    await using mail = await filled()
    const imap = await imapTo(mail, { socketTimeout: 400 })
    await imap.mailboxOpen('INBOX')
    const seen: string[] = []
    using _ = mail.script(
      on.imap.noop.once().run(() => void seen.push('noop')),
      on.imap.command('XWHATEVER').once().no('not here'),
      on.imap.search.once().raw('* SEARCH 2', ' 3\r\n* OK [UNKNOWN', '-CODE x] text\r\n'),
      on.imap.any.delay(1),
    )
    await imap.noop()
    expect(seen).toEqual(['noop'])
    expect(await failureOf((imap as unknown as RawImap).exec('XWHATEVER', []))).toMatchObject({
      responseText: 'not here',
    })
    // The tagged answer was replaced, too: the client waits for it in vain.
    const over = closed(imap)
    expect(await failureOf(imap.search({ all: true }))).toBeInstanceOf(Error)
    await over
  })
})

describe('POP3', () => {
  const open = (mail: TestMail, more: object = {}): Promise<Pop3Client> => {
    const { host, port } = mail.pop3 as { host: string; port: number }
    const credentials = { user: 'ada', password: 'x' }
    return connectPop3({ host, port, tls: 'never', credentials, limits: { timeout: 300 }, ...more })
  }

  async function statOf(mail: TestMail): Promise<number> {
    await using pop3 = await open(mail)
    return (await pop3.stat()).messages
  }

  test.each<[string, Script, object]>([
    [
      'a maildrop that is in use',
      on.pop3.login.once().err('[IN-USE] try later'),
      { code: 'auth', responseCode: 'IN-USE' },
    ],
    ['a refusal instead of a greeting', on.pop3.greeting.once().err('[SYS/TEMP] full'), { responseCode: 'SYS/TEMP' }],
    ['a cut at the greeting', on.pop3.greeting.once().drop(), { message: expect.stringMatching(/closed|lost/) }],
    ['noise instead of a greeting', on.pop3.greeting.once().raw('* OK imap\r\n'), { code: 'protocol' }],
    ['silence instead of a greeting', on.pop3.greeting.once().stall(), { code: 'timeout' }],
    ['a cut at the login', on.pop3.login.once().drop(), { message: expect.stringMatching(/closed|lost/) }],
    ['silence at the login', on.pop3.login.once().stall(), { code: 'timeout' }],
    ['an answer that comes too late', on.pop3.stat.once().delay(60_000), { code: 'timeout' }],
    ['STAT refused', on.pop3.stat.once().err('[SYS/PERM] gone'), { responseCode: 'SYS/PERM' }],
    ['silence at STAT', on.pop3.stat.once().stall(), { code: 'timeout' }],
    ['a cut at STAT', on.pop3.stat.once().drop(), { message: expect.stringMatching(/closed|lost/) }],
    [
      'a cut in the answer to STAT',
      on.pop3.stat.once().drop({ after: 4 }),
      { message: expect.stringMatching(/closed|lost/) },
    ],
    ['a raw refusal', on.pop3.stat.once().raw('-ERR no', 'pe\r\n'), { message: expect.stringContaining('nope') }],
  ])('%s', async (_name, script, wanted) => {
    await using mail = await filled()
    using faulty = mail.script(script)
    const failure = await failureOf(statOf(mail))
    expect(failure).toBeInstanceOf(Error)
    expect(failure).toMatchObject(wanted)
    faulty.remove()
    expect(await statOf(mail)).toBe(3)
  })

  test('node-pop3 sees them, too', async () => {
    await using mail = await filled()
    using _ = mail.script(on.pop3.login.once().err('[IN-USE] try later'))
    const { host, port } = mail.pop3 as { host: string; port: number }
    const pop3 = new Pop3Command({ user: 'ada', password: 'x', host, port, tls: false, timeout: 5_000 })
    expect(String(await failureOf(pop3.STAT()))).toContain('IN-USE')
  })

  test('a cut in the middle of a message', async () => {
    await using mail = await filled()
    using faulty = mail.script(on.pop3.retr.once().drop({ after: 500 }))
    const read = async (): Promise<number> => {
      await using pop3 = await open(mail)
      let octets = 0
      for await (const piece of pop3.retrieve(1)) octets += piece.length
      return octets
    }
    expect(await failureOf(read())).toMatchObject({ message: expect.stringMatching(/closed|lost/) })
    faulty.remove()
    expect(await read()).toBeGreaterThan(3_000)
  })

  test('STLS, and then no TLS', async () => {
    await using mail = await filled({ tls: 'auto' })
    using _ = mail.script(on.pop3.stls.once().failHandshake())
    const tls = { tls: 'required', tlsOptions: { ca: mail.ca, servername: 'localhost' }, limits: {} }
    expect(await failureOf(open(mail, tls))).toMatchObject({ code: 'tls' })
    await using pop3 = await open(mail, tls)
    expect((await pop3.stat()).messages).toBe(3)
  })

  test('a slow maildrop is slow, and correct', async () => {
    await using mail = await filled()
    using _ = mail.script(on.pop3.any.throttle(30_000))
    await using pop3 = await open(mail, { limits: {} })
    const started = performance.now()
    let octets = 0
    for await (const piece of pop3.retrieve(3)) octets += piece.length
    expect(octets).toBeGreaterThan(5_000)
    expect(performance.now() - started).toBeGreaterThan(150)
  })

  test.each<[string, Script]>([
    ['CAPA', on.pop3.capa.once().err('[SYS/TEMP] not this time')],
    ['STAT', on.pop3.stat.once().err('[SYS/TEMP] not this time')],
    ['LIST', on.pop3.list.once().err('[SYS/TEMP] not this time')],
    ['UIDL', on.pop3.uidl.once().err('[SYS/TEMP] not this time')],
    ['RETR 1', on.pop3.retr.once().err('[SYS/TEMP] not this time')],
    ['TOP 1 0', on.pop3.top.once().err('[SYS/TEMP] not this time')],
    ['DELE 1', on.pop3.dele.once().err('[SYS/TEMP] not this time')],
    ['RSET', on.pop3.rset.once().err('[SYS/TEMP] not this time')],
    ['NOOP', on.pop3.noop.once().err('[SYS/TEMP] not this time')],
  ])('%s is a step, as node-pop3 sees it', async (line, script) => {
    await using mail = await filled()
    const { host, port } = mail.pop3 as { host: string; port: number }
    const pop3 = new Pop3Command({ user: 'ada', password: 'x', host, port, tls: false, timeout: 5_000 })
    await pop3.connect()
    await pop3.command('USER', 'ada')
    await pop3.command('PASS', 'x')
    using _ = mail.script(script)
    expect(String(await failureOf(pop3.command(...line.split(' '))))).toContain('not this time')
    expect(await pop3.command('STAT')).toBeTruthy()
    await pop3.QUIT()
  })

  test.each([
    ['fast', []],
    ['slow', [on.pop3.any.throttle(3_000_000)]],
  ])('a large message comes whole: %s', async (_name, scripts) => {
    await using mail = await filled({ strictScripts: false })
    const { raw } = await mail.deliver('ada@mail.test', { subject: 'four', text: 'four and more\n'.repeat(30_000) })
    using _ = mail.script(...scripts)
    await using pop3 = await open(mail, { limits: {} })
    const pieces: Uint8Array[] = []
    for await (const piece of pop3.retrieve(4)) pieces.push(piece.slice())
    expect(Buffer.concat(pieces).equals(raw)).toBe(true)
  })
})
