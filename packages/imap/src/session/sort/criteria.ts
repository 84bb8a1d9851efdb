/** What messages are sorted by: RFC 5256 §3, and RFC 5957 §3 for names as they are displayed. */
import type { SortField, Summary } from '@posthouse/mime/summary'
import type { SortCriterion } from '../extension.js'
import { casemap, collationKey } from '../search/casemap.js'
import type { SearchedMessage } from '../search/message.js'

/** A key from the summary: at once where the row has one. */
function fromSummary(
  name: string,
  keyOf: (summary: Summary, message: SearchedMessage) => number | string,
): SortCriterion {
  return {
    name,
    needs: ['summary'],
    lasting: true,
    key(message) {
      const summary = message.summary()
      return summary instanceof Promise ? summary.then((made) => keyOf(made, message)) : keyOf(summary, message)
    },
  }
}

/** RFC 5255 §4.6: text that could not be decoded stands behind all that could. */
function decodedFirst(key: string): string {
  return key.includes('\ufffd') ? `\uffff\uffff${key}` : key
}

function address(name: string, field: SortField): SortCriterion {
  return fromSummary(name, (summary) => decodedFirst(summary.sortKey(field)))
}

/** RFC 5256 §2.2: INTERNALDATE where the message has no Date that can be read. */
export function sentDateOf(summary: Summary, { row }: Pick<SearchedMessage, 'row'>): number {
  return summary.sentDate ?? row.internalDate
}

export const sortCriteria: readonly SortCriterion[] = [
  { name: 'ARRIVAL', needs: [], lasting: true, key: ({ row }) => row.internalDate },
  address('CC', 'cc'),
  fromSummary('DATE', sentDateOf),
  address('FROM', 'from'),
  { name: 'SIZE', needs: [], lasting: true, key: ({ row }) => row.size },
  fromSummary('SUBJECT', ({ baseSubject }) => decodedFirst(collationKey(casemap(baseSubject)))),
  address('TO', 'to'),
]

export const displayCriteria: readonly SortCriterion[] = [
  address('DISPLAYFROM', 'displayfrom'),
  address('DISPLAYTO', 'displayto'),
]
