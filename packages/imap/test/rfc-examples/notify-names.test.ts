/** The examples of RFC 5465 (NOTIFY) about names, subscriptions and annotations, after its text. */
import { test } from 'vitest'
import { playDialogue } from '../dialogue.js'
import { testServer } from '../servers.js'
import { mailboxes } from './play.js'

async function play(text: string, ...names: readonly string[]): Promise<void> {
  const made = testServer()
  await mailboxes(...names)(made)
  await playDialogue(made.server, text)
}

test('§5.4, §5.5: mailboxes are made, renamed and deleted; subscriptions', () =>
  play(
    `
    alice> a notify set (personal (MailboxName SubscriptionChange))
    alice< a OK NOTIFY completed
    alice2> b1 CREATE OldMailbox
    alice2< b1 OK {*}
    alice< * LIST () "/" OldMailbox
    alice2> b2 RENAME OldMailbox NewMailbox
    alice2< b2 OK {*}
    alice< * LIST () "/" NewMailbox ("OLDNAME" (OldMailbox))
    alice2> b3 DELETE INBOX/DeletedMailbox
    alice2< b3 OK {*}
    alice< * LIST (\\NonExistent) "/" INBOX/DeletedMailbox
    alice< * LIST (\\HasNoChildren) "/" INBOX
    alice2> b4 SUBSCRIBE SubscribedMailbox
    alice2< b4 OK {*}
    alice< * LIST (\\Subscribed) "/" SubscribedMailbox
    alice2> b5 UNSUBSCRIBE SubscribedMailbox
    alice2< b5 OK {*}
    alice< * LIST () "/" SubscribedMailbox
    alice-
  `,
    'INBOX/DeletedMailbox',
    'SubscribedMailbox',
  ))

test('§5.4: the children of what is renamed are not told; nor is INBOX', () =>
  play(
    `
    alice> a notify set (personal (MailboxName))
    alice< a OK NOTIFY completed
    alice2> b1 RENAME Old New
    alice2< b1 OK {*}
    alice< * LIST () "/" New ("OLDNAME" (Old))
    alice-
    alice2> b2 RENAME INBOX Kept
    alice2< b2 OK {*}
    alice< * LIST () "/" Kept
    alice-
  `,
    ...['Old', 'Old/A', 'Old/A/B'],
  ))

test('§5.4: what lies above a mailbox that is made or deleted is affected, too', () =>
  play(
    `
    alice> a notify set (personal (MailboxName))
    alice< a OK NOTIFY completed
    alice2> b1 CREATE Lists/Lemonade
    alice2< b1 OK {*}
    alice< * LIST () "/" Lists/Lemonade
    alice< * LIST (\\HasChildren) "/" Lists
    alice2> b2 CREATE Nothing/Sub
    alice2< b2 OK {*}
    alice< * LIST () "/" Nothing/Sub
    alice< * LIST (\\NonExistent \\HasChildren) "/" Nothing
    alice2> b3 DELETE Nothing/Sub
    alice2< b3 OK {*}
    alice< * LIST (\\NonExistent) "/" Nothing/Sub
    alice< * LIST (\\NonExistent \\HasNoChildren) "/" Nothing
    alice-
  `,
    'Lists',
  ))

test('§5.6, §5.7: annotations of a mailbox and of the server', () =>
  play(
    `
    alice> a notify set (personal (MailboxMetadataChange ServerMetadataChange))
    alice< a OK NOTIFY completed
    alice2> b1 SETMETADATA INBOX (/shared/comment "x")
    alice2< b1 OK {*}
    alice< * METADATA INBOX /shared/comment
    alice2> b2 SETMETADATA "" (/private/comment "x")
    alice2< b2 OK {*}
    alice< * METADATA "" /private/comment
    alice2> b3 SETMETADATA INBOX (/shared/comment NIL)
    alice2< b3 OK {*}
    alice< * METADATA INBOX /shared/comment
  `,
  ))

test('§3.1: what may be looked up and not be read is told to be so; what may not be looked up is not there', () =>
  play(
    `
    alice> s1 SETACL seen bob l
    alice< s1 OK {*}
    alice> s2 SETACL read bob lr
    alice< s2 OK {*}
    alice> s3 SETACL unknown bob r
    alice< s3 OK {*}
    bob> a notify set (mailboxes ("Other Users/alice/seen" "Other Users/alice/read" nothing) (MessageNew MessageExpunge))
    bob< * LIST (\\NoAccess) "/" "Other Users/alice/seen"
    bob< a OK NOTIFY completed
    bob> b notify set (mailboxes "Other Users/alice/unknown" (MessageNew MessageExpunge))
    bob< b OK NOTIFY completed
    bob-
  `,
    ...['seen', 'read', 'unknown'],
  ))
