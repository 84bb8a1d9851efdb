/**
 * Examples of RFC 9738 (MESSAGELIMIT), of UIDBATCHES (RFC 10022), RFC 9585 (INPROGRESS) and RFC 9586 (UIDONLY), from memory:
 * their texts were not at hand. Numbers are scaled.
 */
import { Flag } from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'
import { messageLimit, saveLimit, standardExtensions } from '../../src/index.js'
import { DialogueClient, playDialogue } from '../dialogue.js'
import { message, testServer } from '../servers.js'
import { mailboxes, messages, playExample, type Setup } from './play.js'

const SELECT = `
    C: s SELECT INBOX
    S: ...
    S: s OK [READ-WRITE] SELECT completed`

describe('RFC 9738', () => {
  const limited = { extensions: [...standardExtensions, messageLimit(3)] }

  test('§3: the capability', () =>
    playExample(
      `
      C: a CAPABILITY
      S: * CAPABILITY {*} MESSAGELIMIT=3{*}
      S: a OK CAPABILITY completed
    `,
      undefined,
      limited,
    ))

  test('§3.1: FETCH of too many begins with the newest; the client goes on below the UID of the code', () =>
    playExample(
      `${SELECT}
      C: 03 FETCH 1:8 (UID FLAGS)
      S: * 6 FETCH (UID 6 FLAGS ())
      S: * 7 FETCH (UID 7 FLAGS ())
      S: * 8 FETCH (UID 8 FLAGS ())
      S: 03 OK [MESSAGELIMIT 3 6] FETCH completed
      C: 04 UID FETCH 1:5 (FLAGS)
      S: * 3 FETCH (UID 3 FLAGS ())
      S: * 4 FETCH (UID 4 FLAGS ())
      S: * 5 FETCH (UID 5 FLAGS ())
      S: 04 OK [MESSAGELIMIT 3 3] FETCH completed
      C: 05 UID FETCH 1:2 (FLAGS)
      S: * 1 FETCH (UID 1 FLAGS ())
      S: * 2 FETCH (UID 2 FLAGS ())
      S: 05 OK FETCH completed
    `,
      messages(8),
      limited,
    ))

  test('§3.1: SEARCH, STORE and MOVE do a part', () =>
    playExample(
      `${SELECT}
      C: 10 UID SEARCH UNSEEN
      S: * SEARCH 6 7 8
      S: 10 OK [MESSAGELIMIT 3 6] SEARCH completed
      C: 11 UID SEARCH UIDBEFORE 6 UNSEEN
      S: * SEARCH 3 4 5
      S: 11 OK [MESSAGELIMIT 3 3] SEARCH completed
      C: 12 UID SEARCH UIDAFTER 5 UNSEEN
      S: * SEARCH 6 7 8
      S: 12 OK SEARCH completed
      C: 13 UID STORE 1:* +FLAGS.SILENT (\\Seen)
      S: 13 OK [MESSAGELIMIT 3 6] STORE completed
      C: 14 UID MOVE 1:8 Other
      S: * OK [COPYUID {*} 6:8 1:3] {*}
      S: * 6 EXPUNGE
      S: * 6 EXPUNGE
      S: * 6 EXPUNGE
      S: 14 OK [MESSAGELIMIT 3 6] MOVE completed
    `,
      async (made) => {
        await messages(8)(made)
        await mailboxes('Other')(made)
      },
      limited,
    ))

  test('§3.1: COPY does all or nothing', () =>
    playExample(
      `${SELECT}
      C: 20 UID COPY 1:4 Other
      S: 20 NO [MESSAGELIMIT 3] {*}
      C: 21 UID COPY 1:3 Other
      S: 21 OK [COPYUID {*} 1:3 1:3] COPY completed
      C: 22 STATUS Other (MESSAGES)
      S: * STATUS Other (MESSAGES 3)
      S: 22 OK STATUS completed
    `,
      async (made) => {
        await messages(8)(made)
        await mailboxes('Other')(made)
      },
      limited,
    ))

  test('§3.1: UID EXPUNGE counts what is deleted', () =>
    playExample(
      `${SELECT}
      C: 30 UID EXPUNGE 1:8
      S: * 5 EXPUNGE
      S: * 6 EXPUNGE
      S: * 6 EXPUNGE
      S: 30 OK [MESSAGELIMIT 3 5] EXPUNGE completed
      C: 31 UID EXPUNGE 1:4
      S: * 1 EXPUNGE
      S: * 2 EXPUNGE
      S: 31 OK EXPUNGE completed
    `,
      deleted(1, 3, 5, 7, 8),
      limited,
    ))

  test('§4: SAVELIMIT bounds COPY alone', () =>
    playExample(
      `
      C: a CAPABILITY
      S: * CAPABILITY {*} SAVELIMIT=3{*}
      S: a OK CAPABILITY completed${SELECT}
      C: 40 COPY 1:4 Other
      S: 40 NO [MESSAGELIMIT 3] {*}
      C: 41 SEARCH 1:4
      S: * SEARCH 1 2 3 4
      S: 41 OK SEARCH completed
    `,
      async (made) => {
        await messages(4)(made)
        await mailboxes('Other')(made)
      },
      { extensions: [...standardExtensions, saveLimit(3)] },
    ))
})

function deleted(...uids: readonly number[]): Setup {
  return async (made) => {
    for (let uid = 1; uid <= 8; uid++) {
      await made.deliver(message('', 'x'), { flags: uids.includes(uid) ? Flag.Deleted : 0 })
    }
  }
}

describe('UIDBATCHES', () => {
  /** 1,300 messages; the oldest 300 are expunged. */
  const many: Setup = async (made) => {
    await messages(1)(made)
    const account = await made.account()
    const inbox = (await account.mailboxes())[0]?.id as string
    // Copies double what is there.
    for (let count = 1; count < 1_300; count *= 2) {
      const last = Math.min(count, 1_300 - count)
      await account.commit?.([{ op: 'copy', from: inbox, uids: [[1, last]], to: inbox }])
    }
    await account.commit?.([{ op: 'expunge', in: inbox, uids: [[1, 300]], onlyDeleted: false }])
  }

  test('all batches, some of them, and one', () =>
    playExample(
      `${SELECT}
      C: A142 UIDBATCHES 500
      S: * UIDBATCHES (TAG "A142") 1300:801,800:1
      S: A142 OK UIDBATCHES completed
      C: A143 UIDBATCHES 600
      S: * UIDBATCHES (TAG "A143") 1300:701,700:1
      S: A143 OK UIDBATCHES completed
      C: A144 UIDBATCHES 600 2:3
      S: * UIDBATCHES (TAG "A144") 700:1
      S: A144 OK UIDBATCHES completed
      C: A145 UIDBATCHES 2000 1:1
      S: * UIDBATCHES (TAG "A145") 1300:1
      S: A145 OK UIDBATCHES completed
      C: A146 UIDBATCHES 500 3:4
      S: * UIDBATCHES (TAG "A146")
      S: A146 OK UIDBATCHES completed
    `,
      many,
    ))

  test('an empty mailbox; TOOFEW, TOOMANY and CLIENTBUG', () =>
    playExample(`${SELECT}
      C: A150 UIDBATCHES 2000
      S: * UIDBATCHES (TAG "A150")
      S: A150 OK UIDBATCHES completed
      C: A151 UIDBATCHES 10
      S: A151 NO [TOOFEW] {*}
      C: A152 UIDBATCHES 2000 1:1000000
      S: A152 NO [TOOMANY] {*}
      C: A153 UIDBATCHES 2000 4:3
      S: A153 BAD [CLIENTBUG] {*}
      C: A154 UIDBATCHES
      S: A154 BAD {*}
    `))
})

test('RFC 9585 §4: INPROGRESS with the tag, what is done, and the goal', async () => {
  const made = testServer({ limits: { progress: 50 } })
  await messages(200)(made)
  let time = 0
  const client = new DialogueClient(made.server, { now: () => (time += 1) })
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  const lines = await client.run('A001 SEARCH TEXT "Number 7"')
  const last = lines.splice(-2)
  expect(last).toEqual([`* SEARCH 7 ${[70, 71, 72, 73, 74, 75, 76, 77, 78, 79].join(' ')}`, 'A001 OK SEARCH completed'])
  expect(lines.length).toBeGreaterThan(1)
  for (const line of lines) expect(line).toMatch(/^\* OK \[INPROGRESS \("A001" \d+ 200\)\] /)
})

describe('RFC 9586', () => {
  const ENABLED = `
    C: 10 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: 10 OK ENABLE completed`

  test('§3: after ENABLE the commands with message numbers are refused', () =>
    playExample(
      `${ENABLED}${SELECT}
      C: 12 FETCH 1 FLAGS
      S: 12 BAD [UIDREQUIRED] {*}
      C: 13 STORE 1 +FLAGS (\\Seen)
      S: 13 BAD [UIDREQUIRED] {*}
      C: 14 SEARCH UNSEEN
      S: 14 BAD [UIDREQUIRED] {*}
      C: 15 COPY 1 INBOX
      S: 15 BAD [UIDREQUIRED] {*}
      C: 16 MOVE 1 INBOX
      S: 16 BAD [UIDREQUIRED] {*}
      C: 17 SORT (DATE) UTF-8 ALL
      S: 17 BAD [UIDREQUIRED] {*}
      C: 18 THREAD REFERENCES UTF-8 ALL
      S: 18 BAD [UIDREQUIRED] {*}
      C: 19 UID SEARCH 1:2
      S: 19 BAD [UIDREQUIRED] {*}
      C: 20 UID SEARCH UNSEEN
      S: * SEARCH 1 2 3
      S: 20 OK SEARCH completed
    `,
      messages(3),
    ))

  test('§3.1, §3.2: UIDFETCH for UID FETCH, UID STORE and changes; §3.3: VANISHED for EXPUNGE', async () => {
    const made = testServer()
    await messages(4)(made)
    await playDialogue(
      made.server,
      `
      alice> 10 ENABLE UIDONLY
      alice< * ENABLED UIDONLY
      alice< 10 OK ENABLE completed
      alice> s SELECT INBOX
      alice< ...
      alice< s OK [READ-WRITE] SELECT completed
      alice> 25 UID FETCH 3:4 (FLAGS)
      alice< * 3 UIDFETCH (FLAGS ())
      alice< * 4 UIDFETCH (FLAGS ())
      alice< 25 OK FETCH completed
      alice> 26 UID STORE 2 +FLAGS (\\Seen)
      alice< * 2 UIDFETCH (FLAGS (\\Seen))
      alice< 26 OK STORE completed
      alice2> s SELECT INBOX
      alice2< ...
      alice2< s OK {*}
      alice2> b1 STORE 3 FLAGS (\\Deleted)
      alice2< * 3 FETCH (FLAGS (\\Deleted))
      alice2< b1 OK {*}
      alice> 27 NOOP
      alice< * 3 UIDFETCH (FLAGS (\\Deleted))
      alice< 27 OK NOOP completed
      alice2> b2 EXPUNGE
      alice2< * 3 EXPUNGE
      alice2< b2 OK {*}
      alice> 28 NOOP
      alice< * VANISHED 3
      alice< 28 OK NOOP completed
      alice> 29 UID STORE 1 +FLAGS.SILENT (\\Deleted)
      alice< 29 OK STORE completed
      alice> 30 EXPUNGE
      alice< * VANISHED 1
      alice< 30 OK EXPUNGE completed
    `,
    )
  })

  test('§3: not while a mailbox is selected', () =>
    playExample(`${SELECT}
      C: 10 ENABLE UIDONLY
      S: 10 BAD {*}
    `))
})
