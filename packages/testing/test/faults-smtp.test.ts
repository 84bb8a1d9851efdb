/** Every fault of SMTP, as nodemailer shows it to its user. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { on, type Script, startTestMail, type TestMail, type TestMailOptions } from '@posthouse/testing'
import { createTransport, type TransportOptions } from 'nodemailer'
import { describe, expect, test, vi } from 'vitest'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'x'.repeat(5_000) }

/** Sends once; `null`, or what nodemailer threw. */
function send(mail: TestMail, more: object = {}): Promise<Record<string, unknown> | null> {
  const transport = createTransport({ ...mail.transport(), ...more } as TransportOptions)
  return transport.sendMail(letter).then(
    () => null,
    (reason) => reason,
  )
}

const LOGIN = { auth: { user: 'ada', pass: 'x' } }

/** What each reply is to nodemailer, by the step at which it is given. */
const REPLIES: readonly [string, Script, object, object][] = [
  ['greeting', on.greeting.once().reply(421, '4.7.0', 'too many'), { responseCode: 421, command: 'CONN' }, {}],
  ['EHLO', on.ehlo.times(2).reply(550, '5.7.1', 'go away'), { responseCode: 550, command: 'HELO' }, {}],
  [
    'STARTTLS',
    on.starttls.once().reply(454, '4.7.0', 'no key'),
    { code: 'ETLS', command: 'STARTTLS' },
    { requireTLS: true },
  ],
  ['AUTH', on.auth.once().reply(535, '5.7.8', 'bad credentials'), { code: 'EAUTH', responseCode: 535 }, LOGIN],
  ['AUTH, for a while', on.auth.once().reply(454, '4.7.0', 'later'), { code: 'EAUTH', responseCode: 454 }, LOGIN],
  ['MAIL', on.mail.once().reply(552, '5.3.4', 'too big'), { responseCode: 552, command: 'MAIL FROM' }, {}],
  ['RCPT', on.rcpt.once().reply(550, '5.1.1', ['no such', 'user']), { responseCode: 550, command: 'RCPT TO' }, {}],
  ['DATA', on.data.once().reply(451, '4.3.0', 'later'), { responseCode: 451, command: 'DATA' }, {}],
  ['message', on.message.once().reply(554, '5.7.1', 'spam'), { responseCode: 554, command: 'DATA' }, {}],
]

/** The same for ends, silence and noise. `ECONNECTION` is what nodemailer calls a connection that is gone. */
const GONE = { code: expect.stringMatching(/^(?:ECONNECTION|ESOCKET|ECONNRESET)$/) }
const SILENT = { code: 'ETIMEDOUT' }
const SHORT = { socketTimeout: 150, greetingTimeout: 150 }

const OTHERS: readonly [string, Script, object, object][] = [
  ['a cut at the greeting', on.greeting.once().drop(), GONE, {}],
  ['a cut in the greeting', on.greeting.once().drop({ after: 5 }), GONE, {}],
  ['a cut at EHLO', on.ehlo.once().drop(), GONE, {}],
  ['a cut in the answer to EHLO', on.ehlo.once().drop({ after: 30 }), GONE, {}],
  ['a cut at AUTH', on.auth.once().drop(), GONE, LOGIN],
  ['a cut at MAIL', on.mail.once().drop(), GONE, {}],
  ['a cut at RCPT', on.rcpt.once().drop(), GONE, {}],
  ['a cut in the answer to RCPT', on.rcpt.once().drop({ after: 3 }), GONE, {}],
  ['a cut at DATA', on.data.once().drop(), GONE, {}],
  ['a cut behind 1,024 octets of the message', on.data.once().drop({ after: 1024 }), GONE, {}],
  ['a cut at the end of the message', on.message.once().drop(), GONE, {}],
  ['a cut at STARTTLS', on.starttls.once().drop(), GONE, { requireTLS: true }],
  ['silence instead of a greeting', on.greeting.once().stall(), SILENT, SHORT],
  ['silence at EHLO', on.ehlo.once().stall(), SILENT, SHORT],
  ['silence at STARTTLS', on.starttls.once().stall(), SILENT, { ...SHORT, requireTLS: true }],
  ['silence at AUTH', on.auth.once().stall(), SILENT, { ...SHORT, ...LOGIN }],
  ['silence at MAIL', on.mail.once().stall(), SILENT, SHORT],
  ['silence at RCPT', on.rcpt.once().stall(), SILENT, SHORT],
  ['silence at DATA', on.data.once().stall(), SILENT, SHORT],
  ['silence behind the message', on.message.once().stall(), SILENT, SHORT],
  ['an answer that comes too late', on.rcpt.once().delay(60_000), SILENT, SHORT],
  ['noise at the greeting', on.greeting.once().raw('hello\r\n'), { code: 'EPROTOCOL' }, {}],
  ['noise at EHLO', on.ehlo.times(2).raw('\0\0\r\n'), { command: 'HELO' }, {}],
  ['noise at MAIL', on.mail.once().raw('what?\r', '\n'), { code: 'EENVELOPE' }, {}],
  ['a raw refusal', on.mail.once().raw('450 4.2.0 not', ' now\r\n'), { responseCode: 450 }, {}],
  ['noise at DATA', on.data.once().raw('%%\r\n'), { code: 'EENVELOPE' }, {}],
  ['noise at STARTTLS', on.starttls.once().raw('x\r\n'), { code: 'ETLS' }, { requireTLS: true }],
  ['STARTTLS, and then no TLS', on.starttls.once().failHandshake(), { code: 'ESOCKET' }, { requireTLS: true }],
]

describe.each([
  ['replies', REPLIES],
  ['cuts, silence, noise', OTHERS],
])('%s', (_kind, faults) => {
  test.each(faults)('%s', async (_name, script, wanted, options) => {
    const tls: TestMailOptions['tls'] = 'requireTLS' in options ? 'auto' : 'none'
    await using mail = await startTestMail({ tls, strictScripts: true })
    using faulty = mail.script(script)
    expect(await send(mail, options)).toMatchObject(wanted)
    expect(mail.messages).toEqual([])
    // The fault is over, and nothing of it is left.
    faulty.remove()
    expect(await send(mail, { ...options, socketTimeout: 20_000, greetingTimeout: 20_000 })).toBeNull()
    expect(mail.messages).toHaveLength(1)
  })
})

test.each([
  ['BDAT', ['BDAT 500 LAST', 'y'.repeat(498)], 0],
  ['BDAT in pieces', ['BDAT 40', 'y'.repeat(38), 'BDAT 460 LAST', 'y'.repeat(458)], 0],
  ['a message that is shorter', ['BDAT 40 LAST', 'y'.repeat(38), 'RSET', 'NOOP', 'NOOP', 'NOOP', 'NOOP', 'NOOP'], 1],
])('octets that come in one packet with the command count: %s', async (_name, lines, messages) => {
  await using mail = await startTestMail({ strictScripts: true })
  using _ = mail.script(on.data.once().drop({ after: 50 }))
  const socket = connect(mail.smtp.port, mail.smtp.host)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {}).resume()
  const all = ['EHLO x', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', ...lines, 'QUIT']
  socket.write(all.map((line) => `${line}\r\n`).join(''))
  await closed
  expect(mail.messages).toHaveLength(messages)
  expect(mail.sessions[0].problem).toBe(messages === 0 ? 'scripted: dropped' : null)
})

test('greylisting: twice no, then yes', async () => {
  await using mail = await startTestMail({ strictScripts: true })
  using _ = mail.script(on.rcpt.times(2).reply(451, '4.7.1', 'greylisted'))
  expect(await send(mail)).toMatchObject({ responseCode: 451 })
  expect(await send(mail)).toMatchObject({ responseCode: 451 })
  expect(await send(mail)).toBeNull()
  expect(mail.messages).toHaveLength(1)
})

test('only for some', async () => {
  await using mail = await startTestMail()
  const transport = createTransport(mail.transport())
  mail.script(on.rcpt.when(({ argument }) => argument.startsWith('bounce+')).reply(550, '5.1.1', 'no such user'))
  const { accepted, rejected } = await transport.sendMail({
    ...letter,
    to: ['bounce+1@example.test', 'ada@example.test'],
  })
  expect({ accepted, rejected }).toEqual({ accepted: ['ada@example.test'], rejected: ['bounce+1@example.test'] })
})

test('only for one address, or those that fit', async () => {
  await using mail = await startTestMail({ strictScripts: true })
  mail.script(on.rcpt.for('EVE@example.test').reply(550, '5.1.1', 'no such user'), on.rcpt.for(/^bo/g).reply(452))
  const to = ['eve@example.test', 'bob@example.test', 'bo@example.test', 'ada@example.test']
  const { accepted } = await createTransport(mail.transport()).sendMail({ ...letter, to })
  expect(accepted).toEqual(['ada@example.test'])
})

test.each<[string, Script]>([
  ['DATA', on.data.for('BOB@example.test').reply(451)],
  ['the message', on.message.for(/^bob@/).reply(451)],
  ['the message, stored', on.message.for('bob@example.test').dropAfterAccept()],
])('only for messages of which one recipient fits: %s', async (_name, script) => {
  await using mail = await startTestMail({ strictScripts: true })
  mail.script(script)
  expect(await send(mail)).toBeNull()
  const both = { ...letter, to: ['ada@example.test', 'bob@example.test'] }
  await expect(createTransport(mail.transport()).sendMail(both)).rejects.toThrow()
})

test('too many connections at a time', async () => {
  await using mail = await startTestMail()
  mail.script(on.greeting.when(({ open }) => open > 2).reply(421, '4.7.0', 'too many connections'))
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const held = mail.script(on.data.run(() => gate))
  const first = [send(mail), send(mail)]
  while (mail.sessions.filter(({ lines }) => lines.some(({ line }) => line === 'DATA')).length < 2) {
    await new Promise(setImmediate)
  }
  expect(await send(mail)).toMatchObject({ responseCode: 421 })
  open()
  held.remove()
  expect(await Promise.all(first)).toEqual([null, null])
  while (mail.sessions.some(({ endedAt }) => endedAt === null)) await new Promise(setImmediate)
  expect(await send(mail)).toBeNull()
})

test('accepted, but the client never hears of it', async () => {
  await using mail = await startTestMail({ strictScripts: true })
  using _ = mail.script(on.message.once().dropAfterAccept())
  expect(await send(mail)).toMatchObject(GONE)
  expect(mail.messages).toHaveLength(1)
  expect(await send(mail)).toBeNull()
  expect(mail.messages).toHaveLength(2)
})

test('odd packets are no fault: a reply in pieces, and in several lines', async () => {
  await using mail = await startTestMail()
  using _ = mail.script(on.rcpt.once().raw('25', '0-2.1.5 first\r', '\n250', ' 2.1.5 second\r\n'))
  expect(await send(mail)).toBeNull()
  expect(mail.messages).toHaveLength(1)
  const lines = mail.sessions[0].lines.map(({ dir, line }) => `${dir}: ${line}`)
  const rcpt = lines.indexOf('C: RCPT TO:<ada@example.test>')
  expect(lines.slice(rcpt + 1, rcpt + 4)).toEqual(['S: 250-2.1.5 first', 'S: 250 2.1.5 second', 'C: DATA'])
})

test('an old server offers less', async () => {
  await using mail = await startTestMail({ tls: 'auto', strictScripts: true })
  using _ = mail.script(on.ehlo.without('STARTTLS', 'PIPELINING', 'SIZE'), on.ehlo.without('8bitmime'))
  const { ehlo } = (await createTransport(mail.transport()).sendMail(letter)) as unknown as { ehlo: string[] }
  expect(ehlo).toContain('DSN')
  expect(ehlo.filter((line) => /^(STARTTLS|PIPELINING|SIZE|8BITMIME)/.test(line))).toEqual([])
  expect(mail.messages[0].origin?.tls).toBeNull()
})

test('an old server does not know what it does not offer', async () => {
  await using mail = await startTestMail({ tls: 'auto', strictScripts: true })
  using _ = mail.script(on.ehlo.once().without('starttls', 'AUTH'))
  const socket = connect(mail.smtp.port, mail.smtp.host)
  await once(socket, 'data')
  const plain = Buffer.from('\0ada\0x').toString('base64')
  const answers: string[] = []
  for (const line of ['EHLO x', 'STARTTLS', 'AUTH PLAIN', `AUTH PLAIN ${plain}`, 'EHLO x', `AUTH PLAIN ${plain}`]) {
    const answer = once(socket, 'data')
    socket.write(`${line}\r\n`)
    answers.push(String((await answer)[0]).slice(0, 3))
  }
  expect(answers).toEqual(['250', '502', '502', '502', '250', '235'])
  socket.destroy()
})

test('delays take their time while a test has replaced the timers', async () => {
  await using mail = await startTestMail()
  using _ = mail.script(on.greeting.delay(5), on.ehlo.once().raw('250 ', 'odd\r\n'), on.mail.throttle(100_000))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  try {
    expect(await send(mail)).toBeNull()
  } finally {
    vi.useRealTimers()
  }
})

test('delays come before what decides, and several faults work together', async () => {
  await using mail = await startTestMail({ strictScripts: true })
  const seen: string[] = []
  using _ = mail.script(
    on.any.throttle(1_000_000),
    on.rcpt.delay(1),
    on.rcpt.run(() => void seen.push('run')),
    on.rcpt.once().reply(450, '4.2.1', 'busy'),
  )
  expect(await send(mail)).toMatchObject({ responseCode: 450 })
  expect(await send(mail)).toBeNull()
  expect(seen).toEqual(['run', 'run'])
})

test.each([
  ['at each step', on.any.throttle(20_000)],
  ['from its greeting on, also behind STARTTLS', on.greeting.throttle(20_000)],
])('a server that is slow %s is slow, and correct', async (_when, script) => {
  await using mail = await startTestMail({ tls: 'auto', strictScripts: true })
  using _ = mail.script(script)
  const started = performance.now()
  expect(await send(mail, { requireTLS: true })).toBeNull()
  // More than 5,000 octets go one way and are waited for.
  expect(performance.now() - started).toBeGreaterThan(200)
  expect(mail.messages[0]).toMatchObject({ text: `${letter.text}\n`, origin: { tls: { protocol: 'TLSv1.3' } } })
})

test('chance is the same with the same seed', async () => {
  const outcomes = async (seed: number): Promise<boolean[]> => {
    await using mail = await startTestMail()
    mail.script(on.mail.chance(0.5, { seed }).reply(451, '4.3.0', 'chaos'))
    const seen: boolean[] = []
    for (let i = 0; i < 12; i++) seen.push((await send(mail)) === null)
    return seen
  }
  const first = await outcomes(42)
  expect(new Set(first).size).toBe(2)
  expect(await outcomes(42)).toEqual(first)
  expect(await outcomes(43)).not.toEqual(first)
})

test('handlers of the application decide before all else; one that throws is told', async () => {
  const seen: string[] = []
  const mail = await startTestMail({
    strictScripts: true,
    on: [
      { rcpt: ({ address }) => void seen.push(address) },
      {
        data() {
          throw new Error('oops')
        },
      },
    ],
  })
  expect(await send(mail)).toMatchObject({ responseCode: 451 })
  expect(seen).toEqual(['ada@example.test'])
  await expect(mail.waitFor({}, { timeout: 1 })).rejects.toThrow('a handler at data threw: Error: oops')
  await expect(mail.dispose()).rejects.toThrow('a handler at data threw: Error: oops')
})

test('a condition or an action that throws is told, too, and nothing happens', async () => {
  const mail = await startTestMail({ strictScripts: true, imap: true })
  mail.script(
    on.rcpt
      .when(() => {
        throw new Error('cannot say')
      })
      .reply(550),
  )
  expect(await send(mail)).toBeNull()
  await expect(mail.dispose()).rejects.toThrow(/on\.rcpt\.when\(\.\.\.\)\.reply\(550\)[\s\S]*cannot say/)
})

test('a fault without an action is none', async () => {
  await using mail = await startTestMail()
  expect(() => mail.script(on.rcpt.once() as unknown as Script)).toThrow('says what happens')
})

test.each([
  ['a text of two lines', () => on.imap.login.no('a\r\nb')],
  ['no rate', () => on.any.throttle(0)],
  ['never', () => on.any.times(0)],
  ['no reply code', () => on.rcpt.reply(99)],
  ['more than certainty', () => on.rcpt.chance(5)],
  ['less than nothing', () => on.rcpt.chance(-1)],
  ['a delay that is none', () => on.rcpt.delay(Number.NaN)],
  ['a cut before the beginning', () => on.data.drop({ after: -3 })],
  ['an argument where there is none', () => on.quit.for('x')],
  ['one in IMAP', () => on.imap.idle.for('INBOX')],
  ['one in POP3', () => on.pop3.stat.for('1')],
  ['a class that does not fit', () => on.rcpt.reply(550, '4.1.1')],
])('%s is refused where it is written', (_name, make) => {
  expect(make).toThrow()
})
