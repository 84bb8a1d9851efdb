/** RFC 9051 §6.3.12 and §6.4 without SEARCH: the examples of commands for messages. */
import { Flag } from '@posthouse/store-api'
import { describe, test } from 'vitest'
import { message } from '../servers.js'
import { all, mailboxes, messages, playRev2 } from './play.js'

const SELECT = `
      C: s1 SELECT INBOX
      S: ...
      S: s1 OK [READ-WRITE] SELECT completed`

const MEETING = [
  'Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)',
  'From: Fred Foobar <foobar@Blurdybloop.example>',
  'Subject: afternoon meeting',
  'To: mooch@owatagu.siam.edu.example',
  'Message-Id: <B27397-0100000@Blurdybloop.example>',
  'MIME-Version: 1.0',
  'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
  '',
  'Hello Joe, do you think we can meet at 3:30 tomorrow?',
].map((line) => `      C: ${line}`)

describe('§6.3.12 APPEND', () => {
  test('a message, octet for octet, and its flag', () =>
    playRev2(
      `
      C: A003 APPEND saved-messages (\\Seen) {326}
      S: + {*}
${MEETING.join('\n')}
      C:
      S: A003 OK [APPENDUID {*} 1] APPEND completed
      C: A004 EXAMINE saved-messages
      S: ...
      S: A004 OK [READ-ONLY] EXAMINE completed
      C: A005 FETCH 1 (FLAGS RFC822.SIZE BODY.PEEK[1])
      S: * 1 FETCH (FLAGS (\\Seen) RFC822.SIZE 326 BODY[1] {55}
      S: Hello Joe, do you think we can meet at 3:30 tomorrow?
      S: )
      S: A005 OK FETCH completed
    `,
      mailboxes('saved-messages'),
    ))

  test('without waiting; COPY tells which UIDs became which; UIDs that are not there copy nothing', () =>
    playRev2(
      `${SELECT}
      C: s2 STORE 2:4 +FLAGS.SILENT (\\Deleted)
      S: s2 OK STORE completed
      C: s3 UID EXPUNGE 2,4
      S: * 2 EXPUNGE
      S: * 3 EXPUNGE
      S: s3 OK EXPUNGE completed
      C: A003 APPEND saved-messages (\\Seen) {326+}
${MEETING.join('\n')}
      C:
      S: A003 OK [APPENDUID {*} 1] APPEND completed
      C: A004 COPY 2:4 meeting
      S: A004 OK [COPYUID {*} 3,5:6 1:3] COPY completed
      C: A005 UID COPY 305:310 meeting
      S: A005 OK COPY completed
      C: A006 APPEND nowhere {3+}
      C: a:b
      S: A006 NO [TRYCREATE] {*}
    `,
      all(messages(6), mailboxes('saved-messages', 'meeting')),
    ))
})

describe('§6.4.1 to §6.4.3', () => {
  test('CLOSE expunges and says nothing of it', () =>
    playRev2(
      `${SELECT}
      C: s2 STORE 1 +FLAGS.SILENT (\\Deleted)
      S: s2 OK STORE completed
      C: A341 CLOSE
      S: A341 OK CLOSE completed
      C: A342 FETCH 1 FLAGS
      S: A342 BAD {*}
      C: A343 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 1)
      S: A343 OK STATUS completed
    `,
      messages(2),
    ))

  test('CLOSE of what was examined expunges nothing', () =>
    playRev2(
      `
      C: A340 EXAMINE INBOX
      S: ...
      S: A340 OK [READ-ONLY] EXAMINE completed
      C: A341 CLOSE
      S: A341 OK CLOSE completed
      C: A343 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 1)
      S: A343 OK STATUS completed
    `,
      (made) => made.deliver(message('', 'x'), { flags: Flag.Deleted }),
    ))

  test('UNSELECT expunges nothing; there must be something selected, and no argument', () =>
    playRev2(
      `${SELECT}
      C: s2 STORE 1 +FLAGS.SILENT (\\Deleted)
      S: s2 OK STORE completed
      C: A341 UNSELECT INBOX
      S: A341 BAD {*}
      C: A342 UNSELECT
      S: A342 OK UNSELECT completed
      C: A343 UNSELECT
      S: A343 BAD {*}
      C: A344 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 2)
      S: A344 OK STATUS completed
    `,
      messages(2),
    ))

  test('EXPUNGE of 3, 4, 7 and 11: each number is one of what is left (§7.5.1)', () =>
    playRev2(
      `${SELECT}
      C: A201 STORE 3,4,7,11 +FLAGS.SILENT (\\Deleted)
      S: A201 OK STORE completed
      C: A202 EXPUNGE
      S: * 3 EXPUNGE
      S: * 3 EXPUNGE
      S: * 5 EXPUNGE
      S: * 8 EXPUNGE
      S: A202 OK EXPUNGE completed
    `,
      messages(11),
    ))
})

describe('§6.4.5 FETCH', () => {
  test('flags and a part of the header; \\Seen is set, and told', () =>
    playRev2(
      `${SELECT}
      C: A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])
      S: * 2 FETCH (FLAGS (\\Seen) BODY[HEADER.FIELDS (DATE FROM)] {23}
      S: From: 2@example.org
      S: 
      S: )
      S: * 3 FETCH (FLAGS (\\Flagged \\Seen) BODY[HEADER.FIELDS (DATE FROM)] {2}
      S: 
      S: )
      S: * 4 FETCH (FLAGS (\\Seen) BODY[HEADER.FIELDS (DATE FROM)] {56}
      S: Date: Wed, 17 Jul 1996 02:23:25 -0700
      S: From: 4@x.org
      S: 
      S: )
      S: A654 OK FETCH completed
    `,
      async (made) => {
        await made.deliver(message('', 'x'))
        await made.deliver(message('From: 2@example.org', 'To: x@example.org', '', 'x'))
        await made.deliver(message('To: x@example.org', '', 'x'), { flags: Flag.Flagged })
        await made.deliver(message('Date: Wed, 17 Jul 1996 02:23:25 -0700', 'From: 4@x.org', '', 'x'))
      },
    ))

  test('BODY[]<0.2048> of a message of fewer octets is BODY[]<0> with all of them', () =>
    playRev2(
      `${SELECT}
      C: a FETCH 1 BODY.PEEK[]<0.2048>
      S: * 1 FETCH (BODY[]<0> {5}
      S: 
      S: x
      S: )
      S: a OK FETCH completed
      C: b FETCH 1 BODY.PEEK[]<2048.1>
      S: * 1 FETCH (BODY[]<2048> {0}
      S: )
      S: b OK FETCH completed
    `,
      (made) => made.deliver(message('', 'x')),
    ))
})

test('§6.4.6 STORE', () =>
  playRev2(
    `${SELECT}
      C: A003 STORE 2:4 +FLAGS (\\Deleted)
      S: * 2 FETCH (FLAGS (\\Deleted \\Seen))
      S: * 3 FETCH (FLAGS (\\Deleted))
      S: * 4 FETCH (FLAGS (\\Flagged \\Deleted \\Seen))
      S: A003 OK STORE completed
      C: A004 STORE 4 -FLAGS (\\Deleted \\Seen)
      S: * 4 FETCH (FLAGS (\\Flagged))
      S: A004 OK STORE completed
      C: A005 STORE 4 FLAGS (\\Answered)
      S: * 4 FETCH (FLAGS (\\Answered))
      S: A005 OK STORE completed
      C: A006 STORE 4 FLAGS.SILENT ()
      S: A006 OK STORE completed
    `,
    async (made) => {
      for (const flags of [0, Flag.Seen, 0, Flag.Flagged | Flag.Seen]) await made.deliver(message('', 'x'), { flags })
    },
  ))

test('§6.4.7 COPY, and to a mailbox that is not there', () =>
  playRev2(
    `${SELECT}
      C: A003 COPY 2:4 MEETING
      S: A003 OK [COPYUID {*} 2:4 1:3] COPY completed
      C: A004 COPY 2:4 nowhere
      S: A004 NO [TRYCREATE] {*}
      C: A005 STATUS MEETING (MESSAGES UNSEEN)
      S: * STATUS MEETING (MESSAGES 3 UNSEEN 2)
      S: A005 OK STATUS completed
    `,
    all(messages(3), (made) => made.deliver(message('', 'x'), { flags: Flag.Seen }), mailboxes('MEETING')),
  ))

test('§6.4.8 MOVE: COPYUID before the EXPUNGEs', () =>
  playRev2(
    `${SELECT}
      C: a UID MOVE 4:6 foo
      S: * OK [COPYUID {*} 4:6 1:3] {*}
      S: * 4 EXPUNGE
      S: * 4 EXPUNGE
      S: * 4 EXPUNGE
      S: a OK MOVE completed
      C: b MOVE 1 foo
      S: * OK [COPYUID {*} 1 4] {*}
      S: * 1 EXPUNGE
      S: b OK MOVE completed
      C: c MOVE 1 nowhere
      S: c NO [TRYCREATE] {*}
    `,
    all(messages(7), mailboxes('foo')),
  ))

describe('§6.4.9 UID', () => {
  test('EXPUNGE of what is deleted and named', () =>
    playRev2(
      `${SELECT}
      C: A001 STORE 1:6 +FLAGS.SILENT (\\Deleted)
      S: A001 OK STORE completed
      C: A003 UID EXPUNGE 3:5,7
      S: * 3 EXPUNGE
      S: * 3 EXPUNGE
      S: * 3 EXPUNGE
      S: A003 OK EXPUNGE completed
    `,
      messages(7),
    ))

  test('FETCH tells the UID unasked, and knows nothing of holes; 559:* is the last message at least', () =>
    playRev2(
      `${SELECT}
      C: A998 STORE 2 +FLAGS.SILENT (\\Deleted)
      S: A998 OK STORE completed
      C: A998 UID EXPUNGE 2
      S: * 2 EXPUNGE
      S: A998 OK EXPUNGE completed
      C: A999 UID FETCH 2:4828442 FLAGS
      S: * 2 FETCH (UID 3 FLAGS ())
      S: * 3 FETCH (UID 4 FLAGS ())
      S: A999 OK FETCH completed
      C: B1 UID FETCH 559:* FLAGS
      S: * 3 FETCH (UID 4 FLAGS ())
      S: B1 OK FETCH completed
      C: B2 UID SEARCH 1:2 UID 2:557
      S: * ESEARCH (TAG "B2") UID ALL 3
      S: B2 OK SEARCH completed
      C: B3 UID STORE 443:557 +FLAGS (\\Seen)
      S: B3 OK STORE completed
    `,
      messages(4),
    ))
})
