/** `import '@posthouse/testing/vitest'` adds the matchers to vitest's `expect`. */
import { expect } from 'vitest'
import { type MailMatchers, mailMatchers } from './matchers.js'

export { type MailMatchers, type MatcherResult, mailMatchers } from './matchers.js'

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the declaration must be the one that is merged with
  interface Matchers<T = any> extends MailMatchers<void> {}
}

expect.extend(mailMatchers)
