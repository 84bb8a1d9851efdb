/** RFC 7162 §3.1: commands that enable CONDSTORE, and those that end in BAD and do not. */
import { describe, test } from 'vitest'
import { messages, playExample } from './play.js'

const R = String.raw

describe('RFC 7162 §3.1: what a command that ends in BAD has not enabled', () => {
  /** A change of flags tells MODSEQ only to who has enabled CONDSTORE. */
  const notEnabled = (number: number): string => R`
      C: f${number} STORE 1 +FLAGS (k${number})
      S: ...
      S: * 1 FETCH (FLAGS ({*}k${number}))
      S: f${number} OK STORE completed`

  test('CHANGEDSINCE, MODSEQ, UNCHANGEDSINCE and SEARCH MODSEQ; the next good one is told of', () =>
    playExample(
      R`
      C: s SELECT INBOX
      S: ...
      S: s OK {*}
      C: a FETCH 1 (FLAGS) (CHANGEDSINCE 1 NOTHING)
      S: a BAD {*}
      C: b FETCH 1 (MODSEQ NOTHING)
      S: b BAD {*}
      C: c FETCH 50 (MODSEQ)
      S: c BAD {*}
      C: d STORE 50 (UNCHANGEDSINCE 12) -FLAGS.SILENT (\Deleted)
      S: d BAD {*}
      C: e SEARCH MODSEQ 1 NOTHING
      S: e BAD {*}${notEnabled(1)}
      C: g FETCH 1 (MODSEQ)
      S: * OK [HIGHESTMODSEQ 5] {*}
      S: * 1 FETCH (MODSEQ (5))
      S: g OK FETCH completed
      C: h STORE 1 -FLAGS (k1)
      S: * 1 FETCH (UID 1 FLAGS () MODSEQ (6))
      S: h OK STORE completed
    `,
      messages(3),
    ))

  test('ENABLE with a word that is refused enables none', () =>
    playExample(
      R`
      C: s SELECT INBOX
      S: ...
      S: s OK {*}
      C: a ENABLE QRESYNC UIDONLY
      S: a BAD {*}${notEnabled(1)}
      C: b ENABLE QRESYNC
      S: * OK [HIGHESTMODSEQ 3] {*}
      S: * ENABLED QRESYNC
      S: b OK ENABLE completed
    `,
      messages(1),
    ))
})
