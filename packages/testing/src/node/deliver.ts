import { checkedAddress } from '../address.js'
import type { TestMessage } from '../content/message.js'
import { deliverOptions, draftOctets, type TestDraft } from '../draft.js'
import { TestMailError } from '../errors.js'
import { fullText, inPlace } from './keep.js'
import type { Parts } from './servers.js'

/** Where `deliver` puts a message. */
export interface DeliverOptions {
  /** A mailbox with its parents, `/` between them. A missing one is made. Default: `INBOX`. */
  readonly folder?: string
  /** System flags (`\\Seen`) and keywords. Default: none. */
  readonly flags?: readonly string[]
  /** When it came: INTERNALDATE. Default: now. */
  readonly at?: Date
}

/**
 * Puts a message there without SMTP.
 * @throws TestMailError `options` for what is no address, no date, no folder, or too much; `missing` for a user that
 * does not exist; `disposed`.
 */
export async function deliver(
  parts: Parts,
  to: string,
  draft: TestDraft,
  { domain, ...how }: DeliverOptions & { readonly domain: string },
): Promise<TestMessage> {
  deliverOptions(how)
  const { content, users, room, now, limits } = parts
  const address = checkedAddress('deliver to', to, domain)
  const receivedAt = new Date(how.at ?? now())
  if (Number.isNaN(receivedAt.getTime())) throw new TestMailError('options', `at: ${String(how.at)} is no date`)
  // A copy, and no Buffer: what a test compares and keeps.
  const raw = new Uint8Array(await draftOctets(draft, to, domain))
  if (room.disposed) throw new TestMailError('disposed', 'the test mail server was disposed: it takes no mail')
  const store = await parts.store?.open()
  const { createTestMessage, prepareFor } = await content()
  const delivered = await inPlace(parts, store, raw.length, async (leave) => {
    await prepareFor(raw)
    await store?.put(users.accountOf(to), raw, { ...how, at: receivedAt })
    const envelope = { from: '', to: [address], body: '8BITMIME', smtputf8: false, dsn: null } as const
    leave()
    return room.add((sequence) =>
      createTestMessage({ id: `delivered-${sequence}`, sequence, receivedAt, raw, envelope, origin: null }),
    )
  })
  if (!delivered) throw new TestMailError('options', fullText(limits))
  return delivered
}
