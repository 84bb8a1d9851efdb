/**
 * What well-known clients send, in their order, spelling and timing: tags with dots, lower case, quotes around
 * everything, DONE and the next command in one packet, SELECT without CLOSE. Each is played whole and octet by octet,
 * over both stores.
 */
import { playTranscript } from '@posthouse/wire/testing'
import { describe, test } from 'vitest'
import { testServer } from './servers.js'
import { emptyStore, STORE_KINDS } from './stores.js'

const MAIL =
  'From: a@example.org\\r\\nSubject: one\\r\\nContent-Type: text/plain\\r\\nMessage-ID: <1@x>\\r\\n\\r\\nHello.\\r\\n'
const SIZE = MAIL.replaceAll('\\r\\n', '\r\n').length

const FILL = `
  S: * OK {*}
  C: f1 LOGIN alice secret
  S: f1 OK {*}
  C: f2 APPEND INBOX {${SIZE}+}
  C~ ${MAIL}\\r\\n
  S: f2 OK {*}
  C: f3 APPEND INBOX (\\Seen) {${SIZE}+}
  C~ ${MAIL}\\r\\n
  S: f3 OK {*}
  C: f4 CREATE Trash (USE (\\Trash))
  S: f4 OK {*}
  C: f5 CREATE "Sent Messages" (USE (\\Sent))
  S: f5 OK {*}
  C: f6 SUBSCRIBE INBOX
  S: f6 OK {*}
  C: f7 SUBSCRIBE Trash
  S: f7 OK {*}
  C: f8 LOGOUT
  S: ...
  S: f8 OK {*}
`

const CLIENTS: Readonly<Record<string, string>> = {
  'Mail on iOS': `
    S: * OK {*}
    C: 1 CAPABILITY
    S: * CAPABILITY {*}
    S: 1 OK {*}
    C: 2 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
    S: 2 OK [CAPABILITY {*}] {*}
    C: 3 ID ("name" "iPhone Mail" "version" "20G75" "os" "iOS" "os-version" "16.6 (20G75)")
    S: * ID ({*})
    S: 3 OK {*}
    C: 4 NAMESPACE
    S: * NAMESPACE (("" "/")) {*}
    S: 4 OK {*}
    C: 5 LIST "" "*"
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\HasNoChildren \\Sent) "/" "Sent Messages"
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: 5 OK {*}
    C: 6 ENABLE QRESYNC
    S: * ENABLED {*}
    S: 6 OK {*}
    C: 7 SELECT INBOX
    S: ...
    S: 7 OK [READ-WRITE] {*}
    C: 8 UID SEARCH RETURN (MIN MAX COUNT) 1:* NOT DELETED
    S: * ESEARCH (TAG "8") UID MIN 1 MAX 2 COUNT 2
    S: 8 OK {*}
    C: 9 UID FETCH 1:2 (INTERNALDATE UID RFC822.SIZE FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash authentication-results dkim-signature)])
    S: * 1 FETCH (INTERNALDATE "{*}" UID 1 RFC822.SIZE ${SIZE} FLAGS ({*}) MODSEQ ({*}) BODY[HEADER.FIELDS (date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash authentication-results dkim-signature)] {*}
    S: ...
    S: 9 OK {*}
    C: 10 UID FETCH 1 (BODYSTRUCTURE BODY.PEEK[HEADER])
    S: * 1 FETCH (UID 1 BODYSTRUCTURE ("text" "plain" {*}) BODY[HEADER] {*}
    S: ...
    S: 10 OK {*}
    C: 11 UID FETCH 1 BODY.PEEK[1]<0.524288>
    S: * 1 FETCH (UID 1 BODY[1]<0> {8}
    S: Hello.
    S: )
    S: 11 OK {*}
    C: 12 UID STORE 1 +FLAGS.SILENT (\\Seen)
    S: * 1 FETCH (UID 1 FLAGS ({*}) MODSEQ ({*}))
    S: 12 OK {*}
    C: 13 IDLE
    S: + idling
    C~ DONE\\r\\n14 UID MOVE 1 Trash\\r\\n
    S: 13 OK {*}
    S: * OK [COPYUID {*} 1 1] {*}
    S: * VANISHED 1
    S: ...
    S: 14 OK {*}
    C: 15 SELECT Trash (QRESYNC (1 1))
    S: * OK [CLOSED] {*}
    S: ...
    S: 15 OK [READ-WRITE] {*}
    C: 16 LOGOUT
    S: * BYE {*}
    S: 16 OK {*}
    -- closed --`,

  Outlook: `
    S: * OK {*}
    C: p1c0 CAPABILITY
    S: * CAPABILITY {*}
    S: p1c0 OK {*}
    C: yr1f LOGIN "alice" "secret"
    S: yr1f OK {*}
    C: g8zk LIST "" ""
    S: * LIST (\\Noselect) "/" ""
    S: g8zk OK {*}
    C: m2c4 LIST "" "*"
    S: ...
    S: m2c4 OK {*}
    C: kj0e LSUB "" "*"
    S: * LSUB () "/" INBOX
    S: * LSUB () "/" Trash
    S: kj0e OK {*}
    C: x1 CREATE "Sent Items"
    S: x1 OK {*}
    C: x2 SUBSCRIBE "Sent Items"
    S: x2 OK {*}
    C: 8sgu STATUS "inbox" (UNSEEN)
    S: * STATUS INBOX (UNSEEN 1)
    S: 8sgu OK {*}
    C: 90ow SELECT "inbox"
    S: ...
    S: 90ow OK [READ-WRITE] {*}
    C: 1gze UID FETCH 1:* (UID FLAGS)
    S: * 1 FETCH (UID 1 FLAGS ({*}))
    S: * 2 FETCH (UID 2 FLAGS (\\Seen{*}))
    S: 1gze OK {*}
    C: q7l2 UID FETCH 1,2 (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER] INTERNALDATE)
    S: * 1 FETCH (UID 1 FLAGS ({*}) RFC822.SIZE ${SIZE} BODY[HEADER] {*}
    S: ...
    S: q7l2 OK {*}
    C: 0b2v UID FETCH 2 (BODY.PEEK[] UID RFC822.SIZE)
    S: ...
    S: 0b2v OK {*}
    C: s7aa STATUS "inbox" (UNSEEN MESSAGES)
    S: * STATUS INBOX (UNSEEN 1 MESSAGES 2)
    S: s7aa OK {*}
    C: r5aa UID STORE 1 +FLAGS (\\Deleted \\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\\Deleted \\Seen{*}))
    S: r5aa OK {*}
    C: u6aa APPEND "Sent Items" (\\Seen) {${SIZE}}
    S: + {*}
    C~ ${MAIL}\\r\\n
    S: u6aa OK {*}
    C: w7aa IDLE
    S: + idling
    C: DONE
    S: w7aa OK {*}
    C: z1aa EXPUNGE
    S: * 1 EXPUNGE
    S: ...
    S: z1aa OK {*}
    C: z2aa SELECT "Sent Items"
    S: * OK [CLOSED] {*}
    S: ...
    S: z2aa OK [READ-WRITE] {*}
    C: z3aa CLOSE
    S: z3aa OK {*}
    -- end --
    -- closed --`,

  Thunderbird: `
    S: * OK {*}
    C: 1 capability
    S: * CAPABILITY {*}
    S: 1 OK {*}
    C: 2 authenticate PLAIN
    S: + {*}
    C: AGFsaWNlAHNlY3JldA==
    S: 2 OK {*}
    C: 3 ID ("name" "Thunderbird" "version" "128.5.0")
    S: * ID ({*})
    S: 3 OK {*}
    C: 4 enable UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: 4 OK {*}
    C: 5 namespace
    S: * NAMESPACE {*}
    S: 5 OK {*}
    C: 6 list (subscribed) "" "*" return (special-use)
    S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
    S: * LIST (\\HasNoChildren \\Trash \\Subscribed) "/" Trash
    S: 6 OK {*}
    C: 7 list "" "INBOX"
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: 7 OK {*}
    C: 8 select "INBOX" (CONDSTORE)
    S: ...
    S: 8 OK [READ-WRITE] {*}
    C: 9 myrights "INBOX"
    S: * MYRIGHTS INBOX {*}
    S: 9 OK {*}
    C: 10 UID fetch 1:* (FLAGS)
    S: * 1 FETCH (UID 1 FLAGS ({*}))
    S: * 2 FETCH (UID 2 FLAGS (\\Seen{*}))
    S: 10 OK {*}
    C: 11 UID fetch 1:2 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])
    S: * 1 FETCH (UID 1 RFC822.SIZE ${SIZE} FLAGS ({*}) BODY[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)] {*}
    S: ...
    S: 11 OK {*}
    C: 12 IDLE
    S: + idling
    C: DONE
    S: 12 OK {*}
    C: 13 UID fetch 1 (UID RFC822.SIZE BODY[])
    S: * 1 FETCH (UID 1 RFC822.SIZE ${SIZE} BODY[] {${SIZE}}
    S: ...
    S: 13 OK {*}
    C: 14 uid store 1 +Flags (\\Seen $label1 NonJunk)
    S: * FLAGS ({*}$label1{*})
    S: ...
    S: 14 OK {*}
    C: 15 uid copy 1 "Trash"
    S: 15 OK [COPYUID {*} 1 1] {*}
    C: 16 uid store 1 +FLAGS (\\Deleted)
    S: * 1 FETCH (UID 1 FLAGS (\\Deleted \\Seen{*}) MODSEQ ({*}))
    S: 16 OK {*}
    C: 17 noop
    S: 17 OK {*}
    C: 18 check
    S: 18 OK {*}
    C: 19 close
    S: 19 OK {*}
    C: 20 logout
    S: * BYE {*}
    S: 20 OK {*}`,

  'Mail on macOS': `
    S: * OK {*}
    C: 1.1 CAPABILITY
    S: ...
    S: 1.1 OK {*}
    C: 2.1 LOGIN alice secret
    S: 2.1 OK {*}
    C: 3.1 ID ("name" "Mac OS X Mail" "version" "16.0 (3731.700.6)" "os" "Mac OS X" "os-version" "13.6 (22G120)" "vendor" "Apple Inc.")
    S: ...
    S: 3.1 OK {*}
    C: 4.1 LIST "" *
    S: ...
    S: 4.1 OK {*}
    C: 5.1 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)
    S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY {*} UNSEEN 1 HIGHESTMODSEQ {*})
    S: 5.1 OK {*}
    C: 6.1 SELECT INBOX
    S: ...
    S: 6.1 OK [READ-WRITE] {*}
    C: 7.1 FETCH 1:2 (FLAGS UID)
    S: * 1 FETCH (FLAGS ({*}) UID 1{*})
    S: * 2 FETCH (FLAGS (\\Seen{*}) UID 2{*})
    S: 7.1 OK {*}
    C: 8.1 UID FETCH 1 (BODYSTRUCTURE BODY.PEEK[HEADER])
    C: 8.2 UID FETCH 2 (BODYSTRUCTURE BODY.PEEK[HEADER])
    S: * 1 FETCH (UID 1 BODYSTRUCTURE {*}
    S: ...
    S: 8.1 OK {*}
    S: * 2 FETCH (UID 2 BODYSTRUCTURE {*}
    S: ...
    S: 8.2 OK {*}
    C: 9.1 UID FETCH 1 BODY.PEEK[1]<0.51200>
    S: ...
    S: 9.1 OK {*}
    C: 10.1 UID STORE 1 +FLAGS.SILENT (\\Seen NonJunk $NotJunk JunkRecorded)
    S: * FLAGS ({*}JunkRecorded{*})
    S: ...
    S: 10.1 OK {*}
    C: 11.1 APPEND "Drafts" (\\Seen \\Draft $NotJunk) {${SIZE}}
    S: 11.1 NO [TRYCREATE] {*}
    C: 12.1 CREATE "Drafts"
    S: 12.1 OK {*}
    C: 13.1 APPEND "Drafts" (\\Seen \\Draft $NotJunk) {${SIZE}}
    S: + {*}
    C~ ${MAIL}\\r\\n
    S: 13.1 OK [APPENDUID {*} 1] {*}
    C: 14.1 UID COPY 1 "Trash"
    S: 14.1 OK [COPYUID {*} 1 1] {*}
    C: 15.1 UID STORE 1 +FLAGS.SILENT (\\Deleted)
    S: ...
    S: 15.1 OK {*}
    C: 16.1 UID EXPUNGE 1
    S: * 1 EXPUNGE
    S: ...
    S: 16.1 OK {*}
    C: 17.1 GETQUOTAROOT "INBOX"
    S: * QUOTAROOT INBOX{*}
    S: ...
    S: 17.1 OK {*}
    C: 18.1 LOGOUT
    S: * BYE {*}
    S: 18.1 OK {*}`,

  'Gmail on Android': `
    S: * OK {*}
    C: 1 CAPABILITY
    S: ...
    S: 1 OK {*}
    C: 2 ID ("name" "com.google.android.gm" "os" "android" "os-version" "13; TQ3A" "vendor" "google" "x-android-device-model" "Pixel")
    S: * ID ({*})
    S: 2 OK {*}
    C: 3 LOGIN "alice" {6}
    S: + {*}
    C: secret
    S: 3 OK {*}
    C: 4 CAPABILITY
    S: ...
    S: 4 OK {*}
    C: 5 LIST "" "*"
    S: ...
    S: 5 OK {*}
    C: 6 SELECT "INBOX"
    S: ...
    S: 6 OK [READ-WRITE] {*}
    C: 7 UID SEARCH 1:2 NOT DELETED
    S: * SEARCH 1 2
    S: 7 OK {*}
    C: 8 UID SEARCH NOT DELETED SINCE 01-Jan-2000
    S: * SEARCH 1 2
    S: 8 OK {*}
    C: 9 UID FETCH 1,2 (UID FLAGS)
    S: ...
    S: 9 OK {*}
    C: 10 UID FETCH 2,1 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (date subject from content-type to cc message-id)])
    S: ...
    S: 10 OK {*}
    C: 11 UID FETCH 1 (UID BODYSTRUCTURE)
    S: * 1 FETCH (UID 1 BODYSTRUCTURE {*})
    S: 11 OK {*}
    C: 12 UID FETCH 1 (UID BODY.PEEK[1]<0.2048000>)
    S: * 1 FETCH (UID 1 BODY[1]<0> {8}
    S: Hello.
    S: )
    S: 12 OK {*}
    C: 13 UID STORE 1 +FLAGS.SILENT (\\SEEN)
    S: 13 OK {*}
    C: 14 UID SEARCH (UID 1 HEADER MESSAGE-ID <1@x>)
    S: * SEARCH 1
    S: 14 OK {*}
    C: 15 UID SEARCH HEADER MESSAGE-ID "<1@x>" UNDELETED
    S: * SEARCH 1 2
    S: 15 OK {*}
    C: 16 UID COPY 1 "Trash"
    S: 16 OK {*}
    C: 17 UID STORE 1 +FLAGS (\\DELETED)
    S: ...
    S: 17 OK {*}
    C: 18 EXPUNGE
    S: * 1 EXPUNGE
    S: ...
    S: 18 OK {*}
    C: 19 APPEND "Sent Messages" (\\SEEN) {${SIZE}}
    S: + {*}
    C~ ${MAIL}\\r\\n
    S: 19 OK [APPENDUID {*} 1] {*}
    C: 20 STATUS "INBOX" (UNSEEN MESSAGES)
    S: * STATUS INBOX (UNSEEN 0 MESSAGES 1)
    S: 20 OK {*}`,
}

describe.each(STORE_KINDS)('over a store in %s', (kind) => {
  test.each(Object.keys(CLIENTS))('%s', async (name) => {
    for (const cut of ['batch', 'octets'] as const) {
      const { server } = testServer({ store: await emptyStore(kind) })
      await playTranscript(server, FILL)
      await playTranscript(server, CLIENTS[name] as string, { cut })
    }
  })
})
