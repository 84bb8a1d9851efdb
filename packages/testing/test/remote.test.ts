/** What the HTTP interface and `connectTestMail` say to who asks for something that there is not, and leave behind. */
import { request } from 'node:http'
import { connectTestMail, on, startTestMail, type TestMail } from '@posthouse/testing'
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'It works.' }
const send = (mail: TestMail) => createTransport(mail.transport()).sendMail(letter)
const start = () => startTestMail({ http: true })
const urlOf = (mail: TestMail, path: string): string => `${mail.http?.url}/api/v1/${path}`
const post = (mail: TestMail, path: string, body: unknown) =>
  fetch(urlOf(mail, path), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

describe('faults of a client that goes', () => {
  test('end with it; removing them twice is nothing', async () => {
    await using mail = await start()
    const remote = await connectTestMail(mail.http?.url as string)
    const { remove } = await remote.script(on.rcpt.reply(451))
    await remote.script(on.data.reply(451))
    await expect(send(mail)).rejects.toMatchObject({ responseCode: 451 })
    await remote.dispose()
    await send(mail)
    await remove()
    await remote.dispose()
  })

  test('a server that went before is no error', async () => {
    const mail = await start()
    const remote = await connectTestMail(mail.http?.url as string)
    await remote.script(on.rcpt.reply(451))
    await mail.dispose()
    await remote.dispose()
  })
})

describe('faults that are none are refused where they come in', () => {
  const rcpt = { protocol: 'smtp', step: 'rcpt' }
  test.each([
    [{ ...rcpt, step: 'rctp', action: { type: 'stall' } }, 'smtp has no step rctp'],
    [{ ...rcpt, action: { type: 'explode' } }, 'there is no action explode; there are reply,'],
    [{ ...rcpt, action: { type: 'raw' } }, 'the action raw has no such pieces'],
    [
      { ...rcpt, step: 'ehlo', action: { type: 'without', keywords: [7] } },
      'the action without has no such keywords: [7]',
    ],
    [{ ...rcpt, action: { type: 'delay', ms: 'long' } }, 'the action delay has no such ms: "long"'],
    [{ ...rcpt, action: { type: 'drop', after: 0.5, of: 'server' } }, 'the action drop has no such after'],
    [{ ...rcpt, action: { type: 'stall' }, times: -1 }, 'times is a number'],
    [{ ...rcpt, action: { type: 'stall' }, times: 0 }, 'times is a number, 1 or more'],
    [{ ...rcpt, action: { type: 'stall' }, times: 1.5 }, 'times is a number, 1 or more'],
    [{ ...rcpt, action: { type: 'stall' }, chance: 5 }, 'chance is a number, 0 to 1'],
    [
      { protocol: 'imap', step: 'select', action: { type: 'line', line: 'NO a\r\nb', close: false } },
      'the action line has no such line',
    ],
  ])('%j', async (script, message) => {
    await using mail = await start()
    const response = await post(mail, 'scripts', [script])
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining(message) } })
    await send(mail)
  })
})

test('a seed is any number, as it is here', async () => {
  await using mail = await start()
  await using remote = await connectTestMail(mail.http?.url as string)
  await using _ = await remote.script(on.rcpt.chance(0, { seed: -1 }).reply(451))
  await send(mail)
})

test('a part of an octet is not where a connection is cut', () => {
  expect(() => on.data.drop({ after: 0.5 })).toThrow('drop(0.5): octets, 0 or more')
})

describe('what is asked in another type than it has', () => {
  test.each([{ count: '2' }, { timeout: '100' }, { recipient: 7 }, { since: 'yesterday' }, { since: '' }, { raw: 1 }])(
    '%j',
    async (body) => {
      await using mail = await start()
      expect((await post(mail, 'wait', body)).status).toBe(400)
    },
  )

  test.each(['wait?since=yesterday', 'wait?timeout=', 'messages?after='])('%s', async (path) => {
    await using mail = await start()
    expect((await fetch(urlOf(mail, path))).status).toBe(400)
  })

  test('a mark that was not awaited is no point', async () => {
    await using mail = await start()
    await using remote = await connectTestMail(mail.http?.url as string)
    await send(mail)
    const mark = remote.mark()
    const since = mark as unknown as 'now'
    const refusal = { code: 'options', message: expect.stringContaining('a mark of connectTestMail is awaited') }
    for (const server of [mail, remote]) {
      await expect(server.waitFor({}, { since })).rejects.toMatchObject(refusal)
      await expect(server.expectNone({}, { since })).rejects.toMatchObject(refusal)
    }
    await mark
  })
})

describe('to connect', () => {
  test('options that there are not are refused', async () => {
    await using mail = await start()
    const connecting = connectTestMail(mail.http?.url as string, { timeout: 50 } as never)
    await expect(connecting).rejects.toMatchObject({
      code: 'options',
      message: 'there is no option timeout; there are waitTimeout, domain, signal',
    })
  })

  test.each([undefined, '', 'localhost:8025', 'smtp://127.0.0.1:1025', 'http://'])(
    '%j is no URL of a test server',
    async (url) => {
      await expect(connectTestMail(url as string)).rejects.toMatchObject({
        code: 'options',
        message: expect.stringContaining('the URL of its HTTP interface is wanted'),
      })
    },
  )

  test('a signal that has aborted ends it', async () => {
    await using mail = await start()
    const signal = AbortSignal.abort()
    await expect(connectTestMail(mail.http?.url as string, { signal })).rejects.toMatchObject({ code: 'aborted' })
  })
})

test('who listens to events hears at once that it does', async () => {
  await using mail = await start()
  const abort = new AbortController()
  const { status } = await fetch(urlOf(mail, 'events'), { signal: abort.signal })
  expect(status).toBe(200)
  abort.abort()
})

test.each(['/', '/api/v1/health', '/api/v1/messages', '/api/v1/events'])(
  'HEAD %s: what waits for a server may ask so',
  async (path) => {
    await using mail = await start()
    const status = await new Promise((resolve, reject) => {
      const { port } = mail.http as { port: number }
      request({ port, path, method: 'HEAD', host: '127.0.0.1' }, (answer) => resolve(answer.statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(200)
  },
)
