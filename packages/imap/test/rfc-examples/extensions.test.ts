/** Examples of the RFCs that extend IMAP: states, literals, limits, sizes, what lists and searches tell more. */
import { test } from 'vitest'
import { message } from '../servers.js'
import { all, mailboxes, messages, playExample } from './play.js'

const SELECT = `
    C: s1 SELECT INBOX
    S: ...
    S: s1 OK [READ-WRITE] SELECT completed`

test('RFC 3516 §7: BINARY', () =>
  playExample(
    `${SELECT}
    C: 4 FETCH 1 BINARY.SIZE[1]
    S: * 1 FETCH (BINARY.SIZE[1] 11)
    S: 4 OK FETCH completed
    C: 5 FETCH 1 BINARY[1]
    S: * 1 FETCH (BINARY[1] {11}
    S: Hello World FLAGS (\\Seen{*}))
    S: 5 OK FETCH completed
    C: 6 FETCH 2 BINARY[1]
    S: 6 NO [UNKNOWN-CTE] {*}
  `,
    async (made) => {
      await made.deliver(message('Content-Transfer-Encoding: base64', '', 'SGVsbG8gV29ybGQ='))
      await made.deliver(message('Content-Transfer-Encoding: x-unknown', '', 'x'))
    },
  ))

test('RFC 3502 §3: MULTIAPPEND', () =>
  playExample(
    `
    C: A003 APPEND saved-messages (\\Seen) {15}
    S: + {*}
    C~ Subject: a\\r\\n\\r\\nx (\\\\Seen) " 7-Feb-1994 22:43:04 -0800" {15}\\r\\n
    S: + {*}
    C~ Subject: b\\r\\n\\r\\ny\\r\\n
    S: A003 OK [APPENDUID {*} 1:2] APPEND completed
    C: A004 STATUS saved-messages (MESSAGES UNSEEN SIZE)
    S: * STATUS saved-messages (MESSAGES 2 UNSEEN 0 SIZE 30)
    S: A004 OK STATUS completed
  `,
    mailboxes('saved-messages'),
  ))

test('RFC 7888 §3: literals that nobody waits for', () =>
  playExample(`
    C: A001 UNAUTHENTICATE
    S: A001 OK {*}
    C~ A001 LOGIN {5+}\\r\\nalice {6+}\\r\\nsecret\\r\\n
    S: A001 OK {*}
  `))

test('RFC 7889 §4: a message that is too large is refused before it comes', () =>
  playExample(
    `
    C: t1 STATUS INBOX (APPENDLIMIT)
    S: * STATUS INBOX (APPENDLIMIT 1000)
    S: t1 OK STATUS completed
    C: t2 APPEND INBOX (\\Seen) {1001}
    S: t2 NO [TOOBIG] {*}
  `,
    undefined,
    { limits: { message: 1000 } },
  ))

test('RFC 8970 §3.1: PREVIEW', () =>
  playExample(
    `${SELECT}
    C: A1 FETCH 1 (PREVIEW)
    S: * 1 FETCH (PREVIEW "This is a preview!")
    S: A1 OK FETCH completed
    C: A2 FETCH 1 (PREVIEW (LAZY))
    S: * 1 FETCH (PREVIEW "This is a preview!")
    S: A2 OK FETCH completed
  `,
    (made) => made.deliver(message('Subject: x', '', 'This is a preview!')),
  ))

test('RFC 8514 §4: SAVEDATE', () =>
  playExample(
    `${SELECT}
    C: A1 FETCH 1 SAVEDATE
    S: * 1 FETCH (SAVEDATE " 1-Jan-2026 00:00:00 +0000")
    S: A1 OK FETCH completed
    C: A2 SEARCH SAVEDATESUPPORTED
    S: * SEARCH 1
    S: A2 OK SEARCH completed
    C: A3 SEARCH SAVEDON 1-Jan-2026
    S: * SEARCH 1
    S: A3 OK SEARCH completed
    C: A4 SEARCH SAVEDBEFORE 1-Jan-2026
    S: * SEARCH
    S: A4 OK SEARCH completed
  `,
    messages(1),
  ))

test('RFC 8440 §3: LIST-MYRIGHTS', () =>
  playExample(
    `
    C: A01 LIST "" % RETURN (MYRIGHTS)
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * MYRIGHTS INBOX {*}
    S: * LIST (\\HasNoChildren) "/" foo
    S: * MYRIGHTS foo {*}
    S: A01 OK LIST completed
  `,
    mailboxes('foo'),
  ))

test('RFC 9590 §3: LIST-METADATA', () =>
  playExample(
    `
    C: 1 SETMETADATA foo (/shared/vendor/cmu/cyrus-imapd/color "#b71c1c")
    S: 1 OK SETMETADATA completed
    C: 2 LIST "" % RETURN (METADATA (/shared/vendor/cmu/cyrus-imapd/color))
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * METADATA INBOX (/shared/vendor/cmu/cyrus-imapd/color NIL)
    S: * LIST (\\HasNoChildren) "/" foo
    S: * METADATA foo (/shared/vendor/cmu/cyrus-imapd/color "#b71c1c")
    S: 2 OK LIST completed
  `,
    mailboxes('foo'),
  ))

test('RFC 7377 §2.1: MULTISEARCH', () =>
  playExample(
    `
    C: tag1 ESEARCH IN (mailboxes "folder1" subtree "folder2") unseen subject "chad"
    S: * ESEARCH (TAG "tag1" MAILBOX folder1 UIDVALIDITY {*}) UID ALL 1:2
    S: * ESEARCH (TAG "tag1" MAILBOX folder2/salmon UIDVALIDITY {*}) UID ALL 1
    S: tag1 OK {*}
    C: tag2 ESEARCH IN (mailboxes "folder1") unseen subject "nothing like it"
    S: tag2 OK {*}
  `,
    all(mailboxes('folder1', 'folder2', 'folder2/salmon'), async (made) => {
      for (const path of [['folder1'], ['folder1'], ['folder2', 'salmon']]) {
        await made.deliver(message('Subject: Chad', '', 'x'), { path })
      }
    }),
  ))

test('RFC 9755 §3: UTF8=ACCEPT', () =>
  playExample(`
    C: a ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: a OK ENABLE completed
    C: b CREATE "Grüße"
    S: b OK {*}
    C: c LIST "" "Gr*"
    S: * LIST (\\HasNoChildren) "/" "Grüße"
    S: c OK LIST completed
  `))

test('RFC 6203 §3: FUZZY', () =>
  playExample(
    `${SELECT}
    C: A1 SEARCH FUZZY (SUBJECT "IMAP break")
    S: * SEARCH 1 5
    S: A1 OK SEARCH completed
  `,
    async (made) => {
      const subjects = ['How to break IMAP', 'Lunch', 'Tea', 'Coffee', 'IMAP: breaking changes']
      for (const subject of subjects) await made.deliver(message(`Subject: ${subject}`, '', 'x'))
    },
  ))
