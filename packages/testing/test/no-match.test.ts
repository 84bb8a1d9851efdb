/** What is no match and no wait is refused: it would match everything, or end at once. */
import { connectTestMail, type Match, startTestMail, type TestMail, type TestMailError } from '@posthouse/testing'
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'

const letter = { from: 'app@example.test', to: 'ada@example.test', subject: 'Hello', text: 'It works.' }
const send = (mail: TestMail, more: object = {}) => createTransport(mail.transport()).sendMail({ ...letter, ...more })
const failureOf = (promise: Promise<unknown>): Promise<TestMailError> =>
  promise.then(
    () => expect.unreachable(),
    (error) => error,
  )

test.each<[string, unknown, string]>([
  ['a text', 'ada@example.test', 'ada@example.test is no match: say which clause'],
  ['a pattern', /x/, '/x/ is no match'],
  ['null', null, 'null is no match'],
  ['a list', [], 'is no match'],
  ['an unknown clause', { recipient: 'x' }, 'there is no clause recipient; there are to, from,'],
  ['an option in its place', { within: 20 }, 'no clause within (as an option it stands behind the match'],
  ['a list in a clause', { to: ['a', 'b'] }, 'the clause to is one text, a pattern or a function'],
  ['null in a clause', { subject: null }, 'the clause subject is one text'],
  ['a header that is none', { header: 'x' }, 'the clause header is an object'],
  ['a header with a list', { header: { 'X-Kind': ['x'] } }, 'the clause header X-Kind is one text'],
  ['a pattern for a session', { via: /x/ }, 'the clause via is one text'],
  ['a function that answers later', async () => false, 'returned a promise'],
])('no match: %s', async (_name, match, text) => {
  await using mail = await startTestMail({ http: true })
  await using remote = await connectTestMail(mail.http?.url as string)
  await send(mail)
  const inbox = mail.inbox(letter.to)
  const asks = [mail, inbox, remote].flatMap((receiver) => [
    receiver.waitFor(match as Match, { timeout: 50 }),
    receiver.list(match as Match),
    receiver.expectNone(match as Match, { within: 1 }),
  ])
  for (const failure of await Promise.all(asks.map(failureOf))) {
    expect(failure).toMatchObject({ code: 'options', message: expect.stringContaining(text) })
  }
})

test('what is no wait', async () => {
  await using mail = await startTestMail({ http: true })
  await using remote = await connectTestMail(mail.http?.url as string)
  for (const server of [mail, remote]) {
    const asks = [
      ...[0, -1, 1.5, Number.NaN].map((count) => server.waitForAll(count, {}, { timeout: 1 })),
      ...[Number.NaN, -5, '100' as never].map((timeout) => server.waitFor({}, { timeout })),
      ...[Number.NaN, -5].map((within) => server.expectNone({}, { within })),
      ...[50, null, { timeOut: 50 }].map((how) => server.waitFor({}, how as never)),
      ...[50, null, { whitin: 50 }].map((how) => server.expectNone({}, how as never)),
    ]
    for (const failure of await Promise.all(asks.map(failureOf))) expect(failure).toMatchObject({ code: 'options' })
  }
})

test('a clause that is left open holds', async () => {
  await using mail = await startTestMail()
  await send(mail)
  await mail.waitFor({ subject: undefined, header: { 'X-Kind': undefined } } as never)
})
