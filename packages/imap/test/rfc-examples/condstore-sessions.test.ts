/**
 * RFC 7162: what a session hears of others, and what is refused; after its text. Modification sequences are the store's,
 * and all updates have the flags, with .SILENT, too.
 */
import { describe, test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { testServer } from '../servers.js'
import { mailboxes, messages, playExample, type Setup } from './play.js'

const R = String.raw

async function play(text: string, setup: Setup): Promise<void> {
  const made = testServer()
  await setup(made)
  await playDialogue(made.server, text)
}

const selected = (...names: readonly string[]): string =>
  names
    .map(
      (name) => R`
      ${name}> s1 SELECT INBOX
      ${name}< ...
      ${name}< s1 OK [READ-WRITE] SELECT completed`,
    )
    .join('')

const enabled = (name: string): string => R`
      ${name}> e1 ENABLE QRESYNC
      ${name}< * ENABLED QRESYNC
      ${name}< e1 OK ENABLE completed`

describe('RFC 7162 §3.1: CONDSTORE', () => {
  test('§3.1.3, examples 9 and 10: the flags of a message that was not changed are told at once', () =>
    play(
      R`${selected('alice', 'alice2')}
      alice2> b1 STORE 2 +FLAGS ($Processed)
      alice2< ...
      alice2< b1 OK STORE completed
      alice> a106 STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT ($Processed)
      alice< ...
      alice< * 1 FETCH (UID 1 FLAGS ($Processed) MODSEQ (6))
      alice< * 3 FETCH (UID 3 FLAGS ($Processed) MODSEQ (6))
      alice< * 2 FETCH (UID 2 FLAGS ($Processed) MODSEQ (5))
      alice< a106 OK [MODIFIED 2] {*}
    `,
      messages(3),
    ))

  test('§3.1.3, example 11: among expunged messages', () =>
    play(
      R`${selected('alice', 'alice2')}
      alice2> b1 STORE 4:7 +FLAGS.SILENT (\Deleted)
      alice2< b1 OK {*}
      alice2> b2 EXPUNGE
      alice2< ...
      alice2< b2 OK {*}
      alice2> b3 STORE 2 +FLAGS.SILENT (\Answered)
      alice2< b3 OK {*}
      alice> B001 STORE 1:3 (UNCHANGEDSINCE 8) +FLAGS (\Seen)
      alice< ...
      alice< * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (12))
      alice< * 3 FETCH (UID 3 FLAGS (\Seen) MODSEQ (12))
      alice< * 2 FETCH (UID 2 FLAGS (\Answered) MODSEQ (11))
      alice< * OK [HIGHESTMODSEQ 8] {*}
      alice< B001 OK [MODIFIED 2] {*}
      alice> B002 NOOP
      alice< * 4 EXPUNGE
      alice< * 4 EXPUNGE
      alice< * 4 EXPUNGE
      alice< * 4 EXPUNGE
      alice< * OK [HIGHESTMODSEQ 12] {*}
      alice< B002 OK NOOP completed
      alice> b003 STORE 2 (UNCHANGEDSINCE 11) +FLAGS (\Seen)
      alice< * 2 FETCH (UID 2 FLAGS (\Answered \Seen) MODSEQ (13))
      alice< b003 OK STORE completed
    `,
      messages(7),
    ))

  test('§3.1.4.2, example 14: shared flags are told to everybody, \\Seen to those whose it is', () =>
    play(
      R`
      alice> s0 SETACL INBOX bob lrswt
      alice< s0 OK {*}
      alice> s1 SELECT INBOX (CONDSTORE)
      alice< ...
      alice< s1 OK {*}
      alice2> s1 SELECT INBOX (CONDSTORE)
      alice2< ...
      alice2< s1 OK {*}
      bob> s1 SELECT "Other Users/alice/INBOX" (CONDSTORE)
      bob< ...
      bob< s1 OK {*}
      alice> A160 STORE 7 +FLAGS.SILENT (\Deleted)
      alice< * 7 FETCH (UID 7 FLAGS (\Deleted) MODSEQ (10))
      alice< A160 OK STORE completed
      alice2> C180 NOOP
      alice2< * 7 FETCH (UID 7 FLAGS (\Deleted) MODSEQ (10))
      alice2< C180 OK NOOP completed
      bob> D210 NOOP
      bob< * 7 FETCH (UID 7 FLAGS (\Deleted) MODSEQ (10))
      bob< D210 OK NOOP completed
      alice> A240 STORE 7 +FLAGS.SILENT (\Seen)
      alice< * 7 FETCH (UID 7 FLAGS (\Deleted \Seen) MODSEQ (11))
      alice< A240 OK STORE completed
      alice2> C270 NOOP
      alice2< * 7 FETCH (UID 7 FLAGS (\Deleted \Seen) MODSEQ (11))
      alice2< C270 OK NOOP completed
      alice> A330 STORE 7 -FLAGS.SILENT (\Deleted \Seen)
      alice< * 7 FETCH (UID 7 FLAGS () MODSEQ (12))
      alice< A330 OK STORE completed
      alice2> C360 NOOP
      alice2< * 7 FETCH (UID 7 FLAGS () MODSEQ (12))
      alice2< C360 OK NOOP completed
      bob> D390 NOOP
      bob< * 7 FETCH (UID 7 FLAGS () MODSEQ (12))
      bob< D390 OK NOOP completed
    `,
      messages(7),
    ))
})

describe('RFC 7162 §3.2: QRESYNC', () => {
  test('§3.2: SETMETADATA counts as a change of the mailbox', () =>
    playExample(
      R`
      C: a STATUS Work (HIGHESTMODSEQ)
      S: * STATUS Work (HIGHESTMODSEQ 2)
      S: a OK STATUS completed
      C: b SETMETADATA Work (/shared/comment "x")
      S: b OK SETMETADATA completed
      C: c STATUS Work (HIGHESTMODSEQ)
      S: * STATUS Work (HIGHESTMODSEQ 3)
      S: c OK STATUS completed
    `,
      mailboxes('Work'),
    ))

  test('§3.2.3, §3.2.5, §3.2.6: what is refused', () =>
    playExample(
      R`
      C: a SELECT INBOX (QRESYNC (1 1))
      S: a BAD {*}
      C: b SELECT INBOX
      S: ...
      S: b OK {*}
      C: c UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
      S: c BAD {*}
      C: d ENABLE QRESYNC CONDSTORE
      S: * OK [HIGHESTMODSEQ {*}] {*}
      S: * ENABLED QRESYNC
      S: d OK ENABLE completed
      C: e UID FETCH 1:* (FLAGS) (VANISHED)
      S: e BAD {*}
      C: f FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
      S: f BAD {*}
      C: g SELECT Work (QRESYNC (1))
      S: g BAD {*}
      C: h NOOP
      S: h OK NOOP completed
    `,
      messages(2),
    ))

  test('§3.2.7, §3.2.9: without ENABLE it is EXPUNGE; §3.2.8: CLOSE tells nothing', () =>
    play(
      R`${selected('alice')}
      alice> A200 STORE 3,4,7,11 +FLAGS.SILENT (\Deleted)
      alice< A200 OK {*}
      alice> A202 EXPUNGE
      alice< * 3 EXPUNGE
      alice< * 3 EXPUNGE
      alice< * 5 EXPUNGE
      alice< * 8 EXPUNGE
      alice< A202 OK EXPUNGE completed
      alice2> e1 ENABLE QRESYNC
      alice2< * ENABLED QRESYNC
      alice2< e1 OK ENABLE completed${selected('alice2')}
      alice2> A203 STORE 1:2 +FLAGS.SILENT (\Deleted)
      alice2< * 1 FETCH (UID 1 FLAGS (\Deleted) MODSEQ (15))
      alice2< * 2 FETCH (UID 2 FLAGS (\Deleted) MODSEQ (15))
      alice2< A203 OK STORE completed
      alice2> A204 CLOSE
      alice2< A204 OK CLOSE completed
      alice2> A205 STATUS INBOX (MESSAGES HIGHESTMODSEQ)
      alice2< * STATUS INBOX (MESSAGES 5 HIGHESTMODSEQ 16)
      alice2< A205 OK STATUS completed
    `,
      messages(11),
    ))

  test('§3.2.10: VANISHED for what others expunge, when a command may tell it, and each time only what is new', () =>
    play(
      R`${enabled('alice')}${selected('alice', 'alice2')}
      alice2> b1 STORE 3,4,7,11 +FLAGS.SILENT (\Deleted)
      alice2< b1 OK {*}
      alice2> b2 EXPUNGE
      alice2< ...
      alice2< b2 OK {*}
      alice-
      alice> A200 FETCH 1 (UID)
      alice< * 1 FETCH (UID 1)
      alice< A200 OK [EXPUNGEISSUED] FETCH completed
      alice> A201 SEARCH 3
      alice< * SEARCH 3
      alice< A201 OK [EXPUNGEISSUED] SEARCH completed
      alice> A202 NOOP
      alice< * VANISHED 3:4,7,11
      alice< ...
      alice< A202 OK {*}
      alice> A203 UID STORE 2,5 +FLAGS.SILENT (\Deleted)
      alice< * 2 FETCH (UID 2 FLAGS (\Deleted) MODSEQ (15))
      alice< * 3 FETCH (UID 5 FLAGS (\Deleted) MODSEQ (15))
      alice< A203 OK STORE completed
      alice> A210 EXPUNGE
      alice< * VANISHED 2,5
      alice< A210 OK [HIGHESTMODSEQ 16] EXPUNGE completed
    `,
      messages(11),
    ))

  test('§6: HIGHESTMODSEQ stays below an expunge that is not told yet', () =>
    play(
      R`${enabled('alice')}${selected('alice', 'alice2')}
      alice2> b1 STORE 4 +FLAGS.SILENT (\Deleted)
      alice2< b1 OK {*}
      alice2> b2 EXPUNGE
      alice2< ...
      alice2< b2 OK {*}
      alice> A150 STORE 1:2 (UNCHANGEDSINCE 96) +FLAGS.SILENT (\Seen)
      alice< * 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (8))
      alice< * 2 FETCH (UID 2 FLAGS (\Seen) MODSEQ (8))
      alice< * OK [HIGHESTMODSEQ 5] {*}
      alice< A150 OK [EXPUNGEISSUED] STORE completed
      alice> A151 STORE 3 +FLAGS.SILENT (\Seen)
      alice< * 3 FETCH (UID 3 FLAGS (\Seen) MODSEQ (9))
      alice< * OK [HIGHESTMODSEQ 5] {*}
      alice< A151 OK [EXPUNGEISSUED] STORE completed
      alice> A152 NOOP
      alice< * VANISHED 4
      alice< * OK [HIGHESTMODSEQ 9] {*}
      alice< A152 OK NOOP completed
    `,
      messages(4),
    ))

  test('§6: SELECT (QRESYNC) after a time without a connection', () =>
    play(
      R`${selected('alice2')}
      alice2> b1 STORE 1:5,7:8,10:15 +FLAGS.SILENT (\Deleted)
      alice2< b1 OK {*}
      alice2> b2 EXPUNGE
      alice2< ...
      alice2< b2 OK {*}
      alice2> b3 STORE 1 +FLAGS.SILENT (\Deleted)
      alice2< b3 OK {*}
      alice2> b4 STORE 2 +FLAGS.SILENT ($NoJunk)
      alice2< ...
      alice2< b4 OK {*}${enabled('alice')}
      alice> A142 SELECT INBOX (QRESYNC (1 21 1:19))
      alice< ...
      alice< * 7 EXISTS
      alice< ...
      alice< * OK [UIDVALIDITY 1] {*}
      alice< * OK [UIDNEXT 21] {*}
      alice< * OK [HIGHESTMODSEQ 25] {*}
      alice< ...
      alice< * VANISHED (EARLIER) 1:5,7:8,10:15
      alice< * 1 FETCH (UID 6 FLAGS (\Deleted) MODSEQ (24))
      alice< * 2 FETCH (UID 9 FLAGS ($NoJunk) MODSEQ (25))
      alice< A142 OK [READ-WRITE] SELECT completed
    `,
      messages(20),
    ))
})
