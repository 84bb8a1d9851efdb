/**
 * The examples of RFC 5465 (NOTIFY) about messages, after its text. Its examples leave out the parentheses around events and the
 * MessageExpunge that its syntax and its §5 demand; here they stand.
 */
import { test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { message, testServer } from '../servers.js'
import { all, mailboxes, messages, type Setup } from './play.js'

const MORNING = ['Subject: Re: good morning', 'From: myboss@example.org', 'To: bob@example.org', '', 'x']
/** As a literal of APPEND. */
const MAIL = `{${message(...MORNING).length - 2}+}\\r\\n${MORNING.join('\\r\\n')}`

async function play(text: string, ...setup: readonly Setup[]): Promise<void> {
  const made = testServer()
  await all(...setup)(made)
  await playDialogue(made.server, text)
}

const lists: Setup = all(messages(3, ['Lists', 'Lemonade']), mailboxes('Lists/Im2000'), messages(2, ['misc']))

test('§3.1: NOTIFY SET STATUS, a selected mailbox, and one mailbox more', () =>
  play(
    `
    alice> b notify set status (selected (MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge)) (subtree Lists (MessageNew MessageExpunge))
    alice< * STATUS Lists/Lemonade (MESSAGES 3 UIDNEXT 4 UIDVALIDITY {*})
    alice< * STATUS Lists/Im2000 (MESSAGES 0 UIDNEXT 1 UIDVALIDITY {*})
    alice< b OK NOTIFY completed
    alice> c select inbox
    alice< ...
    alice< c OK [READ-WRITE] SELECT completed
    # Time passes. A new message is delivered to mailbox Lists/Lemonade.
    alice2> d1 APPEND Lists/Lemonade ${MAIL}
    alice2< d1 OK {*}
    alice< * STATUS Lists/Lemonade (UIDNEXT 5 MESSAGES 4 UIDVALIDITY {*})
    # Time passes. A new message is delivered to inbox.
    alice2> d2 APPEND inbox ${MAIL}
    alice2< d2 OK {*}
    alice< * 127 EXISTS
    alice< * 1 RECENT
    alice< * 127 FETCH (UID 127 BODY[HEADER.FIELDS (from to subject)] {76}
    alice< Subject: Re: good morning
    alice< From: myboss@example.org
    alice< To: bob@example.org
    alice<
    alice< )
    # The client decides it wants to know about one more mailbox.
    alice> d STATUS misc (UIDVALIDITY UIDNEXT MESSAGES)
    alice< * STATUS misc (UIDVALIDITY {*} UIDNEXT 3 MESSAGES 2)
    alice< d OK STATUS completed
    alice2> d3 APPEND misc ${MAIL}
    alice2< d3 OK {*}
    alice-
    alice> e notify set (selected (MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge)) (subtree Lists (MessageNew MessageExpunge)) (mailboxes misc (MessageNew MessageExpunge))
    alice< e OK NOTIFY completed
    alice2> d4 APPEND misc ${MAIL}
    alice2< d4 OK {*}
    alice< * STATUS misc (UIDNEXT 5 MESSAGES 4 UIDVALIDITY {*})
  `,
    lists,
    messages(126),
  ))

test('§5.1: FlagChange in the selected mailbox, and in another', () =>
  play(
    `
    alice> a select inbox
    alice< ...
    alice< a OK [READ-WRITE] SELECT completed
    alice> b notify set (selected (MessageNew MessageExpunge FlagChange)) (mailboxes Lists/Lemonade (MessageNew MessageExpunge FlagChange))
    alice< b OK NOTIFY completed
    alice2> d1 select inbox
    alice2< ...
    alice2< d1 OK {*}
    alice2> d2 STORE 3 FLAGS.SILENT ($Junk)
    alice2< ...
    alice2< d2 OK STORE completed
    alice< * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)
    alice< * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk \\*)] {*}
    alice< * 3 FETCH (UID 3 FLAGS ($Junk))
    # And in another mailbox, with CONDSTORE in use.
    alice2> d3 select Lists/Lemonade (CONDSTORE)
    alice2< ...
    alice2< * OK [HIGHESTMODSEQ {*}
    alice2< ...
    alice2< d3 OK {*}
    alice2> d4 STORE 1 +FLAGS.SILENT ($Junk)
    alice2< ...
    alice2< d4 OK STORE completed
    alice< * STATUS Lists/Lemonade (UNSEEN 3 UIDVALIDITY {*} HIGHESTMODSEQ {*})
  `,
    messages(3),
    lists,
  ))

test('§5.2: MessageNew in the selected mailbox, and in another', () =>
  play(
    `
    alice> a select inbox
    alice< ...
    alice< a OK [READ-WRITE] SELECT completed
    alice> b notify set (selected (MessageNew (uid) MessageExpunge)) (subtree Lists (MessageNew MessageExpunge))
    alice< b OK NOTIFY completed
    alice2> d1 APPEND inbox ${MAIL}
    alice2< d1 OK {*}
    alice< * 4 EXISTS
    alice< * 1 RECENT
    alice< * 4 FETCH (UID 4)
    alice2> d2 APPEND Lists/Lemonade ${MAIL}
    alice2< d2 OK {*}
    alice< * STATUS Lists/Lemonade (UIDNEXT 5 MESSAGES 4 {*})
  `,
    messages(3),
    lists,
  ))

const expunge = (...answer: readonly string[]): string => `
    alice2> d1 select inbox
    alice2< ...
    alice2< d1 OK {*}
    alice2> d2 UID STORE 2 +FLAGS.SILENT (\\Deleted)
    alice2< d2 OK {*}
    alice2> d3 UID EXPUNGE 2
    alice2< * 2 EXPUNGE
    alice2< d3 OK {*}
    ${answer.join('\n    ')}
    alice-
    alice2> d4 select misc
    alice2< ...
    alice2< d4 OK {*}
    alice2> d5 STORE 1 +FLAGS.SILENT (\\Deleted)
    alice2< d5 OK {*}
    alice2> d6 CLOSE
    alice2< d6 OK {*}
    alice< * STATUS misc (UIDNEXT 3 MESSAGES 1 UIDVALIDITY {*} HIGHESTMODSEQ {*})`

const WATCH = `
    alice> b notify set (selected (MessageNew MessageExpunge)) (mailboxes misc (MessageNew MessageExpunge))
    alice< b OK NOTIFY completed`

test('§5.3: MessageExpunge in the selected mailbox, and in another, without QRESYNC', () =>
  play(
    `
    alice> a select inbox
    alice< ...
    alice< a OK [READ-WRITE] SELECT completed
    ${WATCH}${expunge('alice< * 2 EXPUNGE')}
  `,
    messages(3),
    lists,
  ))

test('§5.3: the same with QRESYNC', () =>
  play(
    `
    alice> q ENABLE QRESYNC
    alice< * ENABLED QRESYNC
    alice< q OK {*}
    alice> a select inbox
    alice< ...
    alice< a OK [READ-WRITE] SELECT completed
    ${WATCH}${expunge('alice< * VANISHED 2')}
  `,
    messages(3),
    lists,
  ))

test('§6: two groups with the same mailbox; SELECTED is stronger than PERSONAL', () =>
  play(
    `
    alice> a notify set (mailboxes INBOX (Messagenew messageExpunge)) (personal (SubscriptionChange))
    alice< a OK NOTIFY completed
    alice2> b1 APPEND INBOX ${MAIL}
    alice2< b1 OK {*}
    alice< * STATUS INBOX (UIDNEXT 2 MESSAGES 1 {*})
    alice2> b2 SUBSCRIBE INBOX
    alice2< b2 OK {*}
    alice< * LIST (\\Subscribed) "/" INBOX
    alice2> b3 APPEND misc ${MAIL}
    alice2< b3 OK {*}
    alice-
    alice> c notify set (selected (Messagenew (uid flags) messageExpunge)) (personal (MessageNew FlagChange MessageExpunge))
    alice< c OK NOTIFY completed
    alice> d select INBOX
    alice< ...
    alice< d OK {*}
    alice2> d0 select INBOX
    alice2< ...
    alice2< d0 OK {*}
    alice2> d1 STORE 1 +FLAGS.SILENT (\\Flagged)
    alice2< d1 OK {*}
    alice-
    alice2> d2 APPEND INBOX (\\Draft) ${MAIL}
    alice2< ...
    alice2< d2 OK {*}
    alice< * 2 EXISTS
    alice< ...
    alice< * 2 FETCH (UID 2 FLAGS (\\Draft{*}))
    alice2> d3 select misc
    alice2< ...
    alice2< d3 OK {*}
    alice2> d4 STORE 1 +FLAGS.SILENT (\\Seen)
    alice2< d4 OK {*}
    alice< * STATUS misc (UNSEEN 2 UIDVALIDITY {*})
  `,
    lists,
  ))

test('§6.1.2: SELECTED-DELAYED keeps expunges back until they may be told', () =>
  play(
    `
    alice> a select inbox
    alice< ...
    alice< a OK {*}
    alice> b notify set (selected-delayed (MessageNew MessageExpunge))
    alice< b OK NOTIFY completed
    alice2> d1 select inbox
    alice2< ...
    alice2< d1 OK {*}
    alice2> d2 UID STORE 2 +FLAGS.SILENT (\\Deleted)
    alice2< d2 OK {*}
    alice2> d3 UID EXPUNGE 2
    alice2< * 2 EXPUNGE
    alice2< d3 OK {*}
    alice-
    alice> c FETCH 3 UID
    alice< * 3 FETCH (UID 3)
    alice< c OK {*}
    alice> d NOOP
    alice< * 2 EXPUNGE
    alice< d OK {*}
  `,
    messages(3),
  ))

test('§7: UPDATE with data of what comes: EXISTS, then FETCH, then ESEARCH', () =>
  play(
    `
    alice> s select inbox
    alice< ...
    alice< s OK {*}
    alice> a00 SEARCH RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (TO FROM SUBJECT)])) FROM "boss"
    alice< * ESEARCH (TAG "a00") COUNT 0
    alice< a00 OK SEARCH completed
    alice> n notify set (selected (MessageNew MessageExpunge FlagChange))
    alice< n OK NOTIFY completed
    alice2> d1 APPEND inbox ${MAIL}
    alice2< d1 OK {*}
    alice< * 4 EXISTS
    alice< * 1 RECENT
    alice< * 4 FETCH (UID 4 BODY[HEADER.FIELDS (TO FROM SUBJECT)] {76}
    alice< Subject: Re: good morning
    alice< From: myboss@example.org
    alice< To: bob@example.org
    alice<
    alice< )
    alice< * ESEARCH (TAG "a00") ADDTO (0 4)
  `,
    messages(3),
  ))
