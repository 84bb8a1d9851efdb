// Types alone: jest's globals (`@types/jest`).
import '@posthouse/testing/jest'
import { testMailFor } from '@posthouse/testing'

const starting = testMailFor({ after: afterAll })

test('types', async () => {
  const mail = await starting
  const received: Promise<void> = expect(mail).toReceive({ subject: /x/ })
  await received
  await expect(mail.inbox()).not.toReceiveNothing({}, { within: 5 })
  expect(mail.messages[0]).toHaveAttachment('x')
  // @ts-expect-error: a number is no file name
  expect(mail.messages[0]).toHaveAttachment(7)
})
