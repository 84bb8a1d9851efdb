/** RFC 9051 §6.1.2, §6.1.3, §6.3.13: the examples of NOOP, LOGOUT and IDLE; what other sessions do is told. */
import { describe, test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { testServer } from '../servers.js'
import { messages, playRev2 } from './play.js'

/** Both know rev2; the second makes the changes. */
const BEGIN = `
    alice> e1 ENABLE IMAP4rev2
    alice< ...
    alice< e1 OK ENABLE completed
    alice> A001 SELECT INBOX
    alice< ...
    alice< A001 OK [READ-WRITE] SELECT completed
    alice2> e1 ENABLE IMAP4rev2
    alice2< ...
    alice2< e1 OK ENABLE completed
    alice2> A001 SELECT INBOX
    alice2< ...
    alice2< A001 OK [READ-WRITE] SELECT completed`

async function play(count: number, text: string): Promise<void> {
  const made = testServer()
  await messages(count)(made)
  await playDialogue(made.server, `${BEGIN}${text}`)
}

describe('§6.1.2 NOOP', () => {
  test('in any state', () =>
    playRev2(`
      C: a002 NOOP
      S: a002 OK NOOP completed
      C: a003 NOOP now
      S: a003 BAD {*}
    `))

  test('what has come, gone and changed: flags with their UID', () =>
    play(
      22,
      `
      alice> a002 NOOP
      alice< a002 OK NOOP completed
      # ...
      alice2> b1 STORE 14 +FLAGS.SILENT (\\Seen \\Deleted)
      alice2< b1 OK {*}
      alice2> b2 STORE 22 +FLAGS.SILENT (\\Deleted)
      alice2< b2 OK {*}
      alice2> b3 UID EXPUNGE 22
      alice2< ...
      alice2< b3 OK {*}
      alice2> b4 APPEND INBOX {4+}
      alice2> x: y
      alice2< ...
      alice2< b4 OK {*}
      alice2> b5 APPEND INBOX {4+}
      alice2> x: y
      alice2< ...
      alice2< b5 OK {*}
      alice> a047 NOOP
      alice< * 22 EXPUNGE
      alice< * 23 EXISTS
      alice< * 14 FETCH (UID 14 FLAGS (\\Deleted \\Seen))
      alice< a047 OK NOOP completed
    `,
    ))

  test('§6.4.6: a silent STORE of what others have changed is told, with the UID', () =>
    play(
      3,
      `
      alice2> b1 STORE 2 +FLAGS.SILENT (\\Flagged)
      alice2< b1 OK {*}
      alice> a1 STORE 2:3 +FLAGS.SILENT (\\Seen)
      alice< * 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen))
      alice< a1 OK STORE completed
    `,
    ))
})

test('§6.1.3 LOGOUT', () =>
  playRev2(`
    C: A023 LOGOUT
    S: * BYE {*}
    S: A023 OK LOGOUT completed
    -- closed --
  `))

test('§6.3.13 IDLE', () =>
  play(
    3,
    `
    alice> A002 IDLE
    alice< + idling
    # ...time passes; new mail arrives...
    alice2> b1 APPEND INBOX {4+}
    alice2> x: y
    alice2< ...
    alice2< b1 OK {*}
    alice< * 4 EXISTS
    alice> DONE
    alice< A002 OK IDLE completed
    # ...another client expunges message 2 now...
    alice2> b2 STORE 2 +FLAGS.SILENT (\\Deleted)
    alice2< b2 OK {*}
    alice2> b3 EXPUNGE
    alice2< * 2 EXPUNGE
    alice2< b3 OK {*}
    # Not while FETCH is answered.
    alice> A003 FETCH 4 ALL
    alice< * 4 FETCH (FLAGS () INTERNALDATE " 1-Jan-2026 00:00:00 +0000" RFC822.SIZE 4 ENVELOPE ({*}))
    alice< A003 OK [EXPUNGEISSUED] FETCH completed
    # The RFC prints what is new before the continuation; here it follows at once.
    alice> A004 IDLE
    alice< + idling
    alice< * 2 EXPUNGE
    # ...time passes; another client expunges message 3...
    alice2> b4 STORE 3 +FLAGS.SILENT (\\Deleted)
    alice2< b4 OK {*}
    alice2> b5 EXPUNGE
    alice2< * 3 EXPUNGE
    alice2< b5 OK {*}
    alice< ...
    alice< * 3 EXPUNGE
    # ...time passes; new mail arrives...
    alice2> b6 APPEND INBOX {4+}
    alice2> x: y
    alice2< ...
    alice2< b6 OK {*}
    alice< * 3 EXISTS
    # Flags of others with the UID.
    alice2> b7 STORE 1 +FLAGS.SILENT (\\Flagged)
    alice2< b7 OK {*}
    alice< * 1 FETCH (UID 1 FLAGS (\\Flagged))
    alice> DONE
    alice< A004 OK IDLE completed
    alice> A005 FETCH 3 ALL
    alice< * 3 FETCH (FLAGS () INTERNALDATE {*} RFC822.SIZE 4 ENVELOPE ({*}))
    alice< A005 OK FETCH completed
    alice> A006 IDLE
    alice< + idling
    alice-
  `,
  ))
