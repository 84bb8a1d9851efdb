/** Matchers for `expect`, whatever runner it belongs to. */
import type { AbsenceOptions } from './absence.js'
import type { TestMessage } from './content/message.js'
import { isTestMailError, TestMailError, type TestMailErrorCode } from './errors.js'
import type { MailReceiver } from './inbox.js'
import type { WaitOptions } from './mailroom.js'
import { checkText, type Match, matches, type Text } from './match.js'

/** What a matcher gives its runner. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
}

/** What the matchers add to `expect(...)`. */
export interface MailMatchers<R> {
  /**
   * Waits for a message: `await expect(mail).toReceive({ subject: /reset/ })`. With `.not` as `toReceiveNothing`, which
   * does not wait for the time-out.
   */
  toReceive(match?: Match, options?: WaitOptions): Promise<R>
  /** No mail comes: `await expect(inbox).toReceiveNothing()`. */
  toReceiveNothing(match?: Match, options?: AbsenceOptions): Promise<R>
  /** Has an attached file with this name. */
  toHaveAttachment(filename: Text): R
  /** The text that a reader of the HTML sees contains this; white space and the ends of blocks count as one space. */
  toSeeInHtml(text: Text): R
  /** The plain text, or without one that of the HTML, has these in this order. */
  toSeeInOrder(texts: readonly string[]): R
}

/** What runners give a matcher as `this`. */
interface MatcherContext {
  readonly isNot?: boolean
}

/** Gives `expect.extend` what `MailMatchers` promises. */
export const mailMatchers = {
  async toReceive(
    this: MatcherContext | undefined,
    mail: MailReceiver,
    match?: Match,
    options?: WaitOptions,
  ): Promise<MatcherResult> {
    checkReceived('toReceive', mail, 'waitFor')
    if (this?.isNot) return inverted(await absence(mail, match, absenceOf(options)))
    try {
      await mail.waitFor(match, options)
      return { pass: true, message: () => 'a message came' }
    } catch (reason) {
      return failure(reason, 'timeout')
    }
  },
  async toReceiveNothing(mail: MailReceiver, match?: Match, options?: AbsenceOptions): Promise<MatcherResult> {
    checkReceived('toReceiveNothing', mail, 'waitFor')
    return absence(mail, match, options)
  },
  toHaveAttachment(this: MatcherContext | undefined, message: TestMessage, filename: Text): MatcherResult {
    checkReceived('toHaveAttachment', message, 'attachments')
    checkText('toHaveAttachment(): the file name', filename)
    const names = message.attachments.map((one) => one.filename)
    const wanted = this?.isNot ? 'wanted no attachment' : 'wanted an attachment'
    return {
      pass: names.some((name) => matches(filename, name)),
      message: () => `${wanted} ${filename}; there are: ${names.join(', ') || 'none'}`,
    }
  },
  toSeeInHtml(this: MatcherContext | undefined, message: TestMessage, text: Text): MatcherResult {
    checkReceived('toSeeInHtml', message, 'visibleText')
    checkText('toSeeInHtml(): what is wanted', text)
    const { visibleText } = message
    const searched = typeof text === 'string' ? oneLine(text) : text
    const wanted = this?.isNot ? `wanted no ${text}` : `wanted ${text}`
    return {
      pass: matches(searched, oneLine(visibleText), 'contains'),
      message: () => `${wanted} in what the HTML shows:\n${visibleText || '(nothing)'}`,
    }
  },
  toSeeInOrder(message: TestMessage, texts: readonly string[]): MatcherResult {
    checkReceived('toSeeInOrder', message, 'visibleText')
    if (!Array.isArray(texts)) throw new TestMailError('options', 'toSeeInOrder() takes a list of texts')
    const seen = message.text || message.visibleText
    let at = 0
    const missing = texts.find((text) => {
      const found = seen.indexOf(text, at)
      at = found + text.length
      return found === -1
    })
    return {
      pass: missing === undefined,
      // All of them are there only where that was not wanted.
      message: () =>
        missing === undefined
          ? `wanted these in no such order: ${texts.map((text) => JSON.stringify(text)).join(', ')}, in:\n${seen}`
          : `wanted ${JSON.stringify(missing)} behind what comes before it, in:\n${seen}`,
    }
  },
}

/** @throws TestMailError `options` for what a matcher is not about: mostly a promise of it. */
function checkReceived(matcher: string, received: unknown, member: 'waitFor' | 'attachments' | 'visibleText'): void {
  const is = (name: string): boolean => typeof received === 'object' && received !== null && name in received
  if (is(member)) return
  const wanted = member === 'waitFor' ? 'a test server or an inbox' : 'a message'
  const later = is('then') ? ', and not a promise of it: await it' : ''
  throw new TestMailError('options', `${matcher} is about ${wanted}${later}`)
}

/** What a wait and its opposite have in common. */
function absenceOf({ signal, since }: WaitOptions = {}): AbsenceOptions {
  return { ...(signal && { signal }), ...(since && { since }) }
}

async function absence(mail: MailReceiver, match?: Match, options?: AbsenceOptions): Promise<MatcherResult> {
  try {
    await mail.expectNone(match, options)
    return { pass: true, message: () => 'no message came, but one should have' }
  } catch (reason) {
    return failure(reason, 'unexpected')
  }
}

/** `expect(...).not.toReceive()` passes when a matcher does not. */
function inverted({ pass, message }: MatcherResult): MatcherResult {
  return { pass: !pass, message }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}

/**
 * What the matcher found out is its result; all else (an abort, a disposed server, a client that is never quiet where
 * nothing shall come) is not what was asked.
 */
function failure(reason: unknown, answer: TestMailErrorCode): MatcherResult {
  if (!isTestMailError(reason) || reason.code !== answer) throw reason
  return { pass: false, message: () => reason.message }
}
