import { type Account, type MailboxId, StoreError, uidSetFromSorted } from '@posthouse/store-api'
import type { MaildropMessage } from './maildrop.js'

/** What comes with a message's row. */
export interface MessageStart {
  /** What stands before the blob; empty when there is nothing. */
  readonly prefix: Uint8Array
  readonly blob: string
  /** The whole blob, when the message is small and the store gives it along. */
  readonly inline: Uint8Array | null
}

/** Messages that are asked for at once, and octets of them: what a session holds on to while its client reads. */
const MOST = 100
const MOST_OCTETS = 262_144

const NOTHING = new Uint8Array(0)

/**
 * Asks the store for the starts of messages. Most clients read one message after the other, upwards or downwards: then
 * several small ones come with one question. Whoever jumps gets what was asked for and nothing more.
 * The answer rejects with StoreError `nonexistent` when the message is gone.
 */
export function createReadAhead(
  account: Account,
  inbox: MailboxId,
  messages: readonly MaildropMessage[],
): (number: number) => Promise<MessageStart> {
  let known = new Map<number, MessageStart>()
  let last = 0
  let count = 1

  /** Numbers from one on, in the direction in which the client goes. */
  function next(number: number): number[] {
    const step = number - last
    count = Math.abs(step) === 1 ? Math.min(count * 4, MOST) : 1
    const numbers = [number]
    let octets = messages[number - 1].size
    for (let at = number + step; numbers.length < count && messages[at - 1]; at += step) {
      octets += messages[at - 1].size
      if (octets > MOST_OCTETS) break
      numbers.push(at)
    }
    return numbers
  }

  async function ask(numbers: readonly number[]): Promise<void> {
    const byUid = new Map(numbers.map((number) => [messages[number - 1].uid, number]))
    const uids = uidSetFromSorted([...byUid.keys()].sort((a, b) => a - b))
    const small = messages[numbers[0] - 1].size <= MOST_OCTETS
    known = new Map()
    for await (const rows of account.messages(inbox, { uids, ...(small && { want: ['inline'] }) })) {
      for (const { uid, blob, prefix, inline } of rows) {
        known.set(byUid.get(uid) as number, { prefix: prefix ?? NOTHING, blob, inline: (small && inline) || null })
      }
    }
  }

  return async (number) => {
    if (!known.has(number)) await ask(next(number))
    last = number
    const start = known.get(number)
    known.delete(number)
    if (!start) throw new StoreError('nonexistent', 'the message is gone')
    return start
  }
}
