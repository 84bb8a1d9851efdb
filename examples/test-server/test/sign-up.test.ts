import { expect, test } from 'vitest'
import { startMailbox } from '../src/mailbox.js'
import { signUp } from '../src/sign-up.js'

test('signing up sends a link to confirm the address', async () => {
  await using mailbox = await startMailbox()
  await signUp('ada@example.test', { smtp: mailbox.url })
  const [message] = await mailbox.messages('ada@example.test')
  expect(message.subject).toBe('Confirm your address')
  expect(message.html).toContain('https://app.example.test/confirm?to=ada%40example.test')
})

test('servers do not know each other', async () => {
  await using one = await startMailbox()
  await using two = await startMailbox()
  await signUp('ada@example.test', { smtp: one.url })
  expect(await two.messages('ada@example.test')).toEqual([])
})
