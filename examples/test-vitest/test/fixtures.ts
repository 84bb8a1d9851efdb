import '@posthouse/testing/vitest'
import { type Inbox, startTestMail, type TestMail } from '@posthouse/testing'
import { test as base } from 'vitest'
import { createAccounts } from '../src/accounts.js'

/** One server for each worker, one address for each test. */
export const test = base.extend<{ mail: TestMail; inbox: Inbox; accounts: ReturnType<typeof createAccounts> }>({
  mail: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
    async ({}, use) => {
      await using mail = await startTestMail()
      await use(mail)
    },
    { scope: 'worker' },
  ],
  inbox: async ({ mail }, use) => {
    await use(mail.inbox())
  },
  accounts: async ({ mail }, use) => {
    await use(createAccounts(mail.smtp.url))
  },
})
