/** Examples of RFC 3502 (MULTIAPPEND), 4315 (UIDPLUS), 5161 (ENABLE), 6851 (MOVE) and 8508 (REPLACE), after their texts. */
import { test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { message, testServer } from '../servers.js'
import { mailboxes, messages, playExample } from './play.js'

test('RFC 3502 §6.3.11: several messages in one APPEND, and all or none of them', () =>
  playExample(
    `
    C: A003 APPEND saved-messages (\\Seen) {42}
    S: + {*}
    C~ Subject: afternoon meeting\\r\\n\\r\\nHello Joe?\\r\\n (\\\\Seen) " 7-Feb-1994 22:43:04 -0800" {46}\\r\\n
    S: + {*}
    C~ Subject: Re: afternoon meeting\\r\\n\\r\\nIt is fine\\r\\n
    C:
    S: A003 OK [APPENDUID {*} 1:2] APPEND completed
    C: A004 APPEND bogusname (\\Flagged) {1000}
    S: A004 NO [TRYCREATE] {*}
    C: A005 APPEND saved-messages (\\Flagged) {15}
    S: + {*}
    C~ Subject: hmm...  {35403}\\r\\n
    S: A005 NO [TOOBIG] {*}
    C: A006 APPEND saved-messages (\\Flagged) {15}
    S: + {*}
    C~ Subject: hmm... {0}\\r\\n
    S: A006 NO {*}
    C: A007 STATUS saved-messages (MESSAGES UNSEEN SIZE)
    S: * STATUS saved-messages (MESSAGES 2 UNSEEN 0 SIZE 88)
    S: A007 OK STATUS completed
    C: A008 EXAMINE saved-messages
    S: ...
    S: A008 OK [READ-ONLY] EXAMINE completed
    C: A009 FETCH 2 INTERNALDATE
    S: * 2 FETCH (INTERNALDATE " 8-Feb-1994 06:43:04 +0000")
    S: A009 OK FETCH completed
  `,
    mailboxes('saved-messages'),
    { limits: { message: 1_000 } },
  ))

test('RFC 4315 §3: no COPYUID and no APPENDUID to who may not open the mailbox', async () => {
  const made = testServer()
  await mailboxes('funny')(made)
  await made.deliver(message('', 'x'), { account: 'bob' })
  await playDialogue(
    made.server,
    `
    alice> s SETACL funny bob li
    alice< s OK {*}
    bob> s SELECT INBOX
    bob< ...
    bob< s OK {*}
    bob> A006 COPY 1 "Other Users/alice/funny"
    bob< A006 OK COPY completed
    bob> A007 APPEND "Other Users/alice/funny" {4+}\\r\\n\\r\\n\\r\\n
    bob< A007 OK APPEND completed
    alice> A008 STATUS funny (MESSAGES)
    alice< * STATUS funny (MESSAGES 2)
    alice< A008 OK STATUS completed
  `,
  )
})

test('RFC 5161 §3.1: ENABLE leaves CAPABILITY as it is, adds up, and tells only what is new', () =>
  playExample(`
    C: t1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 {*} ENABLE {*} CONDSTORE QRESYNC {*}
    S: t1 OK CAPABILITY completed
    C: t2 ENABLE CONDSTORE X-GOOD-IDEA
    S: * ENABLED CONDSTORE
    S: t2 OK ENABLE completed
    C: t3 CAPABILITY
    S: * CAPABILITY IMAP4rev1 {*} ENABLE {*} CONDSTORE QRESYNC {*}
    S: t3 OK CAPABILITY completed
    C: t4 ENABLE QRESYNC CONDSTORE
    S: * ENABLED QRESYNC
    S: t4 OK ENABLE completed
    C: t5 ENABLE NAMESPACE
    S: * ENABLED
    S: t5 OK ENABLE completed
    C: t6 ENABLE
    S: t6 BAD {*}
  `))

test('RFC 6851 §3.3, §4.3, §4.4: UID MOVE with COPYUID first; VANISHED and HIGHESTMODSEQ after ENABLE QRESYNC (RFC 8508 §4.5)', () =>
  playExample(
    `
    C: s SELECT INBOX
    S: ...
    S: s OK {*}
    C: a UID MOVE 4:6 foo
    S: * OK [COPYUID {*} 4:6 1:3] {*}
    S: * 4 EXPUNGE
    S: * 4 EXPUNGE
    S: * 4 EXPUNGE
    S: a OK MOVE completed
    C: b MOVE 1 nowhere
    S: b NO [TRYCREATE] {*}
    C: c MOVE 1 INBOX
    S: * OK [COPYUID {*} 1 8] {*}
    S: * 1 EXPUNGE
    S: * 4 EXISTS
    S: ...
    S: c OK MOVE completed
    C: d UNSELECT
    S: d OK {*}
    C: e ENABLE QRESYNC
    S: * ENABLED QRESYNC
    S: e OK {*}
    C: f SELECT INBOX
    S: ...
    S: f OK {*}
    C: g UID MOVE 2:3 foo
    S: * OK [COPYUID {*} 2:3 4:5] {*}
    S: * VANISHED 2:3
    S: g OK [HIGHESTMODSEQ 12] MOVE completed
    C: h UID REPLACE 7 INBOX {2}
    S: + {*}
    C~ \\r\\n\\r\\n
    S: * OK [APPENDUID {*} 9] {*}
    S: * VANISHED 7
    S: * 2 EXISTS
    S: ...
    S: h OK [HIGHESTMODSEQ 13] REPLACE completed
  `,
    async (made) => {
      await messages(7)(made)
      await mailboxes('foo')(made)
    },
  ))

const NEW_YEAR = 'Subject: happy new year !!\\r\\n\\r\\nJust saw the best fireworks show.\\r\\n'

test('RFC 8508 §3.2 to §3.4: REPLACE and UID REPLACE; only what they add counts for the quota', () =>
  playExample(
    `
    C: s SELECT Drafts
    S: ...
    S: s OK {*}
    C: A003 REPLACE 4 Drafts (\\Seen \\Draft) {65}
    S: + {*}
    C~ ${NEW_YEAR}\\r\\n
    S: * OK [APPENDUID {*} 5] {*}
    S: * 4 EXPUNGE
    S: * 4 EXISTS
    S: ...
    S: A003 OK REPLACE completed
    C: A004 UID REPLACE 5 Drafts (\\Seen \\Draft) {65}
    S: + {*}
    C~ ${NEW_YEAR}\\r\\n
    S: * OK [APPENDUID {*} 6] {*}
    S: * 4 EXPUNGE
    S: * 4 EXISTS
    S: ...
    S: A004 OK REPLACE completed
    C: A005 UID FETCH 6 FLAGS
    S: * 4 FETCH (UID 6 FLAGS (\\Seen \\Draft{*}))
    S: A005 OK FETCH completed
    C: A006 REPLACE 1 nowhere {65}
    S: A006 NO [TRYCREATE] {*}
    C: A007 STATUS Drafts (MESSAGES DELETED)
    S: * STATUS Drafts (MESSAGES 4 DELETED 0)
    S: A007 OK STATUS completed
    C: A008 UNSELECT
    S: A008 OK {*}
    C: A009 REPLACE 1 Drafts {65}
    S: A009 BAD {*}
  `,
    async (made) => {
      await messages(4, ['Drafts'])(made)
      made.store.setQuota('alice', { messages: 4 })
    },
  ))
