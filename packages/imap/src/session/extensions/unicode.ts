/** UTF8=ACCEPT (RFC 9755) and IMAP4rev2 (RFC 9051): names and strings in UTF-8, once enabled. */
import type { ImapExtension } from '../extension.js'
import { forgetRecent } from '../view/recent.js'

/** UTF8=ACCEPT (RFC 9755). */
export const utf8Accept: ImapExtension = {
  name: 'UTF8=ACCEPT',
  capabilities: ['UTF8=ACCEPT'],
  requires: ['ENABLE'],
  enables: [
    {
      word: 'UTF8=ACCEPT',
      apply(session) {
        session.out.utf8 = true
      },
    },
  ],
}

/** RFC 9051 §6.1.1 and Appendix E: offered only when everything that it takes for granted is there. */
export const imap4rev2: ImapExtension = {
  name: 'IMAP4rev2',
  capabilities: ['IMAP4rev2'],
  beforeLogin: true,
  requires: [
    'ENABLE',
    'IDLE',
    'SASL-IR',
    'NAMESPACE',
    'CHILDREN',
    'UNSELECT',
    'UIDPLUS',
    'ESEARCH',
    'SEARCHRES',
    'LIST-EXTENDED',
    'LIST-STATUS',
    'SPECIAL-USE',
    'MOVE',
    'STATUS=SIZE',
    'BINARY',
  ],
  enables: [
    {
      word: 'IMAP4REV2',
      told: 'IMAP4rev2',
      apply(session) {
        session.out.utf8 = true
        forgetRecent(session)
      },
    },
  ],
}
