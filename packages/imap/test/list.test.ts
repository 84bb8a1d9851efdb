/** LIST: patterns in UTF-8, mailboxes that hold no messages. */
import { writerOf } from '@posthouse/store-api'
import { fromUtf8, latin1 } from '@posthouse/wire'
import { test } from 'vitest'
import { playDialogue } from './dialogue.js'
import { HELLO, testServer } from './servers.js'

/** Text as the dialogue hears it: octet by octet. */
const wire = (text: string): string => latin1(fromUtf8(text))

test('RFC 3501 §5.1.3, RFC 9051 §5.1: patterns are in the same encoding as names', async () => {
  const made = testServer()
  await made.deliver(HELLO, { path: ['日本語', '受信'] })
  await made.deliver(HELLO, { path: ['Grüße & Küsse'] })
  await playDialogue(
    made.server,
    `
    alice> a1 LIST "" "&ZeVnLIqe-/%"
    alice< * LIST (\\HasNoChildren) "/" &ZeVnLIqe-/&U9dP4Q-
    alice< a1 OK LIST completed
    alice> a2 LIST "&ZeVnLIqe-/" *
    alice< * LIST (\\HasNoChildren) "/" &ZeVnLIqe-/&U9dP4Q-
    alice< a2 OK LIST completed
    alice> a3 LIST "" "Gr*&-*"
    alice< * LIST (\\HasNoChildren) "/" "Gr&APwA3w-e &- K&APw-sse"
    alice< a3 OK LIST completed
    alice> a4 LIST "" "%日%"
    alice< a4 OK LIST completed
    alice> a5 LIST "" "Grüße & Küsse"
    alice< * LIST (\\HasNoChildren) "/" "Gr&APwA3w-e &- K&APw-sse"
    alice< a5 OK LIST completed
    alice> b1 ENABLE IMAP4rev2
    alice< * ENABLED IMAP4rev2
    alice< b1 OK ENABLE completed
    alice> b2 LIST "" "%本%"
    alice< * LIST (\\NonExistent \\Noselect \\HasChildren) "/" "${wire('日本語')}"
    alice< b2 OK LIST completed
    alice> b3 LIST "日本語/" "受%"
    alice< * LIST (\\HasNoChildren) "/" "${wire('日本語/受信')}"
    alice< b3 OK LIST completed
    alice> b4 LIST "" "Grüße & *"
    alice< * LIST (\\HasNoChildren) "/" "${wire('Grüße & Küsse')}"
    alice< b4 OK LIST completed
    alice> b5 LIST "" "&ZeVnLIqe-*"
    alice< b5 OK LIST completed
    alice> b6 LIST "" ("日%" "%Küsse")
    alice< * LIST (\\HasNoChildren) "/" "${wire('Grüße & Küsse')}"
    alice< * LIST (\\NonExistent \\HasChildren) "/" "${wire('日本語')}"
    alice< b6 OK LIST completed
  `,
  )
})

test('RFC 5819 §2: no STATUS of what is not there, holds no messages or may not be read', async () => {
  const made = testServer()
  await made.deliver(HELLO, { path: ['Top', 'Work'] })
  await made.deliver(HELLO, { path: ['Hidden'] })
  made.store.share('alice', 'bob', 'l', ['Hidden'])
  made.store.share('alice', 'bob', 'lr', ['Top', 'Work'])
  const { commit } = writerOf(await made.account())
  const [{ mailbox = '' } = {}] = (await commit([{ op: 'create', path: ['Folder'] }])).results
  await commit([{ op: 'mailbox', id: mailbox, noSelect: true }])
  await playDialogue(
    made.server,
    `
    alice> a1 LIST "" * RETURN (STATUS (MESSAGES UNSEEN))
    alice< * LIST (\\HasNoChildren) "/" INBOX
    alice< * STATUS INBOX (MESSAGES 0 UNSEEN 0)
    alice< * LIST (\\Noselect \\HasNoChildren) "/" Folder
    alice< * LIST (\\HasNoChildren) "/" Hidden
    alice< * STATUS Hidden (MESSAGES 1 UNSEEN 1)
    alice< * LIST (\\HasNoChildren) "/" Top/Work
    alice< * STATUS Top/Work (MESSAGES 1 UNSEEN 1)
    alice< a1 OK LIST completed
    alice> a2 STATUS Folder (MESSAGES)
    alice< a2 NO [NONEXISTENT] No such mailbox
    alice> a3 SELECT Folder
    alice< a3 NO [NONEXISTENT] No such mailbox
    bob> b1 LIST "" "Other Users/alice/*" RETURN (STATUS (MESSAGES))
    bob< * LIST (\\HasNoChildren \\Noselect) "/" "Other Users/alice/Hidden"
    bob< * LIST (\\HasNoChildren) "/" "Other Users/alice/Top/Work"
    bob< * STATUS "Other Users/alice/Top/Work" (MESSAGES 1)
    bob< b1 OK LIST completed
  `,
  )
})
