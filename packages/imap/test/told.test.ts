/** What a session is told, and when, of what others do: \Recent, keywords, modification sequences, UIDs. */
import { expect, test } from 'vitest'
import { DialogueClient, playDialogue } from './dialogue.js'
import { HELLO, testServer } from './servers.js'

const MAIL = '{9+}\\r\\nA: b\\r\\n\\r\\nx'

async function play(messages: number, text: string): Promise<void> {
  const made = testServer()
  for (let i = 0; i < messages; i++) await made.deliver(HELLO)
  await playDialogue(made.server, text)
}

const select = (who: string, tag: string, how = 'SELECT INBOX'): string => `
  ${who}> ${tag} ${how}
  ${who}< ...
  ${who}< ${tag} OK {*}`

test('RFC 3501 §2.3.2: a message is recent in the session that was told of it first, and in no other', () =>
  play(
    0,
    `
    alice> a1 APPEND INBOX ${MAIL}
    alice< a1 OK {*}
    alice> a2 STATUS INBOX (RECENT)
    alice< * STATUS INBOX (RECENT 1)
    alice< a2 OK {*}
    alice2> b1 EXAMINE INBOX
    alice2< ...
    alice2< * 1 RECENT
    alice2< ...
    alice2< b1 OK [READ-ONLY] {*}
    alice2> b2 FETCH 1 FLAGS
    alice2< * 1 FETCH (FLAGS (\\Recent))
    alice2< b2 OK {*}
    alice2> b3 UNSELECT
    alice2< b3 OK {*}
    alice> a3 SELECT INBOX
    alice< ...
    alice< * 1 RECENT
    alice< ...
    alice< a3 OK [READ-WRITE] {*}
    alice2> b4 SELECT INBOX
    alice2< ...
    alice2< * 0 RECENT
    alice2< ...
    alice2< b4 OK [READ-WRITE] {*}
    alice2> b5 FETCH 1 FLAGS
    alice2< * 1 FETCH (FLAGS ())
    alice2< b5 OK {*}
    alice> a4 SEARCH NEW
    alice< * SEARCH 1
    alice< a4 OK {*}
    alice> a5 SEARCH OLD
    alice< * SEARCH
    alice< a5 OK {*}
    alice2> b6 SEARCH RECENT
    alice2< * SEARCH
    alice2< b6 OK {*}
    alice2> b7 APPEND INBOX ${MAIL}
    alice2< * 2 EXISTS
    alice2< * 1 RECENT
    alice2< b7 OK {*}
    alice> a6 NOOP
    alice< * 2 EXISTS
    alice< a6 OK {*}
    alice> a7 SEARCH RECENT
    alice< * SEARCH 1
    alice< a7 OK {*}
    alice> a8 STORE 1 +FLAGS (\\Deleted)
    alice< * 1 FETCH (FLAGS (\\Deleted \\Recent))
    alice< a8 OK {*}
    alice> a9 EXPUNGE
    alice< * 1 EXPUNGE
    alice< * 0 RECENT
    alice< a9 OK {*}
  `,
  ))

test('RFC 9051 Appendix E: rev2 knows nothing of \\Recent', async () => {
  const { server } = testServer()
  const client = new DialogueClient(server)
  await client.logIn('alice')
  await client.run('e ENABLE IMAP4rev2')
  await client.run(`a APPEND INBOX ${MAIL}`)
  expect((await client.run('s SELECT INBOX')).join('\n')).not.toContain('RECENT')
  expect(await client.run('f FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS ())', 'f OK FETCH completed'])
})

test('RFC 3501 §7.2.6: a keyword stands in FLAGS before a message is told with it, whoever has set it', () =>
  play(
    2,
    `${select('alice', 'a1')}${select('alice2', 'b1')}
    alice2> b2 STORE 1 +FLAGS (fresh)
    alice2< * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft fresh)
    alice2< * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft fresh \\*)] {*}
    alice2< * 1 FETCH (FLAGS (fresh{*}))
    alice2< b2 OK {*}
    alice> a2 FETCH 1 FLAGS
    alice< * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft fresh)
    alice< * OK [PERMANENTFLAGS ({*}fresh \\*)] {*}
    alice< * 1 FETCH (FLAGS (fresh{*}))
    alice< ...
    alice< a2 OK {*}
    alice2> b3 STORE 2 +FLAGS (later)
    alice2< * FLAGS ({*}fresh later)
    alice2< ...
    alice2< b3 OK {*}
    alice2> b4 STORE 2 -FLAGS (later)
    alice2< ...
    alice2< b4 OK {*}
    # No message has it any more: every session has the same list all the same.
    alice> a3 NOOP
    alice< * FLAGS ({*}fresh later)
    alice< ...
    alice< a3 OK {*}
  `,
  ))

test('RFC 7162 §3.2: while an expunge is withheld, what MODSEQ has told is taken back by HIGHESTMODSEQ', () =>
  play(
    3,
    `${select('alice', 'a1', 'SELECT INBOX (CONDSTORE)')}${select('alice2', 'b1')}
    alice2> b2 STORE 2 +FLAGS.SILENT (\\Deleted)
    alice2< b2 OK {*}
    alice> a2 NOOP
    alice< * 2 FETCH (UID 2 FLAGS (\\Deleted{*}) MODSEQ (5))
    alice< a2 OK {*}
    alice2> b3 EXPUNGE
    alice2< * 2 EXPUNGE
    alice2< ...
    alice2< b3 OK {*}
    alice2> b4 STORE 2 +FLAGS.SILENT (\\Flagged)
    alice2< b4 OK {*}
    alice> a3 FETCH 3 MODSEQ
    alice< * 3 FETCH (MODSEQ (7))
    alice< ...
    alice< * OK [HIGHESTMODSEQ 5] {*}
    alice< a3 OK [EXPUNGEISSUED] {*}
    alice> a4 NOOP
    alice< * 2 EXPUNGE
    alice< * OK [HIGHESTMODSEQ 7] {*}
    alice< a4 OK {*}
  `,
  ))

test('RFC 9051 §6.3.13: what IDLE tells of flags comes with the UID', () =>
  play(
    2,
    `${select('alice', 'a1')}${select('alice2', 'b1')}
    alice> a2 IDLE
    alice< + idling
    alice2> b2 STORE 2 +FLAGS.SILENT (\\Answered)
    alice2< b2 OK {*}
    alice< * 2 FETCH (UID 2 FLAGS (\\Answered{*}))
    alice> DONE
    alice< a2 OK {*}
  `,
  ))

test('RFC 9051 §6.3.12: APPENDUID and COPYUID are not for those who may not open the mailbox', async () => {
  const made = testServer()
  await made.deliver(HELLO)
  await made.deliver(HELLO, { account: 'bob' })
  const alice = new DialogueClient(made.server)
  await alice.logIn('alice')
  await alice.run('a CREATE Drop')
  await alice.run('b SETACL Drop bob li')
  const bob = new DialogueClient(made.server)
  await bob.logIn('bob')
  expect(await bob.run(`c APPEND "Other Users/alice/Drop" ${MAIL}`)).toEqual(['c OK APPEND completed'])
  await bob.run('s SELECT INBOX')
  expect(await bob.run('d COPY 1 "Other Users/alice/Drop"')).toEqual(['d OK COPY completed'])
})

test('RFC 5258 §3.5, RFC 5819 §2: CHILDINFO, parents that do not exist, STATUS', () =>
  play(
    1,
    `
    alice> a1 CREATE Top/Mid/Low
    alice< a1 OK {*}
    alice> a2 SUBSCRIBE Top/Mid/Low
    alice< a2 OK {*}
    alice> a3 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))
    alice< * LIST (\\NonExistent \\HasChildren) "/" Top ("CHILDINFO" ("SUBSCRIBED"))
    alice< a3 OK {*}
    alice> a4 LIST (SUBSCRIBED RECURSIVEMATCH) "" *
    alice< * LIST (\\HasNoChildren \\Subscribed) "/" Top/Mid/Low
    alice< a4 OK {*}
    alice> a5 LIST () "" (Top Top/%)
    alice< * LIST (\\NonExistent \\HasChildren) "/" Top/Mid
    alice< a5 OK {*}
    alice> a6 LIST "" Top
    alice< * LIST (\\NonExistent \\Noselect \\HasChildren) "/" Top
    alice< a6 OK {*}
    alice> a7 LIST (SUBSCRIBED RECURSIVEMATCH) "" Top
    alice< * LIST (\\NonExistent \\HasChildren) "/" Top ("CHILDINFO" ("SUBSCRIBED"))
    alice< a7 OK {*}
  `,
  ))

test('RFC 9051 §6.4.9: flags of others that are told behind a command with UIDs have UIDs, too', () =>
  play(
    2,
    `${select('alice', 'a1')}${select('alice2', 'b1')}
    alice> a2 STORE 1 +FLAGS.SILENT (\\Flagged)
    alice< a2 OK {*}
    alice2> b2 UID FETCH 2 (FLAGS)
    alice2< * 2 FETCH (UID 2 FLAGS ())
    alice2< * 1 FETCH (UID 1 FLAGS (\\Flagged))
    alice2< b2 OK {*}
    alice> a3 STORE 1 -FLAGS.SILENT (\\Flagged)
    alice< a3 OK {*}
    alice2> b3 FETCH 2 (FLAGS)
    alice2< * 2 FETCH (FLAGS ())
    alice2< * 1 FETCH (FLAGS ())
    alice2< b3 OK {*}
  `,
  ))

test('RFC 5465 §5.3: a flag that nobody has asked to hear of at once is told behind the next command', () =>
  play(
    1,
    `
    ${select('alice', 'a1')}
    alice> a2 NOTIFY SET (selected (MessageNew MessageExpunge))
    alice< a2 OK {*}
    ${select('alice2', 'b1')}
    alice2> b2 STORE 1 +FLAGS.SILENT (\\Flagged)
    alice2< b2 OK {*}
    alice-
    alice> a3 UID SEARCH ALL
    alice< * SEARCH 1
    alice< * 1 FETCH (UID 1 FLAGS (\\Flagged))
    alice< a3 OK {*}
  `,
  ))
