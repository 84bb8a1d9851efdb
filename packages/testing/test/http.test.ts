/** The HTTP interface, and `connectTestMail` over it. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connectTestMail, on, startTestMail, type TestMail } from '@posthouse/testing'
import { fixture } from '@posthouse/testing/fixtures'
import { createTestMailApi } from '@posthouse/testing/http'
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'Your code is 482913.' }
const send = (mail: Pick<TestMail, 'transport'>, more: object = {}) =>
  createTransport(mail.transport()).sendMail({ ...letter, ...more })
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error) => error,
  )

const start = () => startTestMail({ http: true })
const urlOf = (mail: TestMail, path: string): string => `${mail.http?.url}/api/v1/${path}`

describe('in any language', () => {
  test('a wait is a request that is held until the message has come', async () => {
    await using mail = await start()
    const waiting = fetch(urlOf(mail, 'wait?to=ada@example.test&subject=/^hel/i&header=X-Kind:%20greeting'))
    await send(mail, { subject: 'Other' })
    await send(mail, { headers: { 'X-Kind': 'greeting' }, html: '<a href="https://example.test/yes">Yes</a>' })
    const response = await waiting
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({
      subject: 'Hello',
      text: 'Your code is 482913.',
      code: '482913',
      links: [{ href: 'https://example.test/yes', text: 'Yes', source: 'html' }],
      envelope: { from: 'app@example.test', to: ['ada@example.test'] },
      attachments: [],
    })
  })

  test('a wait that fails explains itself', async () => {
    await using mail = await start()
    await send(mail)
    const response = await fetch(urlOf(mail, 'wait?subject=Bye&timeout=5'))
    expect(response.status).toBe(408)
    expect(await response.json()).toMatchObject({
      error: { code: 'timeout', message: expect.stringContaining('but subject is "Hello", not "Bye"') },
    })
  })

  test('several, since a point, of one inbox', async () => {
    await using mail = await start()
    await send(mail)
    const { sequence } = mail.mark()
    await send(mail, { subject: '2' })
    await send(mail, { to: 'bob@example.test', subject: '3' })
    const subjects = async (query: string) =>
      ((await (await fetch(urlOf(mail, query))).json()) as { subject: string }[]).map(({ subject }) => subject)
    expect(await subjects('wait?count=3')).toEqual(['Hello', '2', '3'])
    expect(await subjects(`wait?count=1&since=${sequence}`)).toEqual(['2'])
    expect(await subjects('wait?count=1&recipient=bob@example.test')).toEqual(['3'])
    expect(await subjects('messages')).toEqual(['Hello', '2', '3'])
    expect(await subjects(`messages?after=${sequence}&to=ada@example.test`)).toEqual(['2'])
  })

  test('one message: details, octets, an attachment', async () => {
    await using mail = await start()
    const { id, raw } = await mail.deliver('ada@mail.test', fixture('attachments'))
    const details = await (await fetch(urlOf(mail, `messages/${id}`))).json()
    expect(details).toMatchObject({ attachments: [{ filename: 'data.json', octets: 13 }, { index: 1 }] })
    const source = await fetch(urlOf(mail, `messages/${id}/raw`))
    expect(source.headers.get('content-type')).toBe('message/rfc822')
    expect(new Uint8Array(await source.arrayBuffer())).toEqual(raw)
    const attached = await fetch(urlOf(mail, `messages/${id}/attachments/0`))
    expect(attached.headers.get('content-disposition')).toBe('attachment')
    expect(await attached.json()).toEqual({ total: 12 })
    for (const path of [`messages/${id}/attachments/7`, 'messages/none', 'messages/%ff', 'nothing']) {
      expect((await fetch(urlOf(mail, path))).status).toBe(404)
    }
  })

  test('delivering, clearing, sessions, health, help', async () => {
    await using mail = await startTestMail({ http: true, imap: true })
    const post = (query: string, body: BodyInit, type: string) =>
      fetch(urlOf(mail, `messages?${query}`), { method: 'POST', body, headers: { 'content-type': type } })
    const draft = JSON.stringify({ from: 'x@example.test', subject: 'Draft', text: 'y' })
    const made = await post(
      'to=ada@mail.test&folder=Sent&flag=%5CSeen&at=2026-03-10T09:30:00Z',
      draft,
      'application/json',
    )
    expect(made.status).toBe(201)
    expect(await made.json()).toMatchObject({ subject: 'Draft', receivedAt: '2026-03-10T09:30:00.000Z' })
    expect((await post('to=ada@mail.test', 'Subject: raw\r\n\r\n', 'message/rfc822')).status).toBe(201)
    expect((await post('to=ada@mail.test', 'a=b', 'application/x-www-form-urlencoded')).status).toBe(400)
    expect((await post('', draft, 'application/json')).status).toBe(400)
    expect((await post('to=a@mail.test&flag=%5CNope', draft, 'application/json')).status).toBe(400)
    await send(mail)
    const sessions = (await (await fetch(urlOf(mail, 'sessions'))).json()) as { lines: unknown[] }[]
    expect(sessions[0].lines.length).toBeGreaterThan(5)
    expect(await (await fetch(urlOf(mail, 'health'))).json()).toEqual({ status: 'ok' })
    expect(await (await fetch(`${mail.http?.url}/`)).text()).toContain('GET    /api/v1/wait')
    expect((await fetch(urlOf(mail, 'messages'), { method: 'DELETE' })).status).toBe(204)
    expect(mail.messages).toEqual([])
  })

  test('nothing comes', async () => {
    await using mail = await start()
    expect((await fetch(urlOf(mail, 'expect-none?within=5'))).status).toBe(204)
    await send(mail)
    expect((await fetch(urlOf(mail, 'expect-none?within=5&to=bob@example.test'))).status).toBe(204)
    const refuted = await fetch(urlOf(mail, 'expect-none?subject=Hello'))
    expect(refuted.status).toBe(409)
    expect(await refuted.json()).toMatchObject({ error: { code: 'unexpected' } })
  })

  test('messages as server-sent events, from where the client was', async () => {
    await using mail = await start()
    await send(mail, { subject: '1' })
    await send(mail, { subject: '2' })
    const abort = new AbortController()
    const headers = { 'last-event-id': '1' }
    const { body } = await fetch(urlOf(mail, 'events'), { headers, signal: abort.signal })
    const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream() as never).getReader()
    let seen = ''
    const until = async (text: string): Promise<void> => {
      while (!seen.includes(text)) seen += (await reader.read()).value
    }
    await until('"subject":"2"')
    await send(mail, { subject: '3' })
    await until('"subject":"3"')
    expect(seen).toMatch(/^retry: 1000\n\nid: 2\nevent: message\ndata: \{/)
    expect(seen).not.toContain('"subject":"1"')
    abort.abort()
  })

  test.each([
    ['wait?count=x', 'count is a number'],
    ['wait?subject=/(/', '/(/ is no pattern'],
    ['wait?header=x', 'header=Name: value'],
    ['wait?subjct=reset', expect.stringContaining('there is no clause subjct; there are to, from,')],
    ['messages?sender=x', expect.stringContaining('there is no clause sender')],
  ])('%s', async (path, wanted) => {
    await using mail = await start()
    const response = await fetch(urlOf(mail, path))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { message: wanted } })
  })

  test.each([
    ['wait', '{"match":{"sender":"x"}}'],
    ['wait', '{"subject":"x"}'],
    ['wait', '{"match":[]}'],
    ['wait', '{"match":{"to":7}}'],
    ['wait', '{"match":{"header":7}}'],
    ['wait', 'no json'],
    ['scripts', '{}'],
    ['scripts', '[{"protocol":"smtp","step":"rcpt","action":{"type":"run"}}]'],
    ['scripts', '[{"protocol":"smtp","step":"rcpt","action":{"type":"reply","reply":{"code":7}}}]'],
  ])('POST %s %s', async (path, body) => {
    await using mail = await start()
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(urlOf(mail, path), { method: 'POST', body, headers })).status).toBe(400)
  })
})

describe('who may ask', () => {
  const ask = (mail: TestMail, headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { host, port } = mail.http as { host: string; port: number }
      request({ host, port, path: '/api/v1/health', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })

  test.each([
    ['localhost', 200],
    ['app.localhost:8025', 200],
    ['127.0.0.1', 200],
    ['[::1]:8025', 200],
    ['rebound.example.test', 403],
    ['localhost.example.test', 403],
    ['mail.internal', 200],
  ])('Host: %s is answered %d', async (host, status) => {
    await using mail = await startTestMail({ http: { allowedHosts: ['mail.internal'] } })
    expect(await ask(mail, { host })).toBe(status)
  })

  test('no page of another site; no host that is none', async () => {
    await using mail = await start()
    expect(await ask(mail, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await ask(mail, { 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(await ask(mail, { origin: 'https://evil.example' })).toBe(403)
    expect(await ask(mail, { origin: 'null' })).toBe(403)
    expect(await ask(mail, { origin: 'http://localhost:1', host: 'localhost:8025' })).toBe(403)
    expect(await ask(mail, { origin: 'http://localhost:8025', host: 'localhost:8025' })).toBe(200)
    expect(await ask(mail, { host: 'a b' })).toBe(400)
  })

  test('a page that a proxy of its own site brings here may ask: the browser says that it is of the same site', async () => {
    await using mail = await start()
    const origin = 'https://mail.example.test'
    expect(await ask(mail, { origin, 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(await ask(mail, { origin, 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await ask(mail, { origin })).toBe(403)
  })

  test('the interface is a function that anything can mount', async () => {
    await using mail = await startTestMail()
    const api = createTestMailApi(mail)
    expect((await api(new Request('http://localhost/api/v1/health'))).status).toBe(200)
    expect((await api(new Request('http://example.test/api/v1/health'))).status).toBe(403)
    const open = createTestMailApi(mail, { allowedHosts: ['*'] })
    expect((await open(new Request('http://example.test/api/v1/health'))).status).toBe(200)
  })

  test('a client that goes away ends its wait; a server that is disposed ends its clients', async () => {
    const mail = await start()
    const socket = connect(mail.http?.port as number, '127.0.0.1')
    socket.write('GET /api/v1/wait?timeout=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const waiting = failureOf(fetch(urlOf(mail, 'wait?timeout=60000')).then((response) => response.json()))
    await (await fetch(urlOf(mail, 'health'))).json()
    socket.destroy()
    await once(socket, 'close')
    await mail.dispose()
    // The last word is said or cut off, but nobody waits.
    expect([null, 'TypeError']).toContain((await waiting)?.name ?? null)
  })
})

describe('connectTestMail', () => {
  const open = async () => {
    const mail = await startTestMail({ http: true, imap: true, tls: 'auto' })
    return { mail, remote: await connectTestMail(mail.http?.url as string) }
  }

  test('the same in another process: waits, inboxes, messages with all they have', async () => {
    const { mail, remote } = await open()
    const [one, two] = [remote.inbox(), remote.inbox('two@example.test')]
    const [first, second] = [one.next(), one.next()]
    const waiting = remote.waitFor({ subject: /^second/, to: two.address })
    await send(remote, { to: one.address, subject: '1' })
    await send(remote, { to: two.address, subject: 'second', attachments: [{ filename: 'a.bin', content: 'x' }] })
    await send(remote, { to: one.address, subject: '3' })
    expect([(await first).subject, (await second).subject]).toEqual(['1', '3'])
    const message = await waiting
    expect(message.attachment('a.bin').text()).toBe('x')
    expect(message.code()).toBe('482913')
    expect(message.origin?.tls?.protocol).toBe('TLSv1.3')
    expect(message).toMatchObject({ ...pick(mail.messages[1]), receivedAt: mail.messages[1].receivedAt })
    expect((await remote.waitForAll(2, (found) => found.subject.length === 1)).map(({ subject }) => subject)).toEqual([
      '1',
      '3',
    ])
    expect((await one.list()).map(({ subject }) => subject)).toEqual(['1', '3'])
    expect(await two.list(({ subject }) => subject === 'x')).toEqual([])
    const { value, messages } = await remote.during(() => send(remote, { subject: '4' }).then(() => 'done'))
    expect([value, ...messages.map(({ subject }) => subject)]).toEqual(['done', '4'])
    const mark = await remote.mark()
    const since = remote.waitFor({}, { since: mark })
    const now = remote.waitFor({}, { since: 'now' })
    // `now` is asked from the server first.
    await remote.listSessions()
    await send(remote, { subject: '5' })
    expect([(await since).subject, (await now).subject]).toEqual(['5', '5'])
    await remote.dispose()
    await mail.dispose()
  })

  test('errors explain themselves here, too', async () => {
    const { mail, remote } = await open()
    await send(remote)
    const failures = await Promise.all([
      failureOf(remote.waitFor({ subject: 'Bye' }, { timeout: 5 })),
      failureOf(remote.inbox('x@x.test').waitFor({}, { timeout: 5 })),
      failureOf(remote.waitFor((message) => message.subject === 'Bye', { timeout: 5 })),
      failureOf(remote.expectNone({ subject: 'Hello' })),
      failureOf(remote.expectNone(({ subject }) => subject === 'Hello', { within: 5 })),
    ])
    expect(failures.map(({ code }) => code)).toEqual(['timeout', 'timeout', 'timeout', 'unexpected', 'unexpected'])
    expect(failures[0].message).toContain('but subject is "Hello", not "Bye"')
    expect(failures[1].message).toContain('waited 5 ms for x@x.test')
    expect(failures[2].message).toContain('Nearest: "Hello", but the function said no')
    await remote.expectNone({ subject: 'Bye' }, { within: 5 })
    await remote.expectNone(({ subject }) => subject === 'Bye', { within: 5 })
    const abort = new AbortController()
    const aborted = failureOf(remote.waitFor({}, { signal: abort.signal, since: 'now' }))
    abort.abort(new Error('enough'))
    expect(await aborted).toMatchObject({ code: 'aborted' })
    await mail.dispose()
    expect(await failureOf(remote.waitFor())).toMatchObject({ code: 'unreachable', message: /npx @posthouse\/testing/ })
    await remote.dispose()
    expect(await failureOf(remote.waitFor())).toMatchObject({ code: 'disposed' })
  })

  test('nothing comes behind what next has given, or since a point', async () => {
    const { mail, remote } = await open()
    const inbox = remote.inbox('ada@example.test')
    await send(remote)
    const first = await inbox.next()
    await inbox.expectNone({}, { within: 5 })
    await inbox.expectNone(({ subject }) => subject === 'Hello', { within: 5 })
    await remote.expectNone({}, { within: 5, since: 'now' })
    await send(remote)
    expect(await failureOf(inbox.expectNone())).toMatchObject({ code: 'unexpected' })
    expect(await failureOf(remote.expectNone({}, { since: first }))).toMatchObject({ code: 'unexpected' })
    mail.script(on.rcpt.stall())
    const socket = connect(mail.smtp.port, '127.0.0.1')
    socket.resume()
    socket.write('EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n')
    while (!mail.sessions.some(({ lines }) => lines.at(-1)?.line.startsWith('RCPT'))) await new Promise(setImmediate)
    expect(await failureOf(remote.expectNone({}, { within: 5, timeout: 20, since: 'now' }))).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('still in RCPT TO:<c@d.test>'),
    })
    socket.destroy()
    await remote.dispose()
    await mail.dispose()
  })

  test('faults, deliveries, environment, iteration', async () => {
    const { mail, remote } = await open()
    {
      await using _ = await remote.script(
        on.rcpt.for(/^ada@/i).times(1).reply(451, '4.7.1', 'greylisted'),
        on.data.for('ada@example.test').delay(1),
      )
      await expect(send(remote)).rejects.toMatchObject({ responseCode: 451 })
      await send(remote)
    }
    await expect(remote.script(on.rcpt.when(() => true).stall())).rejects.toThrow('a function cannot travel')
    await expect(remote.script(on.rcpt.run(() => {}))).rejects.toThrow('a function cannot travel')
    const at = new Date('2026-03-10T09:30:00Z')
    const delivered = await remote.deliver(
      'ada@mail.test',
      { subject: 'Draft' },
      { folder: 'Sent', flags: ['\\Seen'], at },
    )
    expect(delivered).toMatchObject({ subject: 'Draft', receivedAt: at, origin: null })
    expect(remote.env('X_')).toMatchObject({
      X_SMTP_URL: mail.smtp.url,
      X_IMAP_PORT: String(mail.imap?.port),
      X_TEST_MAIL_URL: mail.http?.url,
      NODE_EXTRA_CA_CERTS: expect.stringMatching(/ca\.pem$/),
    })
    expect(remote.endpoints).toEqual(mail.endpoints)
    const seen: string[] = []
    for await (const { subject } of remote) if (seen.push(subject) === 2) break
    expect(seen).toEqual(['Hello', 'Draft'])
    await remote.clear()
    expect(mail.messages).toEqual([])
    const iterating = (async () => {
      for await (const _ of remote) expect.unreachable()
      return 'ended'
    })()
    const forgotten = remote.waitFor()
    await remote.dispose()
    expect(await iterating).toBe('ended')
    expect(await failureOf(forgotten)).toMatchObject({ code: 'disposed' })
    await mail.dispose()
  })

  test('a server that ends while somebody waits went away', async () => {
    const sockets: Socket[] = []
    const server = createServer((incoming, outgoing) => {
      sockets.push(incoming.socket)
      if (incoming.url === '/api/v1/server') outgoing.end('{"endpoints":{},"ca":""}')
      // In the middle of the answer, and before it.
      else if (incoming.url === '/api/v1/sessions') outgoing.writeHead(200, { 'content-length': 9 }).write('[')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const remote = await connectTestMail(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const asks = [remote.waitFor(), remote.listSessions()].map(failureOf)
    while (sockets.length < 3) await new Promise(setImmediate)
    for (const socket of sockets) socket.destroy()
    for (const failure of await Promise.all(asks)) {
      expect(failure).toMatchObject({ code: 'unreachable', message: expect.stringContaining('went away') })
    }
    await remote.dispose()
    await new Promise((resolve) => server.close(resolve))
  })

  test('what is no test mail server', async () => {
    await using mail = await start()
    expect(await failureOf(connectTestMail(mail.smtp.url.replace('smtp', 'http')))).toMatchObject({
      code: 'unreachable',
    })
    expect(await failureOf(connectTestMail(`${mail.http?.url}/elsewhere`))).toMatchObject({ code: 'missing' })
    expect(await failureOf(startTestMail({ http: { port: mail.http?.port as number } }))).toMatchObject({
      code: 'options',
      cause: { code: 'EADDRINUSE' },
    })
    expect(await failureOf(startTestMail({ smtp: { port: mail.smtp.port } }))).toMatchObject({
      message: expect.stringContaining('is taken: leave the port out'),
    })
  })
})

function pick({ id, sequence, envelope, origin, raw }: TestMail['messages'][number]) {
  return { id, sequence, envelope, origin, raw }
}
