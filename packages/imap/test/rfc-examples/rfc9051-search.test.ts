/** RFC 9051 §6.4.4: the examples of SEARCH, and of what it saves. */
import { Flag } from '@posthouse/store-api'
import { describe, test } from 'vitest'
import { message, type TestServer } from '../servers.js'
import { all, mailboxes, playRev2 } from './play.js'

const SELECT = `
      C: s1 SELECT INBOX
      S: ...
      S: s1 OK [READ-WRITE] SELECT completed`

/** The first message goes: from now on the number of each is its UID less one. */
const EXPUNGE_FIRST = `
      C: s2 STORE 1 +FLAGS.SILENT (\\Deleted)
      S: s2 OK STORE completed
      C: s3 UID EXPUNGE 1
      S: * 1 EXPUNGE
      S: s3 OK EXPUNGE completed`

/**
 * 21 messages. After FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith" are 2, 10 and 11; SINCE 12-Feb-2006 NOT FROM "Smith" are
 * 2, 10 to 15 and 21; 3, 4 and 5 are $Junk; Eric has written 6; the first three are seen.
 */
const messages = async (made: TestServer): Promise<void> => {
  for (let i = 1; i <= 21; i++) {
    const from = i === 5 ? 'Smith <smith@example.org>' : i === 6 ? 'Eric <eric@example.org>' : 'Jones <j@example.org>'
    const text = i === 12 ? 'в отпуск' : i === 4 || i === 13 || i === 15 ? 'мать' : 'x'
    const recent = i === 2 || i === 21 || (i >= 10 && i <= 15)
    await made.deliver(message(`From: ${from}`, 'Content-Type: text/plain; charset=utf-8', '', text), {
      flags: ([2, 5, 10, 11].includes(i) ? Flag.Flagged : 0) | (i <= 3 ? Flag.Seen : 0) | (i >= 20 ? Flag.Deleted : 0),
      keywords: i >= 3 && i <= 5 ? ['$Junk'] : [],
      internalDate: recent ? Date.UTC(2006, 1, 12) : Date.UTC(1994, 5, 1),
    })
  }
}

describe('§6.4.4 SEARCH', () => {
  test('MIN, COUNT, ALL; nothing found is an ESEARCH, too; a charset', () =>
    playRev2(
      `${SELECT}
      C: A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
      S: * ESEARCH (TAG "A282") MIN 2 COUNT 3
      S: A282 OK SEARCH completed
      C: A283 SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
      S: * ESEARCH (TAG "A283") ALL 2,10:11
      S: A283 OK SEARCH completed
      C: A284 SEARCH TEXT "string not in mailbox"
      S: * ESEARCH (TAG "A284")
      S: A284 OK SEARCH completed
      C: A285 SEARCH CHARSET UTF-8 TEXT {12}
      S: + {*}
      C: отпуск
      S: * ESEARCH (TAG "A285") ALL 12
      S: A285 OK SEARCH completed
      C: A286 SEARCH RETURN (MIN MAX ALL) TEXT "string not in mailbox"
      S: * ESEARCH (TAG "A286")
      S: A286 OK SEARCH completed
      C: A287 SEARCH RETURN (NONSENSE) ALL
      S: A287 BAD {*}
    `,
      messages,
    ))

  test('the first unseen; UIDs where UID is told; how many are deleted; §7.3.4', () =>
    playRev2(
      `${SELECT}
      C: A284 SEARCH RETURN (MIN) UNSEEN
      S: * ESEARCH (TAG "A284") MIN 4
      S: A284 OK SEARCH completed
      ${EXPUNGE_FIRST}
      C: A285 UID SEARCH RETURN (MIN MAX) 1:18
      S: * ESEARCH (TAG "A285") UID MIN 2 MAX 19
      S: A285 OK SEARCH completed
      C: A286 SEARCH RETURN (COUNT) DELETED
      S: * ESEARCH (TAG "A286") COUNT 2
      S: A286 OK SEARCH completed
      C: a567 UID SEARCH RETURN (COUNT ALL) KEYWORD $Junk
      S: * ESEARCH (TAG "a567") UID COUNT 3 ALL 3:5
      S: a567 OK SEARCH completed
      C: a568 SEARCH RETURN (COUNT ALL) KEYWORD $Junk
      S: * ESEARCH (TAG "a568") COUNT 3 ALL 2:4
      S: a568 OK SEARCH completed
    `,
      messages,
    ))
})

describe('§6.4.4.4 SAVE', () => {
  test('examples 1 to 3: FETCH of what was found, also at once; a search in it', () =>
    playRev2(
      `${SELECT}
      C: A282 SEARCH RETURN (SAVE) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
      S: A282 OK SEARCH completed
      C: A283 FETCH $ (UID FLAGS)
      S: * 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen))
      S: * 10 FETCH (UID 10 FLAGS (\\Flagged))
      S: * 11 FETCH (UID 11 FLAGS (\\Flagged))
      S: A283 OK FETCH completed
      C: A284 SEARCH RETURN (SAVE) KEYWORD $Junk
      C: A285 FETCH $ UID
      S: A284 OK SEARCH completed
      S: * 3 FETCH (UID 3)
      S: * 4 FETCH (UID 4)
      S: * 5 FETCH (UID 5)
      S: A285 OK FETCH completed
      C: A300 SEARCH RETURN (SAVE) SINCE 1-Jan-2004 NOT FROM "Smith"
      S: A300 OK SEARCH completed
      C: A301 UID SEARCH UID $ SMALLER 4096
      S: * ESEARCH (TAG "A301") UID ALL 2,10:15,21
      S: A301 OK SEARCH completed
      C: A302 UID SEARCH $ SMALLER 4096
      S: * ESEARCH (TAG "A302") UID ALL 2,10:15,21
      S: A302 OK SEARCH completed
    `,
      messages,
    ))

  test('examples 4 and 5: $ beside numbers; a search that fails empties it', () =>
    playRev2(
      `${SELECT}
      C: P282 SEARCH RETURN (SAVE) SINCE 1-Jan-2004 NOT FROM "Smith"
      S: P282 OK SEARCH completed
      C~ P283 SEARCH CHARSET UTF-8 (OR $ 1,3:5) TEXT {8+}\\r\\nмать\\r\\n
      S: * ESEARCH (TAG "P283") ALL 4,13,15
      S: P283 OK SEARCH completed
      C: B282 SEARCH RETURN (SAVE) SINCE 1-Feb-1994 NOT FROM "Smith"
      S: B282 OK SEARCH completed
      C: B283 SEARCH RETURN (SAVE) CHARSET KOI8-R (OR $ 1,3:5) TEXT {4}
      S: + {*}
      C: XXXX
      S: B283 NO [BADCHARSET (US-ASCII UTF-8)] {*}
      C: B284 FETCH $ UID
      S: B284 OK FETCH completed
    `,
      messages,
    ))

  test('example 6: an empty $ is no mistake', () =>
    playRev2(
      `${SELECT}
      C: E282 SEARCH RETURN (SAVE) SINCE 28-Oct-2036 NOT FROM "Eric"
      C: E283 COPY $ "Other Messages"
      S: E282 OK SEARCH completed
      S: E283 OK COPY completed
    `,
      all(messages, mailboxes('Other Messages')),
    ))

  test('example 7: COPY and STORE of it without waiting', () =>
    playRev2(
      `${SELECT}
      C: F282 SEARCH RETURN (SAVE) KEYWORD $Junk
      C: F283 COPY $ "Junk"
      C: F284 STORE $ +FLAGS.Silent (\\Deleted)
      S: F282 OK SEARCH completed
      S: F283 OK [COPYUID {*} 3:5 1:3] COPY completed
      S: F284 OK STORE completed
      C: F285 SEARCH DELETED
      S: * ESEARCH (TAG "F285") ALL 3:5,20:21
      S: F285 OK SEARCH completed
    `,
      all(messages, mailboxes('Junk')),
    ))

  test('examples 8 and 9: a search without SAVE leaves it, the later of two is what counts', () =>
    playRev2(
      `${SELECT}
      C: G282 SEARCH RETURN (SAVE) KEYWORD $Junk
      C: G283 SEARCH RETURN (ALL) SINCE 28-Oct-1990 FROM "Eric"
      S: G282 OK SEARCH completed
      S: * ESEARCH (TAG "G283") ALL 6
      S: G283 OK SEARCH completed
      C: G284 SEARCH $
      S: * ESEARCH (TAG "G284") ALL 3:5
      S: G284 OK SEARCH completed
      C: H282 SEARCH RETURN (SAVE) KEYWORD $Junk
      C: H283 SEARCH RETURN (SAVE) SINCE 28-Oct-1990 FROM "Eric"
      S: H282 OK SEARCH completed
      S: H283 OK SEARCH completed
      C: H284 SEARCH $
      S: * ESEARCH (TAG "H284") ALL 6
      S: H284 OK SEARCH completed
    `,
      messages,
    ))

  /** Asks for `options`; what is told, and what $ is then. */
  const asked = (tag: string, options: string, told: string, value: string): string => `
      C: ${tag} SEARCH RETURN (${options}) SINCE 12-Feb-2006 NOT FROM "Smith"
      S: * ESEARCH (TAG "${tag}") ${told}
      S: ${tag} OK SEARCH completed
      C: v SEARCH $
      S: * ESEARCH (TAG "v")${value}
      S: v OK SEARCH completed`

  test('example 10, table 4: what is saved beside MIN, MAX, ALL and COUNT', () =>
    playRev2(
      `${SELECT}
      ${asked('C282', 'ALL', 'ALL 2,10:15,21', '')}
      ${asked('C283', 'ALL SAVE', 'ALL 2,10:15,21', ' ALL 2,10:15,21')}
      ${asked('C284', 'SAVE MIN', 'MIN 2', ' ALL 2')}
      ${asked('C285', 'MAX SAVE MIN', 'MAX 21 MIN 2', ' ALL 2,21')}
      ${asked('C286', 'MAX SAVE MIN COUNT', 'MAX 21 MIN 2 COUNT 8', ' ALL 2,10:15,21')}
      ${asked('C287', 'SAVE MAX', 'MAX 21', ' ALL 21')}
      ${asked('C288', 'ALL SAVE MIN', 'ALL 2,10:15,21 MIN 2', ' ALL 2,10:15,21')}
    `,
      messages,
    ))

  test('§6.4.4.1: what is expunged leaves it, the numbers move; BAD leaves it, SELECT empties it', () =>
    playRev2(
      `${SELECT}
      C: r1 SEARCH RETURN (SAVE) 1:3,21
      S: r1 OK SEARCH completed
      ${EXPUNGE_FIRST}
      C: r2 UID SEARCH $
      S: * ESEARCH (TAG "r2") UID ALL 2:3,21
      S: r2 OK SEARCH completed
      C: r3 SEARCH RETURN (SAVE) NONSENSE
      S: r3 BAD {*}
      C: r4 SEARCH $
      S: * ESEARCH (TAG "r4") ALL 1:2,20
      S: r4 OK SEARCH completed
      C: r5 SELECT INBOX
      S: ...
      S: r5 OK [READ-WRITE] SELECT completed
      C: r6 SEARCH $
      S: * ESEARCH (TAG "r6")
      S: r6 OK SEARCH completed
    `,
      messages,
    ))
})
