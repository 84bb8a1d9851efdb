/**
 * UIDONLY (RFC 9586): after ENABLE UIDONLY neither side uses message numbers. FETCH responses become UIDFETCH and
 * EXPUNGE becomes VANISHED (`view/report.ts`); message numbers in sets are refused where they are resolved.
 */
import { bad, Refusal } from '../../syntax/status.js'
import type { ImapExtension } from '../extension.js'

const WORD = 'UIDONLY'

/** Commands that speak in message numbers; with UID in front they do not. */
const BY_NUMBER = new Set(['FETCH', 'STORE', 'SEARCH', 'COPY', 'MOVE', 'SORT', 'THREAD', 'REPLACE'])

/** UIDONLY (RFC 9586). */
export const uidOnly: ImapExtension = {
  name: WORD,
  capabilities: [WORD],
  requires: ['ENABLE', 'UIDPLUS'],
  guard({ name }, { enabled }) {
    if (BY_NUMBER.has(name) && enabled.has(WORD)) {
      throw new Refusal(bad(`Use UID ${name}: message numbers are not used any more`, 'UIDREQUIRED'))
    }
  },
  enables: [
    {
      word: WORD,
      check({ selected }) {
        // Numbers that were told already would change their meaning in the middle of a mailbox.
        if (selected) throw new Refusal(bad('Enable UIDONLY before a mailbox is selected'))
      },
    },
  ],
}
