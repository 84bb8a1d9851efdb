/**
 * `import '@posthouse/testing/jest'` adds the matchers to jest's global `expect`, and to its types (`@types/jest`). Who
 * imports `expect` from `@jest/globals` takes `@posthouse/testing/jest-globals`.
 */
import { type MailMatchers, mailMatchers } from './matchers.js'

export { type MailMatchers, type MatcherResult, mailMatchers } from './matchers.js'

declare global {
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: the declaration must be the one that is merged with
    interface Matchers<R, T = {}> extends MailMatchers<R> {}
  }
}

const { expect } = globalThis as { expect?: { extend(matchers: object): void } }
if (!expect) throw new Error('there is no global expect: load this file from `setupFilesAfterEnv`')
expect.extend(mailMatchers)
