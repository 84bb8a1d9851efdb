/** Waits, and what ends them. */
import { X509Certificate } from 'node:crypto'
import { mock } from 'node:test'
import { on, startTestMail, type TestMail, type TestMailError } from '@posthouse/testing'
import { createTransport } from 'nodemailer'
import { describe, expect, test, vi } from 'vitest'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'It works.' }
const send = (mail: TestMail, more: object = {}) => createTransport(mail.transport()).sendMail({ ...letter, ...more })
const failureOf = (promise: Promise<unknown>): Promise<TestMailError> =>
  promise.then(
    () => expect.unreachable(),
    (error) => error,
  )

describe('what is waited for', () => {
  test('a mark: only what comes behind it', async () => {
    await using mail = await startTestMail()
    await send(mail, { subject: '1' })
    const mark = mail.mark()
    await send(mail, { subject: '2' })
    expect((await mail.waitFor({}, { since: mark })).subject).toBe('2')
    expect((await mail.waitFor({}, { since: mail.messages[0] })).subject).toBe('2')
    const none = await failureOf(mail.waitFor({}, { since: mail.mark(), timeout: 1 }))
    expect(none.message.split('\n').slice(1)).toEqual(['Nothing arrived.', 'Before that came 2 that matched.'])
    const inbox = mail.inbox(letter.to)
    await inbox.waitFor()
    for (const wanted of [1, 2]) expect((await inbox.next()).subject).toBe(String(wanted))
    expect((await failureOf(inbox.next({ timeout: 1 }))).message).toContain('Before that came 2 that matched.')
    const other = await failureOf(mail.waitFor({ subject: '3' }, { since: 'now', timeout: 1 }))
    expect(other.message.split('\n').slice(1)).toEqual(['Nothing arrived.'])
  })

  test('every clause, and what the error says of it', async () => {
    await using mail = await startTestMail()
    await send(mail, {
      cc: 'cc@example.test',
      bcc: 'bcc@example.test',
      html: '<p>Total</p>',
      headers: { 'X-Kind': 'receipt' },
      attachments: [{ filename: 'a.txt', content: 'x' }],
    })
    const [{ origin }] = mail.messages
    const fitting = {
      to: 'ADA@example.test',
      from: /^app@/,
      cc: 'cc@example.test',
      bcc: 'bcc@example.test',
      subject: (text: string) => text.length === 5,
      text: 'works',
      html: /<p>/,
      header: { 'x-kind': 'receipt' },
      attachment: 'a.txt',
      via: origin?.session as string,
    }
    expect((await mail.waitFor(fitting)).subject).toBe('Hello')
    expect(await mail.waitFor((message) => message.cc.length === 1)).toBe(mail.messages[0])
    const { message } = await failureOf(
      mail.waitFor(
        {
          ...{ to: 'x@x.test', from: 'y@x.test', cc: 'z@x.test', bcc: /^q/, subject: 'Bye', text: 'no', html: 'no' },
          ...{ header: { 'X-Kind': 'bill', 'X-Other': /x/ }, attachment: 'b.txt', via: 'nobody' },
        },
        { timeout: 1 },
      ),
    )
    expect(message.split('\n').slice(1)).toEqual([
      'Arrived: 1',
      '  "Hello" from <app@example.test> to <ada@example.test>, <cc@example.test>, <bcc@example.test>',
      [
        'Nearest: "Hello", but to is ada@example.test, cc@example.test, bcc@example.test, not "x@x.test"',
        'from is app@example.test, not "y@x.test"',
        'cc is cc@example.test, not "z@x.test"',
        'bcc is bcc@example.test, not /^q/',
        'subject is "Hello", not "Bye"',
        'text is "It works.", not "no"',
        'html is "<p>Total</p>", not "no"',
        'attachment is a.txt, not "b.txt"',
        `via is ${origin?.session}, not "nobody"`,
        'header X-Kind is receipt, not "bill"',
        'header X-Other is nothing, not /x/',
      ].join('; '),
    ])
  })

  test('an inbox sees its own mail only, whatever the header says', async () => {
    await using mail = await startTestMail()
    const [one, two] = [mail.inbox(), mail.inbox('TWO@example.test')]
    await send(mail, { to: 'somebody@example.test', envelope: { from: 'x@example.test', to: [one.address] } })
    await send(mail, { to: 'two@example.test', subject: 'second' })
    expect(one.messages).toHaveLength(1)
    expect((await two.list()).map(({ subject }) => subject)).toEqual(['second'])
    expect(await two.list({ subject: 'other' })).toEqual([])
    const failure = await failureOf(one.waitFor({ subject: 'second' }, { timeout: 1 }))
    expect(failure.message).toContain(`waited 1 ms for ${one.address} for a message with { subject: "second" }`)
  })

  test('the nearest is one for the same recipient, and of several the last', async () => {
    await using mail = await startTestMail()
    const inbox = mail.inbox()
    for (const subject of ['1', '2']) await send(mail, { to: inbox.address, subject, text: 'other' })
    await send(mail, { subject: '3', text: 'wanted' })
    const nearest = async (waiting: Promise<unknown>) => (await failureOf(waiting)).message.split('\n').at(-1)
    const wanted = { subject: 'none', text: 'wanted' }
    expect(await nearest(inbox.waitFor(wanted, { timeout: 1 }))).toMatch(/^Nearest: "2", but subject/)
    expect(await nearest(mail.waitFor({ ...wanted, to: inbox.address }, { timeout: 1 }))).toMatch(/^Nearest: "2"/)
    expect(await nearest(mail.waitFor(wanted, { timeout: 1 }))).toMatch(/^Nearest: "3"/)
  })

  test('a pattern with state is looked at from its beginning', async () => {
    await using mail = await startTestMail()
    const pattern = /hello/gi
    await send(mail)
    await mail.waitFor({ subject: pattern })
    await mail.waitFor({ subject: pattern })
  })

  test('addresses of inboxes come from the random octets that are given', async () => {
    await using mail = await startTestMail({ random: (octets) => new Uint8Array(octets).fill(0xab), domain: 'x.test' })
    expect(mail.inbox().address).toBe('t-abababababab@x.test')
  })
})

describe('what ends a wait', () => {
  test('a function that throws is the error of its wait, and the mail is taken', async () => {
    await using mail = await startTestMail()
    const bad = (): boolean => {
      throw new RangeError('in the function')
    }
    const waiting = failureOf(mail.waitFor(bad))
    const quiet = failureOf(mail.expectNone(bad, { within: 60_000 }))
    await send(mail)
    expect(await waiting).toBeInstanceOf(RangeError)
    expect(await quiet).toBeInstanceOf(RangeError)
    expect(await failureOf(mail.waitFor(bad))).toBeInstanceOf(RangeError)
    expect(mail.messages).toHaveLength(1)
  })

  test('timers that a test replaces are those of its app: waits end all the same', async () => {
    await using mail = await startTestMail()
    vi.useFakeTimers()
    try {
      expect(await failureOf(mail.waitFor({}, { timeout: 5 }))).toMatchObject({ code: 'timeout' })
      await mail.expectNone({}, { within: 5 })
    } finally {
      vi.useRealTimers()
    }
  })

  test('and those that were replaced before this was loaded', async () => {
    vi.useFakeTimers()
    vi.resetModules()
    try {
      const loaded = await import('@posthouse/testing')
      await using mail = await loaded.startTestMail()
      expect(await failureOf(mail.waitFor({}, { timeout: 5 }))).toMatchObject({ code: 'timeout' })
      await mail.expectNone({}, { within: 5 })
    } finally {
      vi.useRealTimers()
    }
  })

  test("and where node:test has replaced Node's own", async () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    vi.resetModules()
    try {
      const loaded = await import('@posthouse/testing')
      await using mail = await loaded.startTestMail({ tls: 'auto' })
      expect(await failureOf(mail.waitFor({}, { timeout: 5.5 }))).toMatchObject({ code: 'timeout' })
      await mail.expectNone({}, { within: 5 })
      using _ = mail.script(on.rcpt.delay(5))
      await send(mail)
      // No clock of the test's says when a certificate is good.
      expect(Date.parse(new X509Certificate(mail.ca).validTo)).toBeGreaterThan(Date.UTC(2026))
    } finally {
      mock.timers.reset()
    }
  })

  test('a wait that nobody looks at is no unhandled rejection when its server is disposed', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const mail = await startTestMail()
    void mail.waitFor()
    void mail.expectNone({}, { within: 60_000 })
    await mail.dispose()
    await new Promise(setImmediate)
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('without a time limit a wait ends with the server', async () => {
    const mail = await startTestMail()
    const waiting = failureOf(mail.waitFor({}, { timeout: Number.POSITIVE_INFINITY }))
    const quiet = failureOf(mail.expectNone({}, { within: 2 ** 40 }))
    const iterated = (async () => {
      for await (const _ of mail) expect.unreachable()
      return 'ended'
    })()
    await mail.dispose()
    expect(await waiting).toMatchObject({ code: 'disposed' })
    expect(await quiet).toMatchObject({ code: 'disposed' })
    expect(await iterated).toBe('ended')
    expect(await failureOf(mail.expectNone())).toMatchObject({ code: 'disposed' })
  })

  test('a wait that nobody looks at any more does not end the process', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const mail = await startTestMail()
    void mail.waitFor()
    void mail.waitForAll(2)
    void mail.inbox().next()
    await mail.dispose()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  test('aborts: before, during, of a wait, of a silence, of the whole server', async () => {
    const mail = await startTestMail()
    const abort = new AbortController()
    const waits = [
      mail.waitFor({}, { signal: abort.signal }),
      mail.expectNone({}, { signal: abort.signal, within: 1e6 }),
    ]
    const failures = waits.map(failureOf)
    abort.abort(new Error('enough'))
    for (const failure of failures)
      expect(await failure).toMatchObject({ code: 'aborted', cause: { message: 'enough' } })
    expect(await failureOf(mail.waitFor({}, { signal: abort.signal }))).toMatchObject({ code: 'aborted' })
    expect(await failureOf(mail.expectNone({}, { signal: abort.signal }))).toMatchObject({ code: 'aborted' })
    await mail.dispose()

    const life = new AbortController()
    const other = await startTestMail({ signal: life.signal })
    const waiting = failureOf(other.waitFor())
    life.abort()
    expect(await waiting).toMatchObject({ code: 'disposed' })
    await other.dispose()
    await expect(startTestMail({ signal: life.signal })).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('nothing comes', () => {
  test('a connection that rests is no reason to wait, one with a message on its way is', async () => {
    await using mail = await startTestMail()
    const pool = createTransport({ ...mail.transport(), pool: true, maxConnections: 1 })
    await pool.sendMail(letter)
    expect(mail.sessions).toMatchObject([{ endedAt: null }])
    await mail.expectNone({ subject: 'Other' }, { within: 20 })

    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    mail.script(on.data.once().run(() => gate))
    const sending = pool.sendMail({ ...letter, subject: 'Second' })
    while (!mail.sessions[0].lines.some(({ line }, i, all) => line === 'DATA' && i === all.length - 1)) {
      await new Promise(setImmediate)
    }
    const order: string[] = []
    const refuted = failureOf(mail.expectNone({ subject: 'Second' }, { within: 5 })).then((error) => {
      order.push(error.code)
    })
    setTimeout(() => {
      order.push('released')
      release()
    }, 60)
    await Promise.all([sending, refuted])
    expect(order).toEqual(['released', 'unexpected'])
    pool.close()
  })
})

test('limits: messages, octets, one message', async () => {
  await using few = await startTestMail({ limits: { messages: 1 } })
  await send(few)
  await expect(send(few)).rejects.toMatchObject({ responseCode: 452 })
  few.clear()
  await send(few)
  await using small = await startTestMail({ limits: { bytes: 2_000 } })
  await send(small, { text: 'x'.repeat(1_200) })
  await expect(send(small, { text: 'x'.repeat(1_200) })).rejects.toMatchObject({ responseCode: 452 })
  await expect(send(small, { text: 'x'.repeat(3_000) })).rejects.toMatchObject({ responseCode: 552 })
})

test('limits: what IMAP and POP3 show counts, and for a minute what is cleared', async () => {
  let now = Date.now()
  await using mail = await startTestMail({ imap: true, limits: { bytes: 2_000 }, now: () => now })
  await send(mail, { text: 'x'.repeat(1_200) })
  mail.clear()
  await expect(send(mail, { text: 'x'.repeat(1_200) })).rejects.toMatchObject({
    responseCode: 452,
    message: expect.stringContaining('The test server is full'),
  })
  now += 61_000
  await send(mail, { text: 'x'.repeat(1_200) })
})
