import '@posthouse/testing/vitest'
import { on, stable, startTestMail, type TestMail } from '@posthouse/testing'
import { fixture } from '@posthouse/testing/fixtures'
import { createTestMailApi } from '@posthouse/testing/http'
import { createTransport } from 'nodemailer'
import { expect, test, vi } from 'vitest'

const failureOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.unreachable(),
    (error) => error,
  )
const send = (mail: TestMail, more: object = {}) =>
  createTransport(mail.transport()).sendMail({
    from: 'app@example.test',
    to: 'ada@example.test',
    subject: 'Hello',
    ...more,
  })

test('toReceive waits; .not does not wait for the time-out', async () => {
  await using mail = await startTestMail({ waitTimeout: 60_000 })
  const waiting = expect(mail).toReceive({ subject: 'Hello' })
  await send(mail)
  await waiting
  await expect(mail).not.toReceive({ subject: 'Other' })
  await expect(mail.inbox()).not.toReceive()
  expect((await failureOf(expect(mail).not.toReceive({ subject: 'Hello' }))).message).toContain(
    'wanted no mail like a message with { subject: "Hello" }, but there is "Hello" from <app@example.test>',
  )
  const late = await failureOf(expect(mail).toReceive({ subject: 'Other' }, { timeout: 5 }))
  expect(late.message).toContain('Nearest: "Hello", but subject is "Hello", not "Other"')
})

test('.not.toReceive looks at what comes since a point', async () => {
  await using mail = await startTestMail()
  await send(mail)
  await expect(mail).not.toReceive({ subject: 'Hello' }, { since: 'now' })
  await expect(mail).not.toReceive({ subject: 'Hello' }, { since: mail.mark() })
})

test('a client that is never quiet is no answer', async () => {
  await using mail = await startTestMail({ waitTimeout: 20 })
  mail.script(on.rcpt.stall())
  void send(mail).catch(() => {})
  while (!mail.sessions[0]?.lines.some(({ line }) => line.startsWith('RCPT'))) await new Promise(setImmediate)
  const options = { within: 5 }
  for (const asked of [
    expect(mail).toReceiveNothing({}, options),
    expect(mail).not.toReceiveNothing({}, options),
    expect(mail).not.toReceive(),
  ]) {
    expect(await failureOf(asked)).toMatchObject({ code: 'timeout' })
  }
})

test('toReceiveNothing', async () => {
  await using mail = await startTestMail()
  await expect(mail).toReceiveNothing({}, { within: 5 })
  await send(mail)
  await expect(mail.inbox()).toReceiveNothing()
  expect((await failureOf(expect(mail).toReceiveNothing())).message).toContain('wanted no mail, but there is "Hello"')
  await expect(mail).not.toReceiveNothing()
  expect((await failureOf(expect(mail.inbox()).not.toReceiveNothing())).message).toContain('one should have')
})

test('a disposed server and a matcher that throws are no answers', async () => {
  const mail = await startTestMail()
  const waiting = failureOf(expect(mail).not.toReceiveNothing({}, { within: 60_000 }))
  await mail.dispose()
  expect(await waiting).toMatchObject({ code: 'disposed' })
  expect(await failureOf(expect(mail).not.toReceive())).toMatchObject({ code: 'disposed' })
})

test('a server of another copy of the package is as good', async () => {
  vi.resetModules()
  const other = await import('@posthouse/testing')
  await using mail = await other.startTestMail()
  await mail.deliver('ada', 'Subject: x\r\n\r\n')
  await expect(mail).not.toReceiveNothing()
  const api = createTestMailApi(mail)
  const late = await api(new Request('http://localhost/api/v1/wait?subject=y&timeout=1'))
  expect(late.status).toBe(408)
})

test('what a matcher is not about', async () => {
  await using mail = await startTestMail()
  const message = await mail.deliver('ada', 'Subject: x\r\n\r\n')
  const asked: readonly [() => unknown, string][] = [
    [
      () => expect(mail.waitFor()).toHaveAttachment('a'),
      'toHaveAttachment is about a message, and not a promise of it',
    ],
    [() => expect(mail.waitFor()).toSeeInHtml('a'), 'toSeeInHtml is about a message, and not a promise of it'],
    [() => expect([message]).not.toSeeInOrder(['a']), 'toSeeInOrder is about a message'],
    [() => expect(message).toReceive(), 'toReceive is about a test server or an inbox'],
    [() => expect(undefined).toReceiveNothing(), 'toReceiveNothing is about a test server or an inbox'],
    [() => expect(message).toHaveAttachment(undefined as never), 'the file name is one text, a pattern or a function'],
    [() => expect(message).toSeeInHtml(12 as never), 'what is wanted is one text, a pattern or a function'],
    [() => expect(message).toSeeInOrder('ab' as never), 'toSeeInOrder() takes a list of texts'],
    [() => message.link(new URL('https://a.test') as never), 'what is wanted is one text, a pattern or a function'],
    [() => message.attachment(1 as never), 'the file name is one text, a pattern or a function'],
  ]
  for (const [ask, text] of asked) {
    const failure = await failureOf((async () => ask())())
    expect(failure).toMatchObject({ code: 'options', message: expect.stringContaining(text) })
  }
})

test('what is in a message', async () => {
  await using mail = await startTestMail()
  const attached = await mail.deliver('ada@mail.test', fixture('attachments'))
  expect(attached).toHaveAttachment('data.json')
  expect(attached).toHaveAttachment(/pdf$/)
  expect(attached).not.toHaveAttachment('x')
  expect(() => expect(attached).toHaveAttachment('x')).toThrow(
    'wanted an attachment x; there are: data.json, Rechnung März.pdf',
  )
  expect(() => expect(attached).not.toHaveAttachment('data.json')).toThrow('wanted no attachment data.json; there are')
  const html = '<table><tr><td>Total:</td><td><b>12</b>&nbsp;€</td></tr></table><p>Bye</p>'
  const bill = await mail.deliver('ada@mail.test', { subject: 'Bill', html, text: undefined } as never)
  expect(bill).toSeeInHtml('Total: 12 €')
  expect(bill).toSeeInHtml(/12\s€/)
  expect(bill).not.toSeeInHtml('13 €')
  expect(() => expect(bill).toSeeInHtml('13 €')).toThrow('wanted 13 € in what the HTML shows:\nTotal:\n12 €\nBye')
  expect(() => expect(bill).not.toSeeInHtml('12 €')).toThrow('wanted no 12 € in what the HTML shows')
  expect(bill).toSeeInOrder(['Total', 'Bye'])
  expect(() => expect(bill).not.toSeeInOrder(['Total', 'Bye'])).toThrow('wanted these in no such order: "Total", "Bye"')
  expect(() => expect(bill).toSeeInOrder(['Bye', 'Total'])).toThrow('wanted "Total" behind what comes before it')
})

test('a stable message is the same in every run', async () => {
  const once = async () => {
    await using mail = await startTestMail()
    const inbox = mail.inbox()
    const content = { filename: 'logo.png', content: Buffer.from('x'), cid: `${Math.random()}@example.test` }
    await send(mail, {
      ...{ to: `Ada <${inbox.address}>`, date: new Date(Math.random() * 1e12), text: `token=${Math.random()}` },
      html: `<p>Hello ${inbox.address} <img src="cid:${content.cid}"></p>`,
      attachments: [content],
    })
    return stable(await inbox.waitFor(), { replace: [[/token=[\d.]+/g, 'token=...']] })
  }
  const [first, second] = [await once(), await once()]
  expect(first).toEqual(second)
  expect(first).toMatchObject({
    envelope: { to: ['inbox-1@mail.test'] },
    to: [{ name: 'Ada', address: 'inbox-1@mail.test' }],
    subject: 'Hello',
    text: 'token=...',
    html: '<p>Hello inbox-1@mail.test <img src="cid:cid-1"></p>',
    attachments: [{ filename: 'logo.png', contentType: 'image/png', octets: 1 }],
  })
  expect(first.headers).toContain('Date: (date)')
  expect(first.headers.join('\n')).toContain('boundary="(boundary)"')
})
