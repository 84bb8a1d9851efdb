import { Flag, isStoreError, type MemoryStore, mailboxPathKey, type Op } from '@posthouse/store-api'
import { TestMailError } from '../errors.js'

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

/** Puts octets into an account of a store. @throws TestMailError `missing` for a user that does not exist. */
export async function putIntoStore(
  store: MemoryStore,
  account: string,
  octets: Uint8Array,
  { folder = 'INBOX', flags = [], at }: DeliverOptions,
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
    ...(at && { internalDate: at.getTime() }),
  }
  await opened.commit?.(mailbox ? [append] : [{ op: 'create', path }, append])
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
