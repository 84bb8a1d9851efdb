import { expect, test } from 'vitest'
import type { TestServer } from '../servers.js'
import { mail, playSelected } from './play.js'

const mailboxes = async (made: TestServer): Promise<void> => {
  await made.deliver(mail({ Subject: 'inbox' }, 'x'))
  for (const [path, subject] of [
    [['folder1'], 'chad'],
    [['folder1'], 'other'],
    [['folder2'], 'chad'],
    [['folder2', 'banana'], 'chad'],
    [['folder2', 'banana', 'split'], 'chad'],
    [['folder2', 'peach'], 'nothing'],
  ] as const) {
    await made.deliver(mail({ Subject: subject }, 'x'), { path })
  }
}

test('RFC 7377: ESEARCH in several mailboxes', () =>
  playSelected(
    `
    C: tag1 ESEARCH IN (mailboxes "folder1" subtree "folder2") unseen
    S: * ESEARCH (TAG "tag1" MAILBOX folder1 UIDVALIDITY {*}) UID ALL 1:2
    S: * ESEARCH (TAG "tag1" MAILBOX folder2 UIDVALIDITY {*}) UID ALL 1
    S: * ESEARCH (TAG "tag1" MAILBOX folder2/banana UIDVALIDITY {*}) UID ALL 1
    S: * ESEARCH (TAG "tag1" MAILBOX folder2/banana/split UIDVALIDITY {*}) UID ALL 1
    S: * ESEARCH (TAG "tag1" MAILBOX folder2/peach UIDVALIDITY {*}) UID ALL 1
    S: tag1 OK ESEARCH completed
    C: tag2 ESEARCH IN (mailboxes ("folder1" missing) subtree-one folder2) RETURN (COUNT MIN) CHARSET UTF-8 subject "chad"
    S: * ESEARCH (TAG "tag2" MAILBOX folder1 UIDVALIDITY {*}) UID COUNT 1 MIN 1
    S: * ESEARCH (TAG "tag2" MAILBOX folder2 UIDVALIDITY {*}) UID COUNT 1 MIN 1
    S: * ESEARCH (TAG "tag2" MAILBOX folder2/banana UIDVALIDITY {*}) UID COUNT 1 MIN 1
    S: tag2 OK ESEARCH completed
    C: tag3 ESEARCH SUBJECT inbox
    S: * ESEARCH (TAG "tag3" MAILBOX INBOX UIDVALIDITY {*}) UID ALL 1
    S: tag3 OK ESEARCH completed
    C: tag4 ESEARCH IN (personal) SUBJECT nowhere
    S: tag4 OK ESEARCH completed
    C: tag5 ESEARCH IN (inboxes mailboxes inbox) RETURN () 2:100
    S: tag5 OK ESEARCH completed
    C: tag6 ESEARCH IN (mailboxes folder1) 2:100
    S: * ESEARCH (TAG "tag6" MAILBOX folder1 UIDVALIDITY {*}) UID ALL 2
    S: tag6 OK ESEARCH completed
    C: tag7 ESEARCH RETURN (SAVE) ALL
    S: tag7 OK ESEARCH completed
    C: tag8 SEARCH $
    S: * SEARCH 1
    S: tag8 OK SEARCH completed
    C: tag8a ESEARCH RETURN (SAVE) CHARSET KOI8-R ALL
    S: tag8a NO [BADCHARSET (US-ASCII UTF-8)] {*}
    C: tag8b SEARCH $
    S: * SEARCH
    S: tag8b OK SEARCH completed
    C: tag8c ESEARCH RETURN (SAVE) ALL
    S: tag8c OK ESEARCH completed
    C: tag9 ESEARCH RETURN (SAVE COUNT) SUBJECT nowhere
    S: tag9 OK ESEARCH completed
    C: tag10 SEARCH $
    S: * SEARCH
    S: tag10 OK SEARCH completed
    C: tag11 ESEARCH IN (selected) RETURN (UPDATE) DELETED
    S: tag11 OK ESEARCH completed
    C: tag12 STORE 1 +FLAGS.SILENT (\\Deleted)
    S: * ESEARCH (TAG "tag11") UID ADDTO (0 1)
    S: tag12 OK STORE completed
    C: tag13 ESEARCH IN (mailboxes folder1) RETURN (PARTIAL -1:-1) ALL
    S: * ESEARCH (TAG "tag13" MAILBOX folder1 UIDVALIDITY {*}) UID PARTIAL (-1:-1 2)
    S: tag13 OK ESEARCH completed
  `,
    mailboxes,
  ))

test('RFC 7377 §2.2: what is no search', () =>
  playSelected(
    `
    C: t1 ESEARCH IN () ALL
    S: t1 BAD {*}
    C: t2 ESEARCH IN (selected-delayed) ALL
    S: t2 BAD {*}
    C: t3 ESEARCH IN (everything) ALL
    S: t3 BAD {*}
    C: t4 ESEARCH IN (personal (depth 1)) ALL
    S: t4 BAD {*}
    C: t5 ESEARCH IN (personal) RETURN (SAVE) ALL
    S: t5 BAD {*}
    C: t6 ESEARCH IN (mailboxes ()) ALL
    S: t6 BAD {*}
    C: t7 ESEARCH IN (personal) ALL
    S: t7 NO [LIMIT] {*}
    C: t8 CLOSE
    S: t8 OK {*}
    C: t9 ESEARCH ALL
    S: t9 BAD Select a mailbox first
    C: t10 ESEARCH IN (inboxes) RETURN (UPDATE) ALL
    S: t10 BAD {*}
    C: t11 ESEARCH IN (inboxes) ALL
    S: * ESEARCH (TAG "t11" MAILBOX INBOX UIDVALIDITY {*}) UID ALL 1
    S: t11 OK ESEARCH completed
  `,
    mailboxes,
    { limits: { searchMailboxes: 2 } },
  ))

test('a mailbox that may not be read is as if it were not there', async () => {
  const { testServer } = await import('../servers.js')
  const { selectedClient } = await import('./client.js')
  const made = testServer({
    store: {
      async open(name) {
        const account = await base.store.open(name)
        return {
          ...bind(account),
          mailboxes: async () =>
            (await account.mailboxes()).map((one) => {
              if (one.path[0] === 'folder1') return { ...one, rights: 'l' }
              // May be read by those who know its name.
              return one.path[0] === 'folder2' ? { ...one, rights: 'r' } : one
            }),
        }
      },
    },
  })
  const base = testServer()
  await mailboxes(base)
  const client = await selectedClient(made)
  const found = async (sources: string): Promise<(string | undefined)[]> =>
    (await client.run(`t1 ESEARCH IN (${sources}) ALL`)).map((line) => / MAILBOX (\S+)/.exec(line)?.[1] ?? 'end')
  expect(await found('personal')).toEqual(['INBOX', 'end'])
  expect(await found('mailboxes (folder1 folder2 nothing)')).toEqual(['folder2', 'end'])
  expect(await found('subtree folder2')).toEqual(['end'])
})

/** Methods of an account that work without it. */
function bind<T extends object>(account: T): T {
  return Object.fromEntries(
    Object.entries(account).map(([name, value]) => [name, typeof value === 'function' ? value.bind(account) : value]),
  ) as T
}
