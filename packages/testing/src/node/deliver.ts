import type { MessageContent } from '@posthouse/mime/compose'
import { Flag, type MemoryStore } from '@posthouse/store-api'
import { fromUtf8 } from '@posthouse/wire'
import { TestMailError } from '../errors.js'

/** A message to put into a mailbox: composed, or as text or octets that are kept as they are. */
export type TestDraft = Partial<MessageContent> | string | Uint8Array

/** Where `deliver` puts a message. */
export interface DeliverOptions {
  /** A mailbox in IMAP's form with `/`. A missing one is made. Default: `INBOX`. */
  readonly folder?: string
  /** System flags (`\\Seen`) and keywords. Default: none. */
  readonly flags?: readonly string[]
}

/** The octets of a draft. Text gets CRLF line ends. */
export async function draftOctets(draft: TestDraft, to: string, domain: string): Promise<Uint8Array> {
  if (draft instanceof Uint8Array) return draft
  if (typeof draft === 'string') return fromUtf8(draft.replace(/\r?\n/g, '\r\n'))
  const { composeBytes } = await import('@posthouse/mime/compose')
  return composeBytes({ from: `sender@${domain}`, to, subject: '', text: '', ...draft } as MessageContent)
}

const FLAGS = new Map<string, number>(Object.entries(Flag).map(([name, bit]) => [`\\${name}`.toLowerCase(), bit]))

/** Puts octets into an account of a store. */
export async function putIntoStore(
  store: MemoryStore,
  account: string,
  octets: Uint8Array,
  dedup: string,
  { folder = 'INBOX', flags = [] }: DeliverOptions,
): Promise<void> {
  const { summarize } = await import('@posthouse/mime/summary')
  const { summary, header } = summarize(octets)
  let bits = 0
  const keywords: string[] = []
  for (const flag of flags) {
    const bit = FLAGS.get(flag.toLowerCase())
    if (bit !== undefined) bits |= bit
    else if (flag.startsWith('\\')) throw new TestMailError('options', `there is no system flag ${flag}`)
    else keywords.push(flag)
  }
  const staged = await store.stage([octets])
  const to = { account, dedup, path: folder.split('/'), flags: bits, keywords }
  const [result] = await store.deliver({ staged, summary, header, to: [to] })
  if (result instanceof Error) throw result
}
