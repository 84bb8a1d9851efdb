/** Matchers for `expect`, whatever runner it belongs to. */
import type { TestMessage } from './content/message.js'
import { TestMailError } from './errors.js'
import type { Inbox } from './inbox.js'
import type { WaitOptions } from './mailroom.js'
import { type Match, matches, type Text } from './match.js'
import type { TestMail } from './test-mail.js'

/** What a matcher gives its runner. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
}

/** What the matchers add to `expect(...)`. */
export interface MailMatchers<R> {
  /** Waits for a message: `await expect(mail).toReceive({ subject: /reset/ })`. */
  toReceive(match?: Match, options?: WaitOptions): Promise<R>
  /** No mail comes: `await expect(inbox).toReceiveNothing()`. */
  toReceiveNothing(match?: Match, options?: { readonly within?: number }): Promise<R>
  /** Has an attached file with this name. */
  toHaveAttachment(filename: Text): R
  /** The text that a reader of the HTML sees contains this, white space counted as one space. */
  toSeeInHtml(text: Text): R
  /** The plain text, or that of the HTML, has these in this order. */
  toSeeInOrder(texts: readonly string[]): R
}

type Receiver = Pick<TestMail | Inbox, 'waitFor' | 'expectNone'>

/** Gives `expect.extend` what `MailMatchers` promises. */
export const mailMatchers = {
  async toReceive(mail: Receiver, match?: Match, options?: WaitOptions): Promise<MatcherResult> {
    try {
      const { subject } = await mail.waitFor(match, options)
      return { pass: true, message: () => `a message came that should not: ${JSON.stringify(subject)}` }
    } catch (reason) {
      return failure(reason)
    }
  },
  async toReceiveNothing(
    mail: Receiver,
    match?: Match,
    options?: { readonly within?: number },
  ): Promise<MatcherResult> {
    try {
      await mail.expectNone(match, options)
      return { pass: true, message: () => 'no message came, but one should have' }
    } catch (reason) {
      return failure(reason)
    }
  },
  toHaveAttachment({ attachments }: TestMessage, filename: Text): MatcherResult {
    const names = attachments.map((one) => one.filename)
    return {
      pass: names.some((name) => matches(filename, name)),
      message: () => `wanted an attachment ${filename}; there are: ${names.join(', ') || 'none'}`,
    }
  },
  toSeeInHtml({ visibleText }: TestMessage, text: Text): MatcherResult {
    return {
      pass: matches(text, visibleText, 'contains'),
      message: () => `wanted ${text} in what the HTML shows:\n${visibleText || '(nothing)'}`,
    }
  },
  toSeeInOrder(message: TestMessage, texts: readonly string[]): MatcherResult {
    const seen = message.text || message.visibleText
    let at = 0
    const missing = texts.find((text) => {
      const found = seen.indexOf(text, at)
      at = found + text.length
      return found === -1
    })
    return {
      pass: missing === undefined,
      message: () => `wanted ${JSON.stringify(missing ?? texts.join(', '))} behind what comes before it, in:\n${seen}`,
    }
  },
}

function failure(reason: unknown): MatcherResult {
  if (!(reason instanceof TestMailError) || reason.code === 'disposed') throw reason
  return { pass: false, message: () => reason.message }
}
