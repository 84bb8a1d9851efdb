/** The compact summary of a message, and what IMAP, SORT and THREAD answer from it. */

export { filterHeader } from '../header/fields.js'
export { DEFAULT_LIMITS, type MimeLimits } from '../structure/limits.js'
export type { OctetSink } from './octets.js'
export type {
  AddressField,
  SortField,
  Summary,
  SummaryAddress,
  SummaryPart,
  SummaryReaderOptions,
} from './reader.js'
export { openSummary } from './reader.js'
export type { OctetRange, SectionText } from './section.js'
export { type BaseSubject, baseSubject } from './subject.js'
export { createSummarizer, type Summarized, type Summarizer, type SummarizerOptions, summarize } from './summarizer.js'
