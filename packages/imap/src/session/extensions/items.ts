/** Extensions that add items to FETCH and STATUS and keys to SEARCH. */
import { latin1 } from '@posthouse/wire'
import { formatDateTime } from '../../syntax/date-time.js'
import type { FetchItem, ImapExtension, SearchKey } from '../extension.js'
import { emailIdOf, objectId } from '../object-id.js'
import { dateKeys, expr } from '../search/keys.js'

/** RFC 8438 */
export const statusSize: ImapExtension = {
  name: 'STATUS=SIZE',
  capabilities: ['STATUS=SIZE'],
  statusItems: [{ name: 'SIZE', value: ({ bytes }) => bytes ?? null }],
}

/** RFC 7889: how large a message may be; §3.2, §5: the bare word and NIL where there is no limit. */
export const appendLimit: ImapExtension = {
  name: 'APPENDLIMIT',
  capabilities: ({ account, session }) =>
    account ? [Number.isFinite(session.limits.message) ? `APPENDLIMIT=${session.limits.message}` : 'APPENDLIMIT'] : [],
  statusItems: [
    {
      name: 'APPENDLIMIT',
      value: (_mailbox, { limits }) => (Number.isFinite(limits.message) ? limits.message : 'NIL'),
    },
  ],
}

/** RFC 8514 */
export const saveDate: ImapExtension = {
  name: 'SAVEDATE',
  capabilities: ['SAVEDATE'],
  fetchItems: [
    {
      name: 'SAVEDATE',
      write: (out, { row }) =>
        void out.text(`SAVEDATE ${row.saveDate === undefined ? 'NIL' : formatDateTime(row.saveDate)}`),
    },
  ],
  searchKeys: [
    ...dateKeys('SAVED', 'saved'),
    {
      name: 'SAVEDATESUPPORTED',
      // RFC 8514 §4.3: nothing where the store does not keep it.
      parse: () => ({ type: 'leaf', leaf: { type: 'test', needs: [], test: ({ row }) => row.saveDate !== undefined } }),
    },
  ],
}

/** RFC 8970: the preview is in the summary, so LAZY makes no difference. */
const previewItem: FetchItem = {
  name: 'PREVIEW',
  parse(cursor) {
    const start = cursor.at
    if (cursor.peek() !== 32) return
    cursor.space()
    if (cursor.take('(') && cursor.takeWord('LAZY') && cursor.take(')')) return
    // What follows is not ours: a modifier of FETCH, or the next item.
    cursor.at = start
  },
  needs: () => ['summary'],
  write(out, message) {
    const summary = message.summary()
    if (summary instanceof Promise) return summary.then((made) => void out.text('PREVIEW ').string(clean(made.preview)))
    out.text('PREVIEW ').string(clean(summary.preview))
  },
}

function clean(preview: string): string {
  return preview.includes('\0') ? preview.replaceAll('\0', '') : preview
}

/** PREVIEW (RFC 8970). */
export const preview: ImapExtension = { name: 'PREVIEW', capabilities: ['PREVIEW'], fetchItems: [previewItem] }

function idKey(name: 'EMAILID' | 'THREADID'): SearchKey {
  return {
    name,
    parse(cursor) {
      cursor.space()
      const wanted = latin1(cursor.astring('Identifier'))
      return {
        type: 'leaf',
        leaf: {
          type: 'test',
          needs: [],
          test: ({ row, mailbox }) =>
            name === 'EMAILID'
              ? emailIdOf(row, mailbox) === wanted
              : row.threadId !== undefined && objectId(row.threadId) === wanted,
        },
      }
    },
  }
}

/** RFC 8474 */
export const objectIds: ImapExtension = {
  name: 'OBJECTID',
  capabilities: ['OBJECTID'],
  fetchItems: [
    {
      name: 'EMAILID',
      write: (out, { row }, _, { view }) => void out.text(`EMAILID (${emailIdOf(row, view.mailbox)})`),
    },
    {
      name: 'THREADID',
      write: (out, { row }) => void out.text(row.threadId ? `THREADID (${objectId(row.threadId)})` : 'THREADID NIL'),
    },
  ],
  searchKeys: [idKey('EMAILID'), idKey('THREADID')],
  statusItems: [{ name: 'MAILBOXID', value: ({ id }) => `(${objectId(id)})` }],
  selectLines: (_session, { mailbox }) => [`[MAILBOXID (${objectId(mailbox.id)})] The mailbox`],
}

function ageKey(name: 'OLDER' | 'YOUNGER'): SearchKey {
  return {
    name,
    parse(cursor, { session }) {
      cursor.space()
      const at = session.link.now() - cursor.nzNumber('Seconds') * 1000
      return expr(
        name === 'OLDER'
          ? { type: 'date', which: 'internal', before: at + 1 }
          : { type: 'date', which: 'internal', from: at },
      )
    },
  }
}

/** RFC 5032 */
export const within: ImapExtension = {
  name: 'WITHIN',
  capabilities: ['WITHIN'],
  searchKeys: [ageKey('OLDER'), ageKey('YOUNGER')],
}
