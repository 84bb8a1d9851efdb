import { on, startTestMail } from '@posthouse/testing'
import { expect, test } from 'vitest'
import { type Letter, sendLetter } from '../src/outbox.js'

const letter: Letter = { id: 'order-42', to: 'ada@example.test', subject: 'Your order', text: 'x'.repeat(5_000) }

/** An outbox that does not wait, and counts how often it would have. */
function outbox(smtpUrl: string) {
  const pauses: number[] = []
  const pause = async (attempt: number): Promise<void> => void pauses.push(attempt)
  return { pauses, send: () => sendLetter(letter, { smtpUrl, attempts: 4, pause }) }
}

test('greylisting: the second attempt comes through', async () => {
  await using mail = await startTestMail({ strictScripts: true })
  mail.script(on.rcpt.once().reply(450, '4.7.1', 'greylisted, come back later'))
  const { send, pauses } = outbox(mail.smtp.url)
  expect(await send()).toEqual({ state: 'sent', attempts: 2 })
  expect(pauses).toEqual([1])
  expect(mail.messages).toHaveLength(1)
})

test.each([
  ['too many connections', on.greeting.times(2).reply(421, '4.7.0', 'too many connections')],
  ['a full mailbox', on.rcpt.times(2).reply(452, '4.2.2', 'mailbox full')],
  ['a cut in the middle of the message', on.data.times(2).drop({ after: 1024 })],
  ['a cut before the greeting', on.greeting.times(2).drop()],
])('%s, twice', async (_name, script) => {
  await using mail = await startTestMail({ strictScripts: true })
  mail.script(script)
  expect(await outbox(mail.smtp.url).send()).toEqual({ state: 'sent', attempts: 3 })
  expect(mail.messages).toHaveLength(1)
})

test('a mailbox that does not exist is not tried again', async () => {
  await using mail = await startTestMail()
  mail.script(on.rcpt.reply(550, '5.1.1', 'no such user'))
  const { send, pauses } = outbox(mail.smtp.url)
  expect(await send()).toMatchObject({ state: 'refused', attempts: 1, reason: expect.stringContaining('no such user') })
  expect(pauses).toEqual([])
})

test('a server that is never well: the outbox gives up', async () => {
  await using mail = await startTestMail()
  mail.script(on.mail.reply(451, '4.3.0', 'later'))
  expect(await outbox(mail.smtp.url).send()).toMatchObject({ state: 'refused', attempts: 4 })
  expect(mail.messages).toEqual([])
})

test('taken, but the outbox never heard of it: the copy can be told by its Message-ID', async () => {
  await using mail = await startTestMail({ strictScripts: true })
  mail.script(on.message.once().dropAfterAccept())
  expect(await outbox(mail.smtp.url).send()).toEqual({ state: 'sent', attempts: 2 })
  expect(mail.messages.map(({ messageId }) => messageId)).toEqual(['order-42@example.test', 'order-42@example.test'])
})
