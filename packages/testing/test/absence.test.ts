/** Proofs that nothing comes, while others use the server. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { on, startTestMail, type TestMail, type TestMailError } from '@posthouse/testing'
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'
import { expectNone } from '../src/absence.js'
import { createMailroom } from '../src/mailroom.js'
import { createSessionBook } from '../src/sessions.js'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'It works.' }
const send = (mail: TestMail, more: object = {}) => createTransport(mail.transport()).sendMail({ ...letter, ...more })
const failureOf = (promise: Promise<unknown>): Promise<TestMailError> =>
  promise.then(
    () => expect.unreachable(),
    (error) => error,
  )

describe('nothing comes, on a server that others use', () => {
  /** A client that says these lines, one after the other's answer, and stays. */
  async function client(mail: TestMail, lines: readonly string[]): Promise<Socket> {
    const socket = connect(mail.smtp.port, mail.smtp.host)
    await once(socket, 'data')
    for (const line of lines) {
      const answer = once(socket, 'data')
      socket.write(`${line}\r\n`)
      await answer
    }
    return socket
  }

  test('what is undefined was not said', async () => {
    await using mail = await startTestMail({ waitTimeout: 1_000 })
    const inbox = mail.inbox('ada@example.test')
    await send(mail)
    await inbox.next()
    const unsaid = { timeout: undefined, since: undefined, signal: undefined } as unknown as object
    await inbox.expectNone({}, { ...unsaid, within: 5 })
    await mail.expectNone({}, { ...unsaid, since: 'now', within: 5 })
  })

  test('what a line costs does not grow with the connections that there are', async () => {
    const book = createSessionBook(Date.now)
    const room = createMailroom({ waitTimeout: 1_000, explain: () => '' })
    let looks = 0
    const counted = Object.defineProperty({ ...book }, 'inTransaction', {
      get() {
        looks++
        return book.inTransaction
      },
    })
    const quiet = expectNone(room, counted, { match: undefined, options: { within: 20 }, timeout: 1_000 })
    for (let i = 0; i < 1_000; i++) book.started(String(i), 'smtp', '')
    for (let i = 0; i < 10_000; i++) book.said(String(i % 1_000), 'C', 'NOOP')
    await quiet
    expect(looks).toBeLessThan(100)
  })

  test('an inbox counts what is behind the last message that next has given', async () => {
    await using mail = await startTestMail()
    const inbox = mail.inbox('ada@example.test')
    await send(mail)
    await inbox.next()
    await inbox.expectNone({}, { within: 5 })
    expect(await failureOf(inbox.expectNone({}, { since: 'start' }))).toMatchObject({ code: 'unexpected' })
    await send(mail)
    expect(await failureOf(inbox.expectNone())).toMatchObject({ code: 'unexpected' })
    await mail.expectNone({}, { within: 5, since: 'now' })
    await mail.expectNone({}, { within: 5, since: mail.messages[1] })
    expect(await failureOf(mail.expectNone({}, { since: mail.messages[0] }))).toMatchObject({ code: 'unexpected' })
  })

  test('a client that hangs in the middle of a message: the error says where', async () => {
    await using mail = await startTestMail({ waitTimeout: 30 })
    mail.script(on.rcpt.stall())
    const socket = connect(mail.smtp.port, mail.smtp.host)
    socket.resume()
    socket.write('EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n')
    while (!mail.sessions[0]?.lines.some(({ line }) => line.startsWith('RCPT'))) await new Promise(setImmediate)
    const failure = await failureOf(mail.expectNone({}, { within: 5 }))
    expect(failure).toMatchObject({ code: 'timeout' })
    expect(failure.message).toMatch(
      /^waited \d+ ms until no client had said anything for 5 ms, and it never was so quiet$/m,
    )
    expect(failure.message).toMatch(/^ {2}still in RCPT TO:<c@d\.test> for \d+ ms$/m)
    socket.destroy()
  })

  test('clients that always say something: the error says what', async () => {
    await using mail = await startTestMail()
    const socket = await client(mail, ['EHLO x'])
    const failing = failureOf(mail.expectNone({}, { within: 1_000, timeout: 1 }))
    // A client that keeps its connection alive, too often.
    const beat = setInterval(() => socket.resume().write('NOOP\r\n'), 50)
    await failing
    clearInterval(beat)
    expect(await failing).toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/\n {2}NOOP came \d+ ms ago$/),
    })
    socket.destroy()
  })

  test.each([
    ['DATA', 'DATA'],
    ['BDAT', 'BDAT 3\r\nx'],
  ])('an inbox leaves clients alone that send to others: %s', async (_name, data) => {
    await using mail = await startTestMail({ waitTimeout: 50 })
    const envelope = ['EHLO x', 'MAIL FROM:<a@b.test>', 'RCPT TO:<bob@example.test>']
    const socket = await client(mail, [...envelope, data])
    expect(await failureOf(mail.expectNone({}, { within: 5 }))).toMatchObject({ code: 'timeout' })
    await mail.inbox('ada@example.test').expectNone({}, { within: 5 })
    expect(await failureOf(mail.inbox('BOB@example.test').expectNone({}, { within: 5 }))).toMatchObject({
      code: 'timeout',
    })
    socket.destroy()
  })

  test('however often they do', async () => {
    await using mail = await startTestMail()
    const quiet = mail.inbox('ada@example.test').expectNone({}, { within: 200 })
    let over = false
    void quiet.then(() => {
      over = true
    })
    while (!over) await send(mail, { to: 'bob@example.test' })
    await quiet
  })

  test('another message over the same connection may be for this one', async () => {
    await using mail = await startTestMail({ waitTimeout: 50 })
    const envelope = ['EHLO x', 'MAIL FROM:<a@b.test>', 'RCPT TO:<bob@example.test>']
    const socket = await client(mail, [...envelope, 'DATA', '\r\n.', 'MAIL FROM:<a@b.test>'])
    expect(await failureOf(mail.inbox('ada@example.test').expectNone({}, { within: 5 }))).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('still in MAIL FROM:<a@b.test>'),
    })
    socket.destroy()
  })
})
