// Types alone, with `skipLibCheck: false`: the matchers of vitest.
import '@posthouse/testing/vitest'
import { type Inbox, startTestMail, type TestMail, testMailFor } from '@posthouse/testing'
import { expect, test } from 'vitest'

const fixtures = test.extend<{ inbox: Inbox; mail: TestMail }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from the pattern
  mail: async ({}, use) => {
    await using mail = await startTestMail()
    await use(mail)
  },
  inbox: async ({ mail }, use) => {
    await use(mail.inbox())
  },
})

fixtures('types of fixtures', async ({ inbox, mail }) => {
  await expect(inbox).toReceive({ via: mail.sessions[0].id })
})

test('types', async (context) => {
  const mail = await testMailFor(context)
  const received: Promise<void> = expect(mail).toReceive({ subject: /x/ })
  await received
  await expect(mail.inbox()).not.toReceiveNothing({}, { within: 5 })
  expect(mail.messages[0]).toHaveAttachment('x')
  expect(mail.messages[0]).toSeeInHtml(/x/)
  // @ts-expect-error: a number is no file name
  expect(mail.messages[0]).toHaveAttachment(7)
})
