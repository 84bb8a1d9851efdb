/** The examples of RFC 6154 (SPECIAL-USE, CREATE-SPECIAL-USE), after its text. A mailbox has one use here. */
import { test } from 'vitest'
import { all, mailboxes, playExample, type Setup } from './play.js'

const uses =
  (...names: readonly (readonly [string, string])[]): Setup =>
  async (made) => {
    const account = await made.account()
    for (const [name, role] of names) await account.commit?.([{ op: 'create', path: [name], role }])
  }

const LISTED = `
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\HasNoChildren \\Drafts) "/" MyDrafts
    S: * LIST (\\HasChildren) "/" Projects
    S: * LIST (\\HasNoChildren \\Sent) "/" SentMail
    S: * LIST (\\HasNoChildren) "/" ToDo
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash`

const mail = all(
  mailboxes('ToDo', 'Projects', 'Projects/x'),
  uses(['SentMail', 'sent'], ['MyDrafts', 'drafts'], ['Trash', 'trash']),
)

test('§5.1, §5.2: LIST, and LIST with SPECIAL-USE as what is returned and what is selected', () =>
  playExample(
    `
    C: t1 LIST "" "%"${LISTED}
    S: t1 OK LIST completed
    C: t1 CAPABILITY
    S: * CAPABILITY {*} SPECIAL-USE {*}
    S: t1 OK CAPABILITY completed
    C: t2 LIST "" "%" RETURN (SPECIAL-USE)${LISTED}
    S: t2 OK LIST completed
    C: t3 LIST (SPECIAL-USE) "" "*"
    S: * LIST (\\HasNoChildren \\Drafts) "/" MyDrafts
    S: * LIST (\\HasNoChildren \\Sent) "/" SentMail
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: t3 OK LIST completed
  `,
    mail,
  ))

test('§5.3: CREATE with a use; with two, and with one that another mailbox has', () =>
  playExample(
    `
    C: t1 CAPABILITY
    S: * CAPABILITY {*} CREATE-SPECIAL-USE {*}
    S: t1 OK CAPABILITY completed
    C: t2 CREATE MySpecial (USE (\\Junk))
    S: t2 OK [MAILBOXID ({*})] CREATE completed
    C: t3 CREATE Other (USE (\\Archive \\All))
    S: t3 NO [USEATTR] {*}
    C: t4 CREATE Everything (USE (\\Sent))
    S: t4 NO [USEATTR] {*}
    C: t5 LIST "" (MySpecial Other Everything)
    S: * LIST (\\HasNoChildren \\Junk) "/" MySpecial
    S: t5 OK LIST completed
  `,
    mail,
  ))

// The RFC's untagged METADATA with a value, to tell of MyDrafts, is not allowed by RFC 5464 §4.4.
test('§5.4: METADATA changes special uses', () =>
  playExample(
    String.raw`
    C: t1 LIST "" "%" RETURN (SPECIAL-USE)
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * LIST (\HasNoChildren \Drafts) "/" MyDrafts
    S: * LIST (\HasNoChildren) "/" SavedDrafts
    S: * LIST (\HasNoChildren \Sent) "/" SentMail
    S: * LIST (\HasNoChildren \Trash) "/" Trash
    S: t1 OK LIST completed
    C: t2 GETMETADATA "MyDrafts" /private/specialuse
    S: * METADATA MyDrafts (/private/specialuse "\\Drafts")
    S: t2 OK GETMETADATA completed
    C: t3 SETMETADATA "SavedDrafts" (/private/specialuse "\\Drafts")
    S: t3 OK SETMETADATA completed
    C: t4 SETMETADATA "SentMail" (/private/specialuse NIL)
    S: t4 OK SETMETADATA completed
    C: t5 LIST "" "%" RETURN (SPECIAL-USE)
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * LIST (\HasNoChildren) "/" MyDrafts
    S: * LIST (\HasNoChildren \Drafts) "/" SavedDrafts
    S: * LIST (\HasNoChildren) "/" SentMail
    S: * LIST (\HasNoChildren \Trash) "/" Trash
    S: t5 OK LIST completed
    C: t6 GETMETADATA "MyDrafts" /private/specialuse
    S: * METADATA MyDrafts (/private/specialuse NIL)
    S: t6 OK GETMETADATA completed
    C: t7 GETMETADATA SavedDrafts /private/specialuse
    S: * METADATA SavedDrafts (/private/specialuse "\\Drafts")
    S: t7 OK GETMETADATA completed
    C: t8 SETMETADATA SentMail (/private/specialuse "\\Unheard" /private/comment "x")
    S: t8 NO [USEATTR] {*}
    C: t9 GETMETADATA SentMail (/private/specialuse /private/comment)
    S: * METADATA SentMail (/private/specialuse NIL /private/comment NIL)
    S: t9 OK GETMETADATA completed
    C: t10 SETMETADATA "" (/private/specialuse "anything")
    S: t10 OK SETMETADATA completed
  `,
    all(mailboxes('SavedDrafts'), uses(['SentMail', 'sent'], ['MyDrafts', 'drafts'], ['Trash', 'trash'])),
  ))
