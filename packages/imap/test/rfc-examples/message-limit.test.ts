/** The examples of RFC 9738 (MESSAGELIMIT), after its text. The limit is 3; the RFC prints 1000, and wants as many. */
import { Flag } from '@posthouse/store-api'
import { describe, test } from 'vitest'
import { messageLimit, saveLimit, standardExtensions } from '../../src/index.js'
import { playDialogue } from '../dialogue.js'
import { message, testServer } from '../servers.js'
import { all, mailboxes, messages, playExample, type Setup } from './play.js'

const SELECT = `
    C: s SELECT INBOX
    S: ...
    S: s OK [READ-WRITE] SELECT completed`

const limited = { extensions: [...standardExtensions, messageLimit(3)] }

/** Eight messages, of which these are \Deleted. */
function deleted(...uids: readonly number[]): Setup {
  return async (made) => {
    for (let uid = 1; uid <= 8; uid++) {
      await made.deliver(message('', 'x'), { flags: uids.includes(uid) ? Flag.Deleted : 0 })
    }
  }
}

const NEWEST = `
      S: * 6 FETCH (UID 6 FLAGS ())
      S: * 7 FETCH (UID 7 FLAGS ())
      S: * 8 FETCH (UID 8 FLAGS ())`

describe('§3.1', () => {
  // The newest are done first, whatever the order in which they are told: the RFC prints them from the highest.
  test('FETCH of too many: the newest, and the lowest UID of them', () =>
    playExample(
      `
      C: a CAPABILITY
      S: * CAPABILITY {*} MESSAGELIMIT=3{*}
      S: a OK CAPABILITY completed${SELECT}
      C: 03 FETCH 1:8 (UID FLAGS)${NEWEST}
      S: 03 OK [MESSAGELIMIT 3 6] FETCH completed
      C: 03 UID FETCH 1:5 (FLAGS)
      S: * 3 FETCH (UID 3 FLAGS ())
      S: * 4 FETCH (UID 4 FLAGS ())
      S: * 5 FETCH (UID 5 FLAGS ())
      S: 03 OK [MESSAGELIMIT 3 3] FETCH completed
      C: 03 UID FETCH 1:2 (FLAGS)
      S: * 1 FETCH (UID 1 FLAGS ())
      S: * 2 FETCH (UID 2 FLAGS ())
      S: 03 OK FETCH completed
    `,
      messages(8),
      limited,
    ))

  test('SEARCH: it is the messages that are searched that count', () =>
    playExample(
      `${SELECT}
      C: 04 UID SEARCH UID 2:8 UNDELETED
      S: * SEARCH 6 8
      S: 04 OK [MESSAGELIMIT 3 6] SEARCH completed
      C: 04 UID SEARCH UID 2:5 UNDELETED
      S: * SEARCH 4
      S: 04 OK [MESSAGELIMIT 3 3] SEARCH completed
    `,
      deleted(3, 5, 7),
      limited,
    ))

  test('COPY does all or nothing', () =>
    playExample(
      `${SELECT}
      C: 05 UID COPY 1:4 "Trash"
      S: 05 NO [MESSAGELIMIT 3] {*}
      C: 05 UID COPY 1:3 "Trash"
      S: 05 OK [COPYUID {*} 1:3 1:3] COPY completed
      C: 05 STATUS Trash (MESSAGES)
      S: * STATUS Trash (MESSAGES 3)
      S: 05 OK STATUS completed
    `,
      all(messages(8), mailboxes('Trash')),
      limited,
    ))

  test('UID MOVE is repeated as it is', () =>
    playExample(
      `${SELECT}
      C: 06 UID MOVE 1:8 "Archive/2021/2021-12"
      S: * OK [COPYUID {*} 6:8 1:3] {*}
      S: * 6 EXPUNGE
      S: * 6 EXPUNGE
      S: * 6 EXPUNGE
      S: 06 OK [MESSAGELIMIT 3 6] MOVE completed
      C: 06 UID MOVE 1:8 "Archive/2021/2021-12"
      S: * OK [COPYUID {*} 3:5 4:6] {*}
      S: * 3 EXPUNGE
      S: * 3 EXPUNGE
      S: * 3 EXPUNGE
      S: 06 OK [MESSAGELIMIT 3 3] MOVE completed
      C: 06 UID MOVE 1:8 "Archive/2021/2021-12"
      S: * OK [COPYUID {*} 1:2 7:8] {*}
      S: * 1 EXPUNGE
      S: * 1 EXPUNGE
      S: 06 OK MOVE completed
    `,
      all(messages(8), mailboxes('Archive/2021/2021-12')),
      limited,
    ))

  test('UID STORE is repeated without what was done', () =>
    playExample(
      `${SELECT}
      C: 07 UID STORE 1:4 +FLAGS (\\Seen)
      S: * 2 FETCH (UID 2 FLAGS (\\Seen))
      S: * 3 FETCH (UID 3 FLAGS (\\Deleted \\Seen))
      S: * 4 FETCH (UID 4 FLAGS (\\Seen))
      S: 07 OK [MESSAGELIMIT 3 2] STORE completed
      C: 07 UID STORE 1 +FLAGS (\\Seen)
      S: * 1 FETCH (UID 1 FLAGS (\\Seen))
      S: 07 OK STORE completed
    `,
      deleted(3),
      limited,
    ))

  test('UID EXPUNGE counts what is deleted', () =>
    playExample(
      `${SELECT}
      C: 08 UID EXPUNGE 1:7
      S: * 4 EXPUNGE
      S: * 4 EXPUNGE
      S: * 5 EXPUNGE
      S: 08 OK [MESSAGELIMIT 3 4] EXPUNGE completed
      C: 08 UID EXPUNGE 1:7
      S: * 1 EXPUNGE
      S: * 2 EXPUNGE
      S: 08 OK EXPUNGE completed
    `,
      deleted(1, 3, 4, 5, 7, 8),
      limited,
    ))

  test('EXPUNGE, STATUS (UNSEEN) and CLOSE are not bounded', async () => {
    const made = testServer(limited)
    await deleted(1, 2, 3, 4)(made)
    await playDialogue(
      made.server,
      `
      alice> a STATUS INBOX (UNSEEN)
      alice< * STATUS INBOX (UNSEEN 8)
      alice< a OK STATUS completed
      alice> s SELECT INBOX
      alice< ...
      alice< s OK {*}
      alice> 09 EXPUNGE
      alice< * 1 EXPUNGE
      alice< * 1 EXPUNGE
      alice< * 1 EXPUNGE
      alice< * 1 EXPUNGE
      alice< 09 OK EXPUNGE completed
      alice> b UNSELECT
      alice< b OK {*}
    `,
    )
    await deleted(1, 2, 3, 4)(made)
    await playDialogue(
      made.server,
      `
      alice> s SELECT INBOX
      alice< ...
      alice< s OK {*}
      alice> c CLOSE
      alice< c OK CLOSE completed
      alice> d STATUS INBOX (MESSAGES)
      alice< * STATUS INBOX (MESSAGES 8)
      alice< d OK STATUS completed
    `,
    )
  })

  test('with PARTIAL nothing is done', () =>
    playExample(
      `${SELECT}
      C: 10 UID FETCH 2:8 (UID FLAGS) (PARTIAL -1:-4)
      S: 10 NO [MESSAGELIMIT 3] {*}
      C: 10 UID FETCH 2:8 (UID FLAGS) (PARTIAL -1:-3)${NEWEST}
      S: 10 OK FETCH completed
      C: 10 UID FETCH 2:8 (UID FLAGS)${NEWEST}
      S: 10 OK [MESSAGELIMIT 3 6] FETCH completed
    `,
      messages(8),
      limited,
    ))

  test('beside EXPUNGEISSUED the bound is told before', async () => {
    const made = testServer(limited)
    await deleted(1)(made)
    await playDialogue(
      made.server,
      `
      alice> s SELECT INBOX
      alice< ...
      alice< s OK {*}
      alice2> s SELECT INBOX
      alice2< ...
      alice2< s OK {*}
      alice2> x EXPUNGE
      alice2< * 1 EXPUNGE
      alice2< x OK {*}
      alice> 11 FETCH 1:8 (UID FLAGS)
      alice< * 6 FETCH (UID 6 FLAGS ())
      alice< * 7 FETCH (UID 7 FLAGS ())
      alice< * 8 FETCH (UID 8 FLAGS ())
      alice< * NO [MESSAGELIMIT 3 6] {*}
      alice< 11 OK [EXPUNGEISSUED] FETCH completed
    `,
    )
  })

  const short = '{2+}\\r\\n\\r\\n'
  for (const [name, extension] of [
    ['MESSAGELIMIT', messageLimit(3)],
    ['SAVELIMIT', saveLimit(3)],
  ] as const) {
    test(`${name}: an APPEND of too many brings none`, () =>
      playExample(
        `
        C~ a APPEND INBOX ${[short, short, short, short].join(' ')}\\r\\n
        S: a NO [MESSAGELIMIT 3] {*}
        C~ b APPEND INBOX ${[short, short, short].join(' ')}\\r\\n
        S: b OK [APPENDUID {*} 1:3] APPEND completed
        C: c STATUS INBOX (MESSAGES)
        S: * STATUS INBOX (MESSAGES 3)
        S: c OK STATUS completed
      `,
        undefined,
        { extensions: [...standardExtensions, extension] },
      ))
  }
})

test('§3: SAVELIMIT bounds COPY, and no SEARCH', () =>
  playExample(
    `
    C: a CAPABILITY
    S: * CAPABILITY {*} SAVELIMIT=3{*}
    S: a OK CAPABILITY completed${SELECT}
    C: b COPY 1:4 Other
    S: b NO [MESSAGELIMIT 3] {*}
    C: c SEARCH 1:4
    S: * SEARCH 1 2 3 4
    S: c OK SEARCH completed
  `,
    all(messages(4), mailboxes('Other')),
    { extensions: [...standardExtensions, saveLimit(3)] },
  ))

test('§3.2: UIDAFTER and UIDBEFORE', () =>
  playExample(
    `${SELECT}
    C: 12 UID SEARCH UIDAFTER 5 UNDELETED
    S: * SEARCH 6 8
    S: 12 OK SEARCH completed
    C: 13 UID SEARCH UIDBEFORE 4
    S: * SEARCH 1 2 3
    S: 13 OK SEARCH completed
    C: 14 UID SEARCH UIDBEFORE 1
    S: * SEARCH
    S: 14 OK SEARCH completed
    C: 15 UID SEARCH UIDAFTER 8
    S: * SEARCH
    S: 15 OK SEARCH completed
  `,
    deleted(7),
    limited,
  ))

test('§3.4: what is saved is a part, too', () =>
  playExample(
    `${SELECT}
    C: D0004 UID SEARCH RETURN (SAVE) UID 2:8 UNDELETED
    S: D0004 OK [MESSAGELIMIT 3 6] SEARCH completed
    C: D0005 UID SEARCH $
    S: * SEARCH 6 8
    S: D0005 OK SEARCH completed
  `,
    deleted(7),
    limited,
  ))
