import { Flag, isStoreError, type MemoryStore, mailboxPathKey, type Op } from '@posthouse/store-api'
import { checkedAddress } from '../address.js'
import type { TestMessage } from '../content/message.js'
import { draftOctets, type TestDraft } from '../draft.js'
import { TestMailError } from '../errors.js'
import { fullText, isFull } from './keep.js'
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

const FLAGS = new Map<string, number>(Object.entries(Flag).map(([name, bit]) => [`\\${name}`.toLowerCase(), bit]))

/**
 * Puts a message there without SMTP.
 * @throws TestMailError `options` for what is no address, no date, no folder, or too much; `missing` for a user that
 * does not exist.
 */
export async function deliver(
  parts: Parts,
  to: string,
  draft: TestDraft,
  { domain, ...how }: DeliverOptions & { readonly domain: string },
): Promise<TestMessage> {
  const { content, store, users, room, now, limits } = parts
  const address = checkedAddress('deliver to', to, domain)
  const receivedAt = new Date(how.at ?? now())
  if (Number.isNaN(receivedAt.getTime())) throw new TestMailError('options', `at: ${String(how.at)} is no date`)
  // A copy, and no Buffer: what a test compares and keeps.
  const raw = new Uint8Array(await draftOctets(draft, to, domain))
  if (isFull(parts, raw.length)) throw new TestMailError('options', fullText(limits))
  const { createTestMessage, prepareFor } = await content()
  await prepareFor(raw)
  if (store) await putIntoStore(store, users.accountOf(to), raw, { ...how, at: receivedAt })
  const envelope = { from: '', to: [address], body: '8BITMIME', smtputf8: false, dsn: null } as const
  return room.add((sequence) =>
    createTestMessage({ id: `delivered-${sequence}`, sequence, receivedAt, raw, envelope, origin: null }),
  )
}

async function putIntoStore(
  store: MemoryStore,
  account: string,
  octets: Uint8Array,
  { folder = 'INBOX', flags = [], at }: DeliverOptions & { readonly at: Date },
): Promise<void> {
  const { summarize } = await import('@posthouse/mime/summary')
  const opened = await store.open(account).catch((error) => {
    if (!isStoreError(error) || error.code !== 'nonexistent') throw error
    throw new TestMailError('missing', `the test server has no user ${account}; it was started with others`)
  })
  const path = folder.split('/')
  const key = mailboxPathKey(path)
  const mailbox = (await opened.mailboxes()).find((one) => mailboxPathKey(one.path) === key)
  const staged = await store.stage([octets])
  const append: Op = {
    op: 'append',
    to: mailbox?.id ?? { made: 0 },
    staged,
    ...summarize(octets),
    ...flagsOf(flags),
    internalDate: at.getTime(),
  }
  await opened.commit?.(mailbox ? [append] : [{ op: 'create', path }, append]).catch((cause) => {
    if (!isStoreError(cause)) throw cause
    throw new TestMailError('options', `deliver to ${folder}: ${cause.message}`, { cause })
  })
}

function flagsOf(flags: readonly string[]): { readonly flags: number; readonly keywords: readonly string[] } {
  let bits = 0
  const keywords: string[] = []
  for (const flag of flags) {
    const bit = FLAGS.get(flag.toLowerCase())
    if (bit !== undefined) bits |= bit
    else if (flag.startsWith('\\')) {
      throw new TestMailError('options', `there is no system flag ${flag}; there are ${[...FLAGS.keys()].join(' ')}`)
    } else keywords.push(flag)
  }
  return { flags: bits, keywords }
}
