/** CONDSTORE (RFC 7162 §3.1): modification sequences in FETCH, STORE, SEARCH, STATUS and SELECT. */
import type { FetchItem, ImapExtension, SearchKey } from '../extension.js'
import { expr } from '../search/keys.js'
import type { ImapSession } from '../session.js'

const WORD = 'CONDSTORE'

/** RFC 7162 §3.1: a command that uses it enables it, and the client then needs to know where it stands. */
export function enableCondstore(session: ImapSession): void {
  const { selected } = session
  session.imply(WORD, selected && `* OK [HIGHESTMODSEQ ${selected.cursor}] Highest`)
}

const modseqItem: FetchItem = {
  name: 'MODSEQ',
  parse: (_cursor, session) => enableCondstore(session),
  light: true,
  write(out, { row }, _, { selected }) {
    if (selected && row.modseq > selected.modseqTold) selected.modseqTold = row.modseq
    out.text('MODSEQ (').number(row.modseq).text(')')
  },
}

/** `MODSEQ ["/flags/\\Seen" all] 5`: sequences of single flags are those of the message. */
const modseqKey: SearchKey = {
  name: 'MODSEQ',
  parse(cursor, context) {
    cursor.space()
    if (cursor.atString()) {
      cursor.string('Entry name')
      cursor.space()
      const kind = cursor.word('Entry type')
      if (kind !== 'ALL' && kind !== 'PRIV' && kind !== 'SHARED') cursor.fail('all, priv or shared expected')
      cursor.space()
    }
    enableCondstore(context.session)
    context.useModseq()
    return expr({ type: 'modseq', atLeast: cursor.number('Modification sequence') })
  },
}

/** CONDSTORE (RFC 7162 §3.1). */
export const condstore: ImapExtension = {
  name: WORD,
  capabilities: [WORD],
  fetchItems: [modseqItem],
  fetchModifiers: [
    {
      name: 'CHANGEDSINCE',
      parse(cursor, session) {
        cursor.space()
        const since = cursor.number('Modification sequence')
        enableCondstore(session)
        return { since, add: ['MODSEQ'] }
      },
    },
  ],
  storeModifiers: [
    {
      name: 'UNCHANGEDSINCE',
      parse(cursor, session) {
        cursor.space()
        const unchangedSince = cursor.number('Modification sequence')
        enableCondstore(session)
        return { unchangedSince }
      },
    },
  ],
  searchKeys: [modseqKey],
  statusItems: [
    {
      name: 'HIGHESTMODSEQ',
      value(mailbox, session) {
        enableCondstore(session)
        return mailbox.modseq
      },
    },
  ],
  selectParameters: [{ name: WORD, apply: (session) => void session.enabled.add(WORD) }],
  selectLines: (session) => [`[HIGHESTMODSEQ ${session.view.cursor}] Highest`],
  enables: [
    {
      word: WORD,
      apply({ selected, out }) {
        if (selected) out.line(`* OK [HIGHESTMODSEQ ${selected.cursor}] Highest`)
      },
    },
  ],
  updateItems: [{ item: 'MODSEQ', wanted: ({ enabled }) => enabled.has(WORD) }],
}
