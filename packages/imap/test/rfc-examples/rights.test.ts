/** The examples of RFC 4314 (ACL), after its text. Identifiers come in the order of their names. */
import { Flag } from '@posthouse/store-api'
import { test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { message, testServer } from '../servers.js'
import { all, mailboxes, messages, playExample } from './play.js'

test('§3.1: SETACL', () =>
  playExample(
    `
    C: A000 SETACL INBOX/Drafts Chris lrswi
    S: A000 OK SETACL completed
    C: A001 GETACL INBOX/Drafts
    S: * ACL INBOX/Drafts alice lrswipkxteacd Chris lrswi
    S: A001 OK GETACL completed
    C: A002 SETACL INBOX/Drafts Chris +cda
    S: A002 OK SETACL completed
    C: A003 GETACL INBOX/Drafts
    S: * ACL INBOX/Drafts alice lrswipkxteacd Chris lrswikxteacd
    S: A003 OK GETACL completed
    C: A035 SETACL INBOX/Drafts John lrQswicda
    S: A035 BAD {*}
    C: A036 SETACL INBOX/Drafts John lrqswicda
    S: A036 BAD {*}
    C: A037 GETACL INBOX/Drafts
    S: * ACL INBOX/Drafts alice lrswipkxteacd Chris lrswikxteacd
    S: A037 OK GETACL completed
  `,
    mailboxes('INBOX/Drafts'),
  ))

test('§3.2, §3.3: DELETEACL and GETACL, with negative rights and a group', () =>
  playExample(
    `
    C: B000 SETACL INBOX Fred rwipslxetad
    S: B000 OK SETACL completed
    C: B000 SETACL INBOX -Fred wetd
    S: B000 OK SETACL completed
    C: B000 SETACL INBOX $team w
    S: B000 OK SETACL completed
    C: B001 getacl INBOX
    S: * ACL INBOX alice lrswipkxteacd Fred lrswipxtead -Fred wxted "$team" w
    S: B001 OK GETACL completed
    C: B002 DeleteAcl INBOX Fred
    S: B002 OK DELETEACL completed
    C: B003 GETACL INBOX
    S: * ACL INBOX alice lrswipkxteacd -Fred wxted "$team" w
    S: B003 OK GETACL completed
  `,
  ))

test('§3.4, §3.5: LISTRIGHTS tells the identifier as it came; MYRIGHTS', () =>
  playExample(
    `
    C: a001 LISTRIGHTS ~/Mail/saved smith
    S: * LISTRIGHTS "~/Mail/saved" smith "" l r s w i p k x t e a c d
    S: a001 OK LISTRIGHTS completed
    C: a005 listrights archive/imap anyone
    S: * LISTRIGHTS archive/imap anyone "" l r s w i p k x t e a c d
    S: a005 OK LISTRIGHTS completed
    C: A003 MYRIGHTS INBOX
    S: * MYRIGHTS INBOX lrswipkxteacd
    S: A003 OK MYRIGHTS completed
  `,
    mailboxes('~/Mail/saved', 'archive/imap'),
  ))

test('§4: LIST goes as if a mailbox that may not be looked up were not there', async () => {
  const made = testServer()
  await mailboxes('A', 'A/B', 'C', 'C/D')(made)
  await playDialogue(
    made.server,
    `
    alice> s1 SETACL A/B bob l
    alice< s1 OK {*}
    alice> s2 SETACL C bob l
    alice< s2 OK {*}
    alice> s3 SETACL C/D bob l
    alice< s3 OK {*}
    alice> s4 SETACL A bob r
    alice< s4 OK {*}
    bob> A777 LIST "" *
    bob< * LIST (\\HasNoChildren) "/" INBOX
    bob< * LIST (\\HasNoChildren) "/" "Other Users/alice/A/B"
    bob< * LIST (\\HasChildren) "/" "Other Users/alice/C"
    bob< * LIST (\\HasNoChildren) "/" "Other Users/alice/C/D"
    bob< A777 OK LIST completed
  `,
  )
})

/** \Seen is Bob's own here, so it needs no right: only that he may see the messages. */
const copied = (rights: string, ...flags: readonly string[]): string => `
    alice> s1 SETACL TargetMailbox bob l${rights}
    alice< s1 OK {*}
    bob> A003 MYRIGHTS "Other Users/alice/TargetMailbox"
    bob< * MYRIGHTS "Other Users/alice/TargetMailbox" l${rights}{*}
    bob< A003 OK MYRIGHTS completed
    # Without \\Recent the flags are the RFC's.
    bob> e ENABLE IMAP4rev2
    bob< * ENABLED IMAP4rev2
    bob< e OK {*}
    bob> s SELECT INBOX
    bob< ...
    bob< s OK [READ-WRITE] SELECT completed
    bob> A004 FETCH 1:3 (FLAGS)
    bob< * 1 FETCH (FLAGS (\\Deleted \\Draft))
    bob< * 2 FETCH (FLAGS (\\Answered))
    bob< * 3 FETCH (FLAGS (\\Seen $Forwarded))
    bob< A004 OK FETCH completed
    bob> A005 COPY 1:3 "Other Users/alice/TargetMailbox"
    bob< A005 OK [COPYUID {*} 1:3 1:3] COPY completed
    bob> A006 SELECT "Other Users/alice/TargetMailbox"
    bob< ...
    bob< A006 OK {*} SELECT completed
    bob> A007 FETCH 1:3 (FLAGS)
    bob< * 1 FETCH (FLAGS (${flags[0]}))
    bob< * 2 FETCH (FLAGS (${flags[1]}))
    bob< * 3 FETCH (FLAGS (${flags[2]}))
    bob< A007 OK FETCH completed`

for (const [rights, ...flags] of [
  ['rswi', '\\Draft', '\\Answered', '\\Seen $Forwarded'],
  ['rsit', '\\Deleted', '', '\\Seen'],
] as const) {
  test(`§4: COPY with the rights ${rights} keeps the flags that they allow`, async () => {
    const made = testServer()
    const deliver = (flags: number, keywords: readonly string[] = []): Promise<void> =>
      made.deliver(message('', 'x'), { account: 'bob', flags, keywords })
    await all(mailboxes('TargetMailbox'))(made)
    await deliver(Flag.Draft | Flag.Deleted)
    await deliver(Flag.Answered)
    await deliver(Flag.Seen, ['$Forwarded'])
    await playDialogue(made.server, copied(rights, ...flags))
  })
}

/** Alice shares her mailbox "banan" with Bob, who has these rights. */
async function shared(rights: string, text: string): Promise<void> {
  const made = testServer()
  await messages(1, ['banan'])(made)
  await playDialogue(
    made.server,
    `
    alice> s SETACL banan bob ${rights}
    alice< s OK {*}
    ${text.replaceAll('banan', '"Other Users/alice/banan"')}`,
  )
}

test('§5.1.1: RIGHTS= in CAPABILITY', () =>
  playExample(`
    C: 1 capability
    S: * CAPABILITY {*} ACL RIGHTS=texk {*}
    S: 1 OK CAPABILITY completed
  `))

const MAY_NOT_DELETE = `
    bob< * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    bob< * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Seen \\Draft \\*)] {*}
    bob< * 1 EXISTS
    bob< ...
    bob< A142 OK [READ-WRITE] SELECT completed
    bob< * MYRIGHTS banan lrswi
    bob< A143 OK MYRIGHTS completed`

test('§5.1.1: PERMANENTFLAGS by the rights; SELECT and MYRIGHTS at once', () =>
  shared(
    'lrwis',
    `
    bob> A142 SELECT banan\\r\\nA143 MYRIGHTS banan${MAY_NOT_DELETE}
    bob> A144 STORE 1 +FLAGS (\\Deleted \\Draft)
    bob< * 1 FETCH (FLAGS (\\Draft))
    bob< A144 OK STORE completed
  `,
  ))

test('§5.1.1: a pipelined SETACL is done before MYRIGHTS', () =>
  playExample(
    `
    C: a SETACL banan alice lra
    C: b MYRIGHTS banan
    C: c SETACL banan Fred lr
    C: d GETACL banan
    S: a {*}
    S: * MYRIGHTS banan lrswipkxteacd
    S: b OK MYRIGHTS completed
    S: c OK SETACL completed
    S: * ACL banan alice lrswipkxteacd Fred lr
    S: d OK GETACL completed
  `,
    mailboxes('banan'),
  ))

// \Seen is Bob's own, so "s" is no shared flag right: "banan" of example 1. That of "apple" and "pear" needs another store.
for (const [rights, code] of [
  ['lr', 'READ-ONLY'],
  ['lrs', 'READ-ONLY'],
  ['lrk', 'READ-ONLY'],
  ['lrsi', 'READ-WRITE'],
  ['lre', 'READ-WRITE'],
  ['lrt', 'READ-WRITE'],
  ['lrw', 'READ-WRITE'],
  ['rit', 'READ-WRITE'],
  ['rset', 'READ-WRITE'],
] as const) {
  test(`§5.2: SELECT with ${rights} is ${code}`, () =>
    shared(
      rights,
      `
    bob> a SELECT banan
    bob< ...
    bob< a OK [${code}] SELECT completed
  `,
    ))
}

test('§5.2, RFC 9051 §6.3.2: READ-ONLY for all others is no hindrance to flags of one’s own', () =>
  shared(
    'lrs',
    `
    bob> a SELECT banan
    bob< * FLAGS {*}
    bob< * OK [PERMANENTFLAGS (\\Seen)] {*}
    bob< ...
    bob< a OK [READ-ONLY] SELECT completed
    bob> b STORE 1 +FLAGS (\\Seen \\Flagged)
    bob< * 1 FETCH (FLAGS (\\Seen))
    bob< b OK STORE completed
    bob> c EXPUNGE
    bob< c NO [NOPERM] {*}
    bob> d STATUS banan (UNSEEN)
    bob< * STATUS banan (UNSEEN 0)
    bob< d OK STATUS completed
  `,
  ))

test('§4: CLOSE without "e" takes nothing away, and is OK; FETCH without "s" sets no \\Seen', () =>
  shared(
    'lrt',
    `
    bob> a SELECT banan
    bob< ...
    bob< a OK {*}
    bob> b FETCH 1 BODY[TEXT]
    bob< ...
    bob< b OK FETCH completed
    bob> c STORE 1 +FLAGS (\\Deleted)
    bob< * 1 FETCH (FLAGS (\\Deleted))
    bob< c OK STORE completed
    bob> d EXPUNGE
    bob< d NO [NOPERM] {*}
    bob> e CLOSE
    bob< e OK CLOSE completed
    bob> f STATUS banan (MESSAGES UNSEEN)
    bob< * STATUS banan (MESSAGES 1 UNSEEN 1)
    bob< f OK STATUS completed
  `,
  ))

test('§4: RENAME takes "x" of the mailbox and "k" of the new parent; CREATE inherits the list', async () => {
  const made = testServer()
  await mailboxes('A', 'A/B', 'A/B/C', 'D')(made)
  await playDialogue(
    made.server,
    `
    alice> s SETACL A/B/C bob lx
    alice< s OK {*}
    alice> s SETACL D bob l
    alice< s OK {*}
    bob> a RENAME "Other Users/alice/A/B/C" "Other Users/alice/D/E"
    bob< a NO [NOPERM] {*}
    alice> s SETACL D bob lk
    alice< s OK {*}
    bob> b RENAME "Other Users/alice/A/B/C" "Other Users/alice/D/E"
    bob< b OK RENAME completed
    bob> c MYRIGHTS "Other Users/alice/D/E"
    bob< * MYRIGHTS "Other Users/alice/D/E" lxd
    bob< c OK MYRIGHTS completed
    bob> d CREATE "Other Users/alice/D/F"
    bob< d OK {*}
    alice> e GETACL D/F
    alice< * ACL D/F alice lrswipkxteacd bob lkc
    alice< e OK GETACL completed
    alice> f DELETE D/F
    alice< f OK DELETE completed
    alice> g SETACL D bob l
    alice< g OK {*}
    alice> h CREATE D/F
    alice< h OK {*}
    alice> i GETACL D/F
    alice< * ACL D/F alice lrswipkxteacd bob l
    alice< i OK GETACL completed
  `,
  )
})
