/** `import '@posthouse/testing/jest'` adds the matchers to jest's global `expect`. */
import { type MailMatchers, mailMatchers } from './matchers.js'

export { type MailMatchers, type MatcherResult, mailMatchers } from './matchers.js'

declare global {
  namespace jest {
    interface Matchers<R> extends MailMatchers<R> {}
  }
}

const { expect } = globalThis as { expect?: { extend(matchers: object): void } }
if (!expect) throw new Error('there is no global expect: load this file from `setupFilesAfterEnv`')
expect.extend(mailMatchers)
