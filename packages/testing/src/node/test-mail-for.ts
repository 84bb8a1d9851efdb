import type { TestMailOptions } from '../options.js'
import type { TestMail } from '../test-mail.js'
import { startTestMail } from './start.js'

/** What a runner offers to clean up behind a test: node:test's and vitest's context, or `{ after: afterAll }`. */
export interface AfterHook {
  after?(clean: () => Promise<void>): unknown
  onTestFinished?(clean: () => Promise<void>): unknown
}

/** `startTestMail` for runners and runtimes without `await using`: disposed when the test is over. */
export async function testMailFor(test: AfterHook, options: TestMailOptions = {}): Promise<TestMail> {
  const mail = await startTestMail(options)
  if (test.onTestFinished) test.onTestFinished(() => mail.dispose())
  else if (test.after) test.after(() => mail.dispose())
  else {
    await mail.dispose()
    throw new TypeError('testMailFor needs a test context with after() or onTestFinished()')
  }
  return mail
}
