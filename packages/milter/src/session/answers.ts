/** A milter's verdicts as replies of the server. */
import { type Reply, reply } from '@posthouse/smtp'
import type { MilterVerdict } from '../syntax/index.js'

/** What the server says when a milter cannot be used: `whenDown`. */
export type WhenDown = 'accept' | 'tempfail' | 'reject'

/** The reply for a verdict that refuses; `null` for one that does not. */
export function refusal(verdict: MilterVerdict, greeting = false): Reply | null {
  switch (verdict.type) {
    case 'reject':
      return reply(greeting ? 554 : 550, '5.7.1', 'Refused by a content filter')
    case 'tempfail':
      return greeting
        ? reply(421, '4.7.1', 'Service unavailable; try again later')
        : reply(451, '4.7.1', 'Service unavailable; try again later')
    case 'shutdown':
      return reply(421, '4.7.0', 'Closing connection')
    case 'reply': {
      const { code, enhanced, text } = verdict
      const words = text.length === 0 ? 'Refused by a content filter' : text
      return reply(code, enhanced ?? (code < 500 ? '4.7.1' : '5.7.1'), words)
    }
    default:
      return null
  }
}

/** The reply when a milter cannot be used; `null`: the message goes on without it. */
export function downReply(whenDown: WhenDown): Reply | null {
  switch (whenDown) {
    case 'accept':
      return null
    case 'tempfail':
      return reply(451, '4.7.1', 'The content filter is not available; try again later')
    case 'reject':
      return reply(550, '5.7.1', 'The content filter is not available')
  }
}
