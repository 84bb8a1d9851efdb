/** `import '@posthouse/testing/jest-globals'` adds the matchers to the `expect` of `@jest/globals`. */
import { expect } from '@jest/globals'
import { type MailMatchers, mailMatchers } from './matchers.js'

export { type MailMatchers, type MatcherResult, mailMatchers } from './matchers.js'

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>> extends MailMatchers<R> {}
}

expect.extend(mailMatchers)
