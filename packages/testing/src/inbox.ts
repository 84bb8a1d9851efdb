import type { TestMessage } from './content/message.js'
import type { Mailroom, Only, WaitOptions } from './mailroom.js'
import type { Match } from './match.js'

/** The mail of one envelope recipient. */
export interface Inbox {
  readonly address: string
  /** In the order of arrival. */
  readonly messages: readonly TestMessage[]
  /** The first message that matches, now or when it comes. Does not consume. */
  waitFor(match?: Match, options?: WaitOptions): Promise<TestMessage>
  waitForAll(count: number, match?: Match, options?: WaitOptions): Promise<TestMessage[]>
  /** The next message that `next` has not given yet: for "send it again". */
  next(options?: Omit<WaitOptions, 'since'>): Promise<TestMessage>
  /** See `TestMail.expectNone`. */
  expectNone(match?: Match, options?: { readonly within?: number }): Promise<void>
}

export type ExpectNone = (match: Match | undefined, within: number | undefined, only?: Only) => Promise<void>

export function createInbox(address: string, room: Mailroom, expectNone: ExpectNone): Inbox {
  const key = address.toLowerCase()
  const only: Only = {
    name: address,
    has: ({ envelope }) => envelope.to.some((one) => one.toLowerCase() === key),
  }
  let given: TestMessage | null = null
  /** Calls of `next` wait for each other, so that each gets a message of its own. */
  let turn: Promise<unknown> = Promise.resolve()
  return {
    address,
    get messages() {
      return room.messages.filter(only.has)
    },
    waitFor: async (match, options = {}) => (await room.wait(1, match, options, only))[0],
    waitForAll: (count, match, options = {}) => room.wait(count, match, options, only),
    next(options = {}) {
      const mine = turn.then(async () => {
        const [message] = await room.wait(1, undefined, { ...options, since: given ?? 'start' }, only)
        given = message
        return message
      })
      turn = mine.catch(() => {})
      return mine
    },
    expectNone: (match, options) => expectNone(match, options?.within, only),
  }
}
