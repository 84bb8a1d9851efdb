/**
 * What RFC 6855 and RFC 9755 (UTF8=ACCEPT) demand, after their texts, which have no dialogues.
 */
import { describe, test } from 'vitest'
import { messages, playExample } from './play.js'

const ENABLED = `
    C: a ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: a OK ENABLE completed`

const SELECT = `
    C: s SELECT INBOX
    S: ...
    S: s OK {*}`

describe('RFC 9755', () => {
  test('§3: UTF-8 in quotes is told only to who has enabled it; names are one in both forms', () =>
    playExample(`
      C: a CAPABILITY
      S: * CAPABILITY {*} UTF8=ACCEPT {*}
      S: a OK CAPABILITY completed
      C: b CREATE "Gr&APwA3w-e"
      S: b OK {*}
      C: c LIST "" "Gr*"
      S: * LIST (\\HasNoChildren) "/" Gr&APwA3w-e
      S: c OK LIST completed${ENABLED}
      C: d LIST "" "Gr*"
      S: * LIST (\\HasNoChildren) "/" "Grüße"
      S: d OK LIST completed
      C: e STATUS "Grüße" (MESSAGES)
      S: * STATUS "Grüße" (MESSAGES 0)
      S: e OK STATUS completed
      C: f CREATE "Grüße"
      S: f NO [ALREADYEXISTS] {*}
      C: g MYRIGHTS "Grüße"
      S: * MYRIGHTS "Grüße" lrswipkxteacd
      S: g OK MYRIGHTS completed
    `))

  test('§3: octets that are no UTF-8, and characters that no name may have', () =>
    playExample(`${ENABLED}
      C~ b CREATE "Gr\\xfc\\xdfe"\\r\\n
      S: b BAD {*}
      C~ c CREATE "x\\xc2\\x85y"\\r\\n
      S: c NO [CANNOT] {*}
      C~ d CREATE "x\\x7fy"\\r\\n
      S: d NO [CANNOT] {*}
      C~ e CREATE "x\\xe2\\x80\\xa8y"\\r\\n
      S: e NO [CANNOT] {*}
      C~ f CREATE "x\\xe2\\x80\\xa9y"\\r\\n
      S: f NO [CANNOT] {*}
      C: g LIST "" x*
      S: g OK LIST completed
    `))

  test('§3: no charset beside UTF-8: SEARCH, ESEARCH, SORT and THREAD', () =>
    playExample(
      `${ENABLED}${SELECT}
      C: b SEARCH CHARSET UTF-8 SUBJECT 1
      S: b BAD {*}
      C: c ESEARCH IN (mailboxes INBOX) CHARSET UTF-8 SUBJECT 1
      S: c BAD {*}
      C: d SORT (ARRIVAL) US-ASCII ALL
      S: d BAD {*}
      C: e THREAD ORDEREDSUBJECT US-ASCII ALL
      S: e BAD {*}
      C: f SORT (ARRIVAL) UTF-8 ALL
      S: * SORT 1 2
      S: f OK SORT completed
      C: g THREAD ORDEREDSUBJECT UTF-8 ALL
      S: * THREAD (1)(2)
      S: g OK THREAD completed
    `,
      messages(2),
    ))

  test('§4: APPEND of a header in UTF-8, and before it is enabled, too (on purpose: old mail must find its way back)', () =>
    playExample(`
      C: b APPEND INBOX {19}
      S: + {*}
      C~ Subject: \\xc3\\xa9t\\xc3\\xa9\\r\\n\\r\\nx\\r\\n
      S: b OK [APPENDUID {*} 1] APPEND completed${ENABLED}
      C: c APPEND INBOX {19}
      S: + {*}
      C~ Subject: \\xc3\\xa9t\\xc3\\xa9\\r\\n\\r\\nx\\r\\n
      S: c OK [APPENDUID {*} 2] APPEND completed
    `))

  test('§4: a body may have them, and IMAP4rev2 is enough', () =>
    playExample(`
      C: b APPEND INBOX {14}
      S: + {*}
      C~ x: y\\r\\n\\r\\n\\xc3\\xa9t\\xc3\\xa9x\\r\\n
      S: b OK [APPENDUID {*} 1] APPEND completed
      C: r ENABLE IMAP4rev2
      S: * ENABLED IMAP4rev2
      S: r OK ENABLE completed
      C: c APPEND INBOX {19}
      S: + {*}
      C~ Subject: \\xc3\\xa9t\\xc3\\xa9\\r\\n\\r\\nx\\r\\n
      S: c OK [APPENDUID {*} 2] APPEND completed
    `))
})

test('RFC 6855 §4: APPEND with UTF8 (...), which RFC 9755 has left out', () =>
  playExample(`${ENABLED}
    C: b APPEND INBOX UTF8 (~{19}
    S: + {*}
    C~ Subject: \\xc3\\xa9t\\xc3\\xa9\\r\\n\\r\\nx)\\r\\n
    S: b OK [APPENDUID {*} 1] APPEND completed${SELECT}
    C: d FETCH 1 (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])
    S: * 1 FETCH (RFC822.SIZE 19 BODY[HEADER.FIELDS (SUBJECT)] {18}
    S: Subject: été
    S:
    S: )
    S: d OK FETCH completed
  `))
