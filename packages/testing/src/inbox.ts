import type { AbsenceOptions } from './absence.js'
import { addressKey } from './address.js'
import type { TestMessage } from './content/message.js'
import type { Mailroom, Mark, Only, WaitOptions } from './mailroom.js'
import type { Match } from './match.js'

/** What can be waited for: the whole server, or one inbox of it; here or, by `connectTestMail`, elsewhere. */
export interface MailReceiver {
  /**
   * The first message that matches, now or when it comes. Does not consume.
   * @throws TestMailError `timeout`: the text says what came instead, and which sessions failed.
   */
  waitFor(match?: Match, options?: WaitOptions): Promise<TestMessage>
  /** The first `count` messages that match. @throws TestMailError `timeout`. */
  waitForAll(count: number, match?: Match, options?: WaitOptions): Promise<TestMessage[]>
  /** What has come already and matches, in the order of arrival. Does not wait. */
  list(match?: Match): Promise<TestMessage[]>
  /**
   * Resolves when no message is on its way and no client has said anything for `within` ms (default 100). An inbox looks
   * at what `next` has not given yet, and leaves clients alone that send to others.
   * @throws TestMailError `unexpected`, at once: a message that matches has come, or comes. `timeout`: it was never so
   * quiet; the text says who was not. For apps in another process; for those in this one `during` is exact.
   */
  expectNone(match?: Match, options?: AbsenceOptions): Promise<void>
}

/** The mail of one address, wherever the server runs. */
export interface RemoteInbox extends MailReceiver {
  readonly address: string
  /** The next message that `next` has not given yet: for "send it again". @throws TestMailError `timeout`. */
  next(options?: Omit<WaitOptions, 'since'>): Promise<TestMessage>
}

/** The mail of one envelope recipient. */
export interface Inbox extends RemoteInbox {
  /** In the order of arrival. */
  readonly messages: readonly TestMessage[]
}

/** The messages of an inbox, one after the other. */
export interface Turns {
  /** Gives each message once. Calls wait for each other, so that each gets a message of its own. */
  readonly next: RemoteInbox['next']
  /** What `next` has given last, or where it begins. */
  readonly given: 'start' | Mark
}

export function inTurn(first: (since: 'start' | Mark, how: WaitOptions) => Promise<TestMessage>): Turns {
  let given: 'start' | Mark = 'start'
  let turn: Promise<unknown> = Promise.resolve()
  return {
    next(options = {}) {
      const mine = turn.then(async () => {
        const message = await first(given, options)
        given = message
        return message
      })
      turn = mine.catch(() => {})
      return mine
    },
    get given() {
      return given
    },
  }
}

export type ExpectNone = (match: Match | undefined, options: AbsenceOptions, only?: Only) => Promise<void>

export function createInbox(address: string, room: Mailroom, expectNone: ExpectNone): Inbox {
  const only: Only = { name: address, key: addressKey(address) }
  const turns = inTurn((since, options) => room.first({ match: undefined, options: { ...options, since }, only }))
  return {
    address,
    get messages() {
      return room.of(only)
    },
    waitFor: (match, options = {}) => room.first({ match, options, only }),
    waitForAll: (count, match, options = {}) => room.wait({ count, match, options, only }),
    list: (match) => room.list(match, only),
    next: turns.next,
    expectNone: (match, options = {}) => expectNone(match, { ...options, since: options.since ?? turns.given }, only),
  }
}
