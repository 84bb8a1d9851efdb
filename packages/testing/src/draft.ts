import type { MessageContent } from '@posthouse/mime/compose'
import { fromUtf8 } from '@posthouse/wire'
import { addressOf } from './address.js'
import type { DeliverOptions } from './node/deliver.js'
import { checkNames } from './options.js'

/** A message to put into a mailbox: composed, or as text or octets that are kept as they are. */
export type TestDraft = Partial<MessageContent> | string | Uint8Array

const OPTIONS: Readonly<Record<keyof DeliverOptions, true>> = { folder: true, flags: true, at: true }

/** @throws TestMailError `options` for one that there is not: a message would lie in the wrong mailbox. */
export function deliverOptions(options: DeliverOptions): DeliverOptions {
  checkNames('option', options, OPTIONS)
  return options
}

/** The octets of a draft. Text gets CRLF line ends. */
export async function draftOctets(draft: TestDraft, to: string, domain: string): Promise<Uint8Array> {
  // Also those of another realm: jest's jsdom has its own.
  if (ArrayBuffer.isView(draft)) return new Uint8Array(draft.buffer, draft.byteOffset, draft.byteLength)
  if (typeof draft === 'string') return fromUtf8(draft.replace(/\r?\n/g, '\r\n'))
  const { composeBytes } = await import('@posthouse/mime/compose')
  return composeBytes({
    from: `sender@${domain}`,
    to: addressOf(to, domain),
    subject: '',
    text: '',
    ...draft,
  } as MessageContent)
}
