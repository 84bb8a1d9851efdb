// Types alone: `@jest/globals`.
import '@posthouse/testing/jest-globals'
import { afterAll, expect, test } from '@jest/globals'
import { testMailFor } from '@posthouse/testing'

const starting = testMailFor({ after: afterAll })

test('types', async () => {
  const mail = await starting
  const received: Promise<void> = expect(mail).toReceive({ subject: /x/ })
  await received
  expect(mail.messages[0]).toHaveAttachment('x')
  // @ts-expect-error: a number is no file name
  expect(mail.messages[0]).toHaveAttachment(7)
})
