/** NOTIFY (RFC 5465), and METADATA that nobody asked for (RFC 5464 §4.1). */
import { Flag } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import { DialogueClient, playDialogue } from './dialogue.js'
import { HELLO, message, serverOver, type TestServer, testServer } from './servers.js'

async function play(text: string, setup?: (made: TestServer) => Promise<void>): Promise<void> {
  const made = testServer()
  await made.deliver(HELLO)
  await setup?.(made)
  await playDialogue(made.server, text)
}

const lists = async (made: TestServer): Promise<void> => {
  await made.deliver(HELLO, { path: ['Lists', 'Lemonade'] })
  await made.deliver(HELLO, { path: ['misc'] })
}

const MAIL = '{12+}\\r\\nSubject: n\\r\\n'

test('RFC 5465 §4: SET STATUS tells how things are, then what changes', () =>
  play(
    `
    alice> a1 NOTIFY SET STATUS (selected MessageNew (uid) MessageExpunge) (subtree Lists MessageNew)
    alice< a1 BAD "(" expected
    alice> a2 NOTIFY SET STATUS (selected (MessageNew (uid) MessageExpunge)) (subtree Lists (MessageNew MessageExpunge))
    alice< * STATUS Lists/Lemonade (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {*} HIGHESTMODSEQ {*})
    alice< a2 OK NOTIFY completed
    alice2> b1 APPEND Lists/Lemonade ${MAIL}
    alice2< b1 OK {*}
    alice< * STATUS Lists/Lemonade (UIDNEXT 3 MESSAGES 2 UIDVALIDITY 2 HIGHESTMODSEQ {*})
    alice2> b2 APPEND misc ${MAIL}
    alice2< b2 OK {*}
    alice-
    alice> a3 NOTIFY NONE
    alice< a3 OK NOTIFY completed
    alice2> b3 APPEND Lists/Lemonade ${MAIL}
    alice2< b3 OK {*}
    alice-
  `,
    lists,
  ))

test('RFC 5465 §5.1: new messages of the selected mailbox come with what was asked, at once', () =>
  play(
    `
    alice> a1 SELECT INBOX
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    alice> a2 NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (Subject)]) MessageExpunge FlagChange))
    alice< a2 OK NOTIFY completed
    alice2> b1 APPEND INBOX ${MAIL}
    alice2< b1 OK {*}
    alice< * 2 EXISTS
    alice< * 1 RECENT
    alice< * 2 FETCH (UID 2 BODY[HEADER.FIELDS (Subject)] {14}
    alice< Subject: n
    alice<
    alice< )
    alice2> b2 SELECT INBOX
    alice2< ...
    alice2< b2 OK [READ-WRITE] SELECT completed
    alice2> b3 STORE 1 +FLAGS (\\Deleted)
    alice2< * 1 FETCH {*}
    alice2< b3 OK STORE completed
    alice< * 1 FETCH (UID 1 FLAGS (\\Deleted))
    alice2> b4 EXPUNGE
    alice2< * 1 EXPUNGE
    alice2< b4 OK EXPUNGE completed
    alice< * 1 EXPUNGE
    alice> a3 FETCH 1 UID
    alice< * 1 FETCH (UID 2)
    alice< a3 OK FETCH completed
  `,
  ))

test('RFC 5465 §6.2: SELECTED-DELAYED leaves expunges for when they may be told', () =>
  play(
    `
    alice> a1 SELECT INBOX
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    alice> a2 NOTIFY SET (selected-delayed (MessageNew (FLAGS) MessageExpunge))
    alice< a2 OK NOTIFY completed
    alice2> b1 APPEND INBOX (\\Seen) ${MAIL}
    alice2< b1 OK {*}
    alice< * 2 EXISTS
    alice< * 1 RECENT
    alice< * 2 FETCH (FLAGS (\\Seen \\Recent))
    alice2> b2 SELECT INBOX
    alice2< ...
    alice2< b2 OK [READ-WRITE] SELECT completed
    alice2> b3 MOVE 1 Elsewhere
    alice2< b3 NO [TRYCREATE] No such mailbox
    alice2> b4 STORE 1 +FLAGS.SILENT (\\Deleted)
    alice2< b4 OK STORE completed
    alice2> b5 EXPUNGE
    alice2< * 1 EXPUNGE
    alice2< b5 OK EXPUNGE completed
    alice-
    alice> a3 NOOP
    alice< * 1 EXPUNGE
    alice< a3 OK NOOP completed
  `,
  ))

test('RFC 5465 §5.1: flags come with the UID, behind a command as without one', () =>
  play(
    `
    alice> a1 SELECT INBOX
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    alice> a2 NOTIFY SET (selected (MessageNew MessageExpunge))
    alice< a2 OK NOTIFY completed
    alice2> b1 SELECT INBOX
    alice2< ...
    alice2< b1 OK [READ-WRITE] SELECT completed
    alice2> b2 STORE 1 +FLAGS.SILENT (\\Seen)
    alice2< b2 OK STORE completed
    alice-
    alice> a3 NOOP
    alice< * 1 FETCH (UID 1 FLAGS (\\Seen))
    alice< a3 OK NOOP completed
  `,
  ))

test('RFC 5465 §3.1: without SELECTED, and after NONE, the selected mailbox stays as it is', () =>
  play(
    `
    alice> a1 SELECT INBOX
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    alice2> b1 SELECT INBOX
    alice2< ...
    alice2< b1 OK [READ-WRITE] SELECT completed
    alice2> b2 APPEND INBOX ${MAIL}
    alice2< ...
    alice2< b2 OK {*}
    alice> a2 NOTIFY SET (personal (MessageNew MessageExpunge))
    alice< * 2 EXISTS
    alice< a2 OK NOTIFY completed
    alice2> b3 STORE 1 +FLAGS.SILENT (\\Deleted)
    alice2< b3 OK STORE completed
    alice2> b4 APPEND INBOX ${MAIL}
    alice2< ...
    alice2< b4 OK {*}
    alice> a3 NOOP
    alice< a3 OK NOOP completed
    alice> a4 NOTIFY SET (selected NONE)
    alice< * 3 EXISTS
    alice< * 1 FETCH (FLAGS (\\Deleted))
    alice< a4 OK NOTIFY completed
    alice2> b5 EXPUNGE
    alice2< * 1 EXPUNGE
    alice2< b5 OK EXPUNGE completed
    alice> a5 NOOP
    alice< a5 OK NOOP completed
    alice> a6 FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])
    alice< * 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {18}
    alice< Subject: Hello
    alice<
    alice< )
    alice< a6 OK {*}
    alice> a7 NOTIFY NONE
    alice< a7 OK NOTIFY completed
    alice> a8 IDLE
    alice< + idling
    alice2> b6 STORE 1 +FLAGS.SILENT (\\Deleted)
    alice2< b6 OK STORE completed
    alice-
    alice> DONE
    alice< a8 OK IDLE completed
    alice> a9 EXPUNGE
    alice< ...
    alice< a9 OK EXPUNGE completed
    alice> a10 NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))
    alice< a10 OK NOTIFY completed
    alice2> b7 APPEND INBOX ${MAIL}
    alice2< ...
    alice2< b7 OK {*}
    alice< * 2 EXISTS
  `,
  ))

test('RFC 5465 §5.4, §5.5: names and subscriptions', () =>
  play(
    `
    alice> a1 NOTIFY SET (personal (MailboxName SubscriptionChange))
    alice< a1 OK NOTIFY completed
    alice2> b1 CREATE NewMailbox
    alice2< b1 OK {*}
    alice< * LIST () "/" NewMailbox
    alice2> b2 RENAME NewMailbox Renamed
    alice2< b2 OK RENAME completed
    alice< * LIST () "/" Renamed ("OLDNAME" (NewMailbox))
    alice2> b3 SUBSCRIBE Renamed
    alice2< b3 OK SUBSCRIBE completed
    alice< * LIST (\\Subscribed) "/" Renamed
    alice2> b4 UNSUBSCRIBE Renamed
    alice2< b4 OK UNSUBSCRIBE completed
    alice< * LIST () "/" Renamed
    alice2> b5 DELETE Renamed
    alice2< b5 OK DELETE completed
    alice< * LIST (\\NonExistent) "/" Renamed
  `,
  ))

test('RFC 5465 §5.3: flags in other mailboxes; NONE takes a mailbox out of every group', () =>
  play(
    `
    alice> a1 NOTIFY SET (mailboxes misc NONE) (personal (MessageNew MessageExpunge FlagChange))
    alice< a1 OK NOTIFY completed
    alice2> b1 SELECT Lists/Lemonade
    alice2< ...
    alice2< b1 OK [READ-WRITE] SELECT completed
    alice2> b2 STORE 1 +FLAGS.SILENT (\\Seen \\Deleted)
    alice2< b2 OK STORE completed
    alice< * STATUS Lists/Lemonade (UNSEEN 0 UIDVALIDITY 2 HIGHESTMODSEQ {*})
    alice2> b3 CLOSE
    alice2< b3 OK CLOSE completed
    alice< * STATUS Lists/Lemonade (UIDNEXT 2 MESSAGES 0{*}
    alice2> b4 SELECT misc
    alice2< ...
    alice2< b4 OK [READ-WRITE] SELECT completed
    alice2> b5 STORE 1 +FLAGS.SILENT (\\Seen)
    alice2< b5 OK STORE completed
    alice-
  `,
    lists,
  ))

test('RFC 5465: what is refused', () =>
  play(
    `
    alice> a1 NOTIFY SET (personal (MessageNew AnnotationChange))
    alice< a1 NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)] {*}
    alice> a2 NOTIFY SET (personal (MessageNew))
    alice< a2 BAD MessageNew and MessageExpunge come together
    alice> a3 NOTIFY SET (personal (FlagChange))
    alice< a3 BAD FlagChange comes with {*}
    alice> a4 NOTIFY SET (selected (MailboxName))
    alice< a4 BAD {*}
    alice> a5 NOTIFY SET (selected NONE) (selected-delayed NONE)
    alice< a5 BAD {*}
    alice> a6 NOTIFY SET (personal (MessageNew (UID) MessageExpunge))
    alice< a6 BAD {*}
    alice> a7 NOTIFY SET (subtree-one Lists (MailboxName))
    alice< a7 BAD {*}
    alice> a8 NOTIFY
    alice< a8 BAD Missing argument
    alice> a9 NOTIFY SET
    alice< a9 BAD Missing argument
  `,
  ))

test('RFC 5465 §3.1: too many mailboxes to watch', async () => {
  const { server } = testServer({ limits: { notifyMailboxes: 0 } })
  await playDialogue(
    server,
    `
    alice> a1 NOTIFY SET (personal (MailboxName))
    alice< a1 NO [NOTIFICATIONOVERFLOW] Too many mailboxes to watch
  `,
  )
})

test('RFC 5465 §5.8: a store that fails is told as NOTIFICATIONOVERFLOW', async () => {
  const made = testServer()
  let broken = false
  const server = serverOver(made, (account) => ({
    async mailboxes() {
      if (broken) throw new Error('the disk is gone')
      return account.mailboxes()
    },
  }))
  const client = new DialogueClient(server)
  await client.logIn('alice')
  expect(await client.run('a1 NOTIFY SET (personal (MailboxName))')).toEqual(['a1 OK NOTIFY completed'])
  await client.run('a2 NOOP')
  broken = true
  await made.deliver(message('A: b', '', 'x'))
  expect(await client.line()).toBe('* OK [NOTIFICATIONOVERFLOW] Changes are not told any more')
  expect(await client.run('a3 NOOP')).toEqual(['a3 OK NOOP completed'])
})

test('a push never stands within a response, and none is lost while a command runs', async () => {
  const made = testServer()
  for (let i = 0; i < 50; i++) await made.deliver(HELLO)
  const [client, other] = [new DialogueClient(made.server), new DialogueClient(made.server)]
  for (const one of [client, other]) {
    await one.logIn('alice')
    await one.run('s1 SELECT INBOX')
  }
  await client.run('n1 NOTIFY SET (selected (MessageNew (UID) MessageExpunge FlagChange)) (personal (MailboxName))')
  other.send('c1 CREATE One')
  client.send('f1 FETCH 1:* (UID ENVELOPE)')
  other.send('c2 APPEND INBOX {9+}\\r\\nA: b\\r\\n\\r\\nx')
  other.send('c3 CREATE Two')
  const lines: string[] = []
  const seen = (text: string): boolean => lines.some((line) => line.includes(text))
  while (!(seen('f1 OK') && seen('* 51 FETCH (UID 51)') && seen('"/" One') && seen('"/" Two'))) {
    lines.push(await client.line())
  }
  for (const line of lines) expect(line).toMatch(/^(\* \d+ (FETCH|EXISTS)|\* LIST \(\) "\/" (One|Two)$|f1 OK)/)
})

test('RFC 5464 §4.1 and RFC 5465 §5.6, §5.7: changed annotations', () =>
  play(
    `
    alice> a0 ENABLE METADATA
    alice< * ENABLED METADATA
    alice< a0 OK ENABLE completed
    alice> a1 SELECT INBOX
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    alice3> c1 NOTIFY SET (personal (MailboxMetadataChange ServerMetadataChange))
    alice3< c1 OK NOTIFY completed
    alice2> b1 SETMETADATA INBOX (/shared/comment "new")
    alice2< b1 OK SETMETADATA completed
    alice< * METADATA INBOX /shared/comment
    alice3< * METADATA INBOX /shared/comment
    alice2> b2 SETMETADATA "" (/shared/admin "mailto:x@example.org" /private/vendor/x "y")
    alice2< b2 OK SETMETADATA completed
    alice< * METADATA "" /shared/admin /private/vendor/x
    alice3< * METADATA "" /shared/admin /private/vendor/x
    alice2> b3 SETMETADATA "" (/shared/admin NIL)
    alice2< b3 OK SETMETADATA completed
    alice< * METADATA "" /shared/admin
    alice3< * METADATA "" /shared/admin
    alice2> b4 SETMETADATA "" (/shared/admin NIL)
    alice2< b4 OK SETMETADATA completed
    alice-
    alice3-
    alice2-
  `,
  ))

test('RFC 5465 §6: several groups speak of the same mailbox', () =>
  play(
    `
    alice> a1 NOTIFY SET (mailboxes misc (MessageNew MessageExpunge)) (personal (SubscriptionChange))
    alice< a1 OK NOTIFY completed
    alice2> b1 SUBSCRIBE misc
    alice2< b1 OK {*}
    alice< * LIST (\\Subscribed) "/" misc
    alice2> b2 UNSUBSCRIBE misc
    alice2< b2 OK {*}
    alice< * LIST () "/" misc
    alice2> b3 APPEND misc ${MAIL}
    alice2< b3 OK {*}
    alice< * STATUS misc (UIDNEXT 3 MESSAGES 2{*}
    alice-
  `,
    lists,
  ))

test('RFC 5465 §3.1: NOTIFY tells at once what has happened; IDLE tells what NOTIFY asks for, and no more', () =>
  play(
    `
    alice> a1 SELECT INBOX
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    alice2> b1 APPEND INBOX ${MAIL}
    alice2< b1 OK {*}
    alice> a2 NOTIFY SET (personal (MailboxName))
    alice< * 2 EXISTS
    alice< * 1 RECENT
    alice< a2 OK NOTIFY completed
    alice> a3 IDLE
    alice< + idling
    alice2> b2 APPEND INBOX ${MAIL}
    alice2< b2 OK {*}
    alice2> b3 CREATE Fresh
    alice2< b3 OK {*}
    alice< * LIST () "/" Fresh
    alice-
    alice> DONE
    alice< a3 OK IDLE completed
  `,
  ))

test('RFC 5465 §7: UPDATE with data of the messages that come', () =>
  play(
    `
    alice> a1 SELECT INBOX
    alice< ...
    alice< a1 OK [READ-WRITE] SELECT completed
    alice> a2 SEARCH RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER.FIELDS (Subject)])) UNSEEN
    alice< * ESEARCH (TAG "a2") COUNT 1
    alice< a2 OK SEARCH completed
    alice2> b1 APPEND INBOX ${MAIL}
    alice2< b1 OK {*}
    alice> a3 NOOP
    alice< * 2 EXISTS
    alice< * 1 RECENT
    alice< * 2 FETCH (UID 2 BODY[HEADER.FIELDS (Subject)] {14}
    alice< Subject: n
    alice<
    alice< )
    alice< * ESEARCH (TAG "a2") ADDTO (0 2)
    alice< a3 OK NOOP completed
    alice> a4 STORE 1 +FLAGS.SILENT (\\Seen)
    alice< * ESEARCH (TAG "a2") REMOVEFROM (0 1)
    alice< a4 OK STORE completed
    alice> a5 STORE 1 -FLAGS.SILENT (\\Seen)
    alice< * ESEARCH (TAG "a2") ADDTO (0 1)
    alice< a5 OK STORE completed
  `,
  ))

test('RFC 5465 §5: what the session itself has done is not told again; what others do to the same mailboxes is', () =>
  play(
    `
    alice> a1 NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (personal (MailboxName SubscriptionChange MessageNew MessageExpunge FlagChange))
    alice< a1 OK NOTIFY completed
    alice> a2 CREATE Own
    alice< a2 OK {*}
    alice> a3 SUBSCRIBE Own
    alice< a3 OK {*}
    alice-
    alice> a4 APPEND Own ${MAIL}
    alice< a4 OK {*}
    alice< * STATUS Own (UIDNEXT 2 MESSAGES 1 UNSEEN 1 {*})
    alice> a5 RENAME Own Mine
    alice< a5 OK {*}
    # Subscriptions are by name: it has none under the new one, which nobody has said.
    alice< * LIST () "/" Mine
    alice-
    # What others do to it is told.
    alice2> x1 SUBSCRIBE Mine
    alice2< x1 OK {*}
    alice< * LIST (\\Subscribed) "/" Mine
    alice2> x2 RENAME Mine Theirs
    alice2< x2 OK {*}
    alice< * LIST () "/" Theirs ("OLDNAME" (Mine))
    alice> a6 CREATE Fresh
    alice< a6 OK {*}
    alice2> x3 DELETE Fresh
    alice2< x3 OK {*}
    alice< * LIST (\\NonExistent) "/" Fresh
    alice> a7 DELETE Theirs
    alice< a7 OK {*}
    alice-
    alice> b1 SELECT INBOX
    alice< ...
    alice< b1 OK [READ-WRITE] SELECT completed
    alice> b2 STORE 1 +FLAGS (\\Flagged)
    alice< * 1 FETCH (FLAGS (\\Flagged))
    alice< b2 OK STORE completed
    alice-
    alice> b3 STORE 1 +FLAGS.SILENT (\\Seen)
    alice< b3 OK STORE completed
    alice-
    alice> b4 COPY 1 INBOX
    alice< * 2 EXISTS
    alice< * 1 RECENT
    alice< * 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen \\Recent))
    alice< b4 OK {*}
    alice-
    alice> b5 MOVE 1 misc
    alice< * OK [COPYUID {*}
    alice< * 1 EXPUNGE
    alice< b5 OK MOVE completed
    alice< * STATUS misc (UIDNEXT 3 MESSAGES 2 UIDVALIDITY {*})
    alice> b6 STORE 1 +FLAGS.SILENT (\\Deleted)
    alice< b6 OK STORE completed
    alice> b7 EXPUNGE
    alice< * 1 EXPUNGE
    alice< * 0 RECENT
    alice< b7 OK EXPUNGE completed
    alice-
  `,
    lists,
  ))

test('RFC 5465 §5.4: OLDNAME for a tree that is renamed, and for a name that was given to another mailbox before', () =>
  play(
    `
    alice> a1 NOTIFY SET (personal (MailboxName))
    alice< a1 OK NOTIFY completed
    alice2> b1 RENAME Lists Listen
    alice2< b1 OK RENAME completed
    alice< * LIST () "/" Listen/Lemonade ("OLDNAME" (Lists/Lemonade))
    alice2> b2 DELETE misc
    alice2< b2 OK DELETE completed
    alice< * LIST (\\NonExistent) "/" misc
    alice2> b3 RENAME Listen/Lemonade misc
    alice2< b3 OK RENAME completed
    alice< * LIST () "/" misc ("OLDNAME" (Listen/Lemonade))
    alice2> b4 CREATE Listen/Lemonade
    alice2< b4 OK {*}
    alice< * LIST () "/" Listen/Lemonade
    alice< * LIST (\\NonExistent \\HasChildren) "/" Listen
    alice-
  `,
    lists,
  ))

test('RFC 5465 §5.9: a mailbox that may not be looked up any more, and one of which nothing may be known', () =>
  play(
    `
    alice> a1 SETACL misc bob lr
    alice< a1 OK SETACL completed
    bob> b1 NOTIFY SET (subtree "Other Users" (MailboxName))
    bob< b1 OK NOTIFY completed
    bob-
    alice> a2 SETACL misc bob r
    alice< a2 OK SETACL completed
    bob< * LIST (\\NoAccess) "/" "Other Users/alice/misc"
    bob-
    alice> a3 SETACL misc bob lr
    alice< a3 OK SETACL completed
    bob< * LIST () "/" "Other Users/alice/misc"
    alice> a4 DELETEACL misc bob
    alice< a4 OK DELETEACL completed
    bob< * LIST (\\NonExistent) "/" "Other Users/alice/misc"
    bob< * LIST (\\NonExistent \\HasNoChildren) "/" "Other Users/alice"
    bob-
  `,
    lists,
  ))

test('RFC 7162 §3.2.4: a client that knows QRESYNC hears UID and MODSEQ of new messages, too', () =>
  play(`
    alice> a1 ENABLE QRESYNC
    alice< ...
    alice< a1 OK ENABLE completed
    alice> a2 SELECT INBOX
    alice< ...
    alice< a2 OK [READ-WRITE] SELECT completed
    alice> a3 NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge))
    alice< a3 OK NOTIFY completed
    alice> a4 SEARCH RETURN (UPDATE (RFC822.SIZE)) ALL
    alice< ...
    alice< a4 OK SEARCH completed
    alice2> b1 APPEND INBOX ${MAIL}
    alice2< b1 OK {*}
    alice< * 2 EXISTS
    alice< * 1 RECENT
    alice< * 2 FETCH (UID 2 RFC822.SIZE 12 MODSEQ ({*}))
    alice< * ESEARCH (TAG "a4") ADDTO (0 2)
    alice< * 2 FETCH (UID 2 FLAGS (\\Recent) MODSEQ ({*}))
  `))

test('RFC 5465 §3.1: one that knows CONDSTORE alone hears what it has asked for', () =>
  play(`
    alice> a1 ENABLE CONDSTORE
    alice< ...
    alice< a1 OK ENABLE completed
    alice> a2 SELECT INBOX
    alice< ...
    alice< a2 OK [READ-WRITE] SELECT completed
    alice> a3 NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge))
    alice< a3 OK NOTIFY completed
    alice2> b1 APPEND INBOX ${MAIL}
    alice2< b1 OK {*}
    alice< * 2 EXISTS
    alice< * 1 RECENT
    alice< * 2 FETCH (FLAGS (\\Recent))
    alice> a4 NOTIFY SET (selected (MessageNew (MODSEQ UID) MessageExpunge))
    alice< a4 OK NOTIFY completed
    alice2> b2 APPEND INBOX ${MAIL}
    alice2< b2 OK {*}
    alice< * 3 EXISTS
    alice< * 2 RECENT
    alice< * 3 FETCH (MODSEQ ({*}) UID 3)
  `))

test('RFC 9586 §3: with UIDONLY the UID is told once', () =>
  play(`
    alice> a1 ENABLE UIDONLY
    alice< ...
    alice< a1 OK ENABLE completed
    alice> a2 SELECT INBOX
    alice< ...
    alice< a2 OK [READ-WRITE] SELECT completed
    alice> a3 NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge))
    alice< a3 OK NOTIFY completed
    alice2> b1 APPEND INBOX ${MAIL}
    alice2< b1 OK {*}
    alice< * 2 EXISTS
    alice< * 1 RECENT
    alice< * 2 UIDFETCH (FLAGS (\\Recent))
    alice> a4 NOTIFY SET (selected (MessageNew (UID) MessageExpunge))
    alice< a4 OK NOTIFY completed
    alice2> b2 APPEND INBOX ${MAIL}
    alice2< b2 OK {*}
    alice< * 3 EXISTS
    alice< * 2 RECENT
    alice< * 3 UIDFETCH (UID 3)
  `))

test('RFC 5465 §5.1: what INBOX is renamed to has its messages, read ones, too', () =>
  play(
    `
    alice> a1 NOTIFY SET (personal (MessageNew MessageExpunge FlagChange MailboxName))
    alice< a1 OK NOTIFY completed
    alice> a2 RENAME INBOX Old
    alice< a2 OK RENAME completed
    alice< * STATUS INBOX (UIDNEXT 3 MESSAGES 0 UNSEEN 0 UIDVALIDITY 1 HIGHESTMODSEQ {*})
    alice< * STATUS Old (UIDNEXT 3 MESSAGES 2 UIDVALIDITY {*} HIGHESTMODSEQ {*})
    alice-
  `,
    async (made) => {
      await made.deliver(HELLO)
      const account = await made.account()
      const id = (await account.mailboxes())[0]?.id
      if (id) await account.commit?.([{ op: 'flags', in: id, uids: [[1, 2]], mode: 'add', flags: Flag.Seen }])
    },
  ))
