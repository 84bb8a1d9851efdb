/** `@posthouse/mime`: reading messages, in all charsets, and the summaries that mail stores keep of them. */

import { iconvCharsets } from './body/iconv.js'
import type { Message, ParseOptions } from './message/index.js'
import { parseMessage as parseWith } from './message/index.js'

export type { CharsetSource } from './body/charset.js'
export {
  type Address,
  type AddressGroup,
  type Bodies,
  flatAddresses,
  type HeaderField,
  Headers,
  isAddressGroup,
  Message,
  type ParseOptions,
  Part,
} from './message/index.js'
export * from './structure/index.js'
export {
  type AddressField,
  type BaseSubject,
  baseSubject,
  createSummarizer,
  filterHeader,
  type OctetRange,
  openSummary,
  type SectionText,
  type SortField,
  type Summarized,
  type Summarizer,
  type SummarizerOptions,
  type Summary,
  type SummaryAddress,
  type SummaryPart,
  type SummaryReaderOptions,
  summarize,
} from './summary/index.js'

/** Reads a message. Never throws on what is in it; see {@link Message.defects}. `bytes` must not change afterwards. */
export function parseMessage(bytes: Uint8Array, options: ParseOptions = {}): Message {
  return parseWith(bytes, options.charsets ? options : { ...options, charsets: iconvCharsets })
}
