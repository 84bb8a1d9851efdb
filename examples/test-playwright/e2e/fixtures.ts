import { test as base } from '@playwright/test'
import { connectTestMail, type RemoteInbox, type RemoteTestMail } from '@posthouse/testing'
import { testMailUrl } from '../playwright.config.js'

/** One connection for each worker, one address for each test. */
export const test = base.extend<{ inbox: RemoteInbox }, { mail: RemoteTestMail }>({
  mail: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture needs
    async ({}, use) => {
      const mail = await connectTestMail(testMailUrl, { waitTimeout: 20_000 })
      await use(mail)
      await mail.dispose()
    },
    { scope: 'worker' },
  ],
  inbox: async ({ mail }, use) => {
    await use(mail.inbox())
  },
})
