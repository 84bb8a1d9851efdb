import { TestMailError } from '../errors.js'
import type { TestMailOptions } from '../options.js'
import type { TestMail } from '../test-mail.js'
import { startTestMail } from './start.js'

/** What a runner offers to clean up behind a test: node:test's and vitest's context, or `{ after: afterAll }`. */
export interface AfterHook {
  after?(clean: () => Promise<void>): unknown
  onTestFinished?(clean: () => Promise<void>): unknown
  /** vitest's: how long the test may take. */
  readonly task?: { readonly timeout?: number }
}

/**
 * `startTestMail` for runners and runtimes without `await using`: disposed when the test is over. Where the runner
 * tells its time limit, waits end at 80 % of it, so that their error is the one that is read. In jest call it where
 * hooks are called, outside of `beforeAll` and tests: `const starting = testMailFor({ after: afterAll })`.
 * @throws TestMailError `options` for what is no test context.
 */
export async function testMailFor(test: AfterHook, options: TestMailOptions = {}): Promise<TestMail> {
  const limit = test?.task?.timeout
  const hook = test?.onTestFinished ?? test?.after
  if (!hook) throw new TestMailError('options', 'testMailFor needs a test context with after() or onTestFinished()')
  const starting = startTestMail(limit ? { ...options, waitTimeout: options.waitTimeout ?? limit * 0.8 } : options)
  // At once: jest takes no hooks any more when its tests have begun.
  const clean = (): Promise<void> =>
    starting.then(
      (mail) => mail.dispose(),
      () => {},
    )
  try {
    hook.call(test, clean)
  } catch (error) {
    // A runner that takes no hooks here: nobody else would end the server.
    await clean()
    throw error
  }
  return starting
}
