/** The examples of RFC 5182 (SEARCHRES), after its text. */
import { Flag } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import { DialogueClient } from '../dialogue.js'
import { message, serverOver, type TestServer, testServer } from '../servers.js'
import { mailboxes, messages, playExample } from './play.js'

const SELECT = `
    C: s1 SELECT INBOX
    S: ...
    S: s1 OK [READ-WRITE] SELECT completed`

/** Messages 2, 10 to 15 and 21 of 21 are what all examples look for: since February 1994, not from Smith. */
const found = [2, 10, 11, 12, 13, 14, 15, 21]
const mailbox = async (made: TestServer): Promise<void> => {
  for (let i = 1; i <= 21; i++) {
    const from = found.includes(i) ? 'Jones <jones@example.org>' : 'Smith <smith@example.org>'
    await made.deliver(message(`From: ${from}`, '', i % 2 ? 'odd' : 'y'.repeat(5_000)), {
      flags: [2, 15, 21].includes(i) ? Flag.Flagged : 0,
      ...([3, 4].includes(i) && { keywords: ['$Junk'] }),
    })
  }
}

const FETCHED = `
    S: * 2 FETCH (UID 2 INTERNALDATE {*} FLAGS (\\Flagged))
    S: * 15 FETCH (UID 15 INTERNALDATE {*} FLAGS (\\Flagged))
    S: * 21 FETCH (UID 21 INTERNALDATE {*} FLAGS (\\Flagged))
    S: A283 OK FETCH completed`

test('§2.2, examples 1 and 2: FETCH of a saved result, and both at once', () =>
  playExample(
    `${SELECT}
    C: A282 SEARCH RETURN (SAVE) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
    S: A282 OK SEARCH completed
    C: A283 FETCH $ (UID INTERNALDATE FLAGS)${FETCHED}
    C: A282 SEARCH RETURN (SAVE) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
    C: A283 FETCH $ (UID INTERNALDATE FLAGS)
    S: A282 OK SEARCH completed${FETCHED}
  `,
    mailbox,
  ))

test('§2.2, examples 3 and 4: a saved result in another search, beside other numbers', () =>
  playExample(
    `${SELECT}
    C: A300 SEARCH RETURN (SAVE) SINCE 1-Jan-2004 NOT FROM "Smith"
    S: A300 OK SEARCH completed
    C: A301 UID SEARCH UID $ SMALLER 4096
    S: * SEARCH 11 13 15 21
    S: A301 OK SEARCH completed
    C: A302 UID SEARCH $ SMALLER 4096
    S: * SEARCH 11 13 15 21
    S: A302 OK SEARCH completed
    C: P283 SEARCH CHARSET UTF-8 (OR $ 1,3:5) TEXT {3}
    S: + {*}
    C: odd
    S: * SEARCH 1 3 5 11 13 15 21
    S: P283 OK SEARCH completed
  `,
    mailbox,
  ))

// Here with SAVE in the second command, too, as RFC 9051 §6.4.4.4 has corrected it.
test('§2.2, example 5: a search that fails leaves nothing saved', () =>
  playExample(
    `${SELECT}
    C: B282 SEARCH RETURN (SAVE) SINCE 1-Feb-1994 NOT FROM "Smith"
    S: B282 OK SEARCH completed
    C: B283 SEARCH RETURN (SAVE) CHARSET KOI8-R (OR $ 1,3:21) TEXT {4}
    S: + {*}
    C: XXXX
    S: B283 NO [BADCHARSET (US-ASCII UTF-8)] {*}
    C: B284 FETCH $ UID
    S: B284 OK FETCH completed
  `,
    mailbox,
  ))

test('§2.2, example 6: nothing saved is no error', () =>
  playExample(
    `${SELECT}
    C: E282 SEARCH RETURN (SAVE) SINCE 28-Oct-2006 FROM "Eric"
    C: E283 COPY $ "Other Messages"
    S: E282 OK SEARCH completed
    S: E283 OK COPY completed
  `,
    async (made) => {
      await mailbox(made)
      await mailboxes('Other Messages')(made)
    },
  ))

test('§2.3, example 7: COPY and STORE of a saved result', () =>
  playExample(
    `${SELECT}
    C: F282 SEARCH RETURN (SAVE) KEYWORD $Junk
    C: F283 COPY $ "Junk"
    C: F284 STORE $ +FLAGS.Silent (\\Deleted)
    S: F282 OK SEARCH completed
    S: F283 OK [COPYUID {*} 3:4 1:2] COPY completed
    S: F284 OK STORE completed
    C: F285 SEARCH DELETED
    S: * SEARCH 3 4
    S: F285 OK SEARCH completed
  `,
    async (made) => {
      await mailbox(made)
      await mailboxes('Junk')(made)
    },
  ))

test('§2.3, examples 8 and 9: two searches at once; the last one that saves counts', () =>
  playExample(
    `${SELECT}
    C: G282 SEARCH RETURN (SAVE) KEYWORD $Junk
    C: G283 SEARCH RETURN (ALL) FROM "Jones"
    S: G282 OK SEARCH completed
    S: * ESEARCH (TAG "G283") ALL 2,10:15,21
    S: G283 OK SEARCH completed
    C: G284 SEARCH $
    S: * SEARCH 3 4
    S: G284 OK SEARCH completed
    C: H282 SEARCH RETURN (SAVE) KEYWORD $Junk
    C: H283 SEARCH RETURN (SAVE) FROM "Jones" FLAGGED
    S: H282 OK SEARCH completed
    S: H283 OK SEARCH completed
    C: H284 SEARCH $
    S: * SEARCH 2 15 21
    S: H284 OK SEARCH completed
  `,
    mailbox,
  ))

test('§2.4, example 10: what is saved beside what is told', () =>
  playExample(
    `${SELECT}
    C: C281 SEARCH RETURN (SAVE) 5
    S: C281 OK SEARCH completed
    C: C282 SEARCH RETURN (ALL) SINCE 12-Feb-2006 NOT FROM "Smith"
    S: * ESEARCH (TAG "C282") ALL 2,10:15,21
    S: C282 OK SEARCH completed
    C: D282 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "D282") ALL 5
    S: D282 OK SEARCH completed
    C: C283 SEARCH RETURN (ALL SAVE) SINCE 12-Feb-2006 NOT FROM "Smith"
    S: * ESEARCH (TAG "C283") ALL 2,10:15,21
    S: C283 OK SEARCH completed
    C: D283 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "D283") ALL 2,10:15,21
    S: D283 OK SEARCH completed
    C: C284 SEARCH RETURN (SAVE MIN) SINCE 12-Feb-2006 NOT FROM "Smith"
    S: * ESEARCH (TAG "C284") MIN 2
    S: C284 OK SEARCH completed
    C: D284 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "D284") ALL 2
    S: D284 OK SEARCH completed
    C: C285 SEARCH RETURN (MAX SAVE MIN) SINCE 12-Feb-2006 NOT FROM "Smith"
    S: * ESEARCH (TAG "C285") MAX 21 MIN 2
    S: C285 OK SEARCH completed
    C: D285 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "D285") ALL 2,21
    S: D285 OK SEARCH completed
    C: C286 SEARCH RETURN (MAX SAVE MIN COUNT) SINCE 12-Feb-2006 NOT FROM "Smith"
    S: * ESEARCH (TAG "C286") MAX 21 MIN 2 COUNT 8
    S: C286 OK SEARCH completed
    C: D286 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "D286") ALL 2,10:15,21
    S: D286 OK SEARCH completed
    C: C287 SEARCH RETURN (ALL SAVE MIN) SINCE 12-Feb-2006 NOT FROM "Smith"
    S: * ESEARCH (TAG "C287") ALL 2,10:15,21 MIN 2
    S: C287 OK SEARCH completed
    C: D287 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "D287") ALL 2,10:15,21
    S: D287 OK SEARCH completed
  `,
    mailbox,
  ))

for (const command of [
  'SEARCH RETURN (SAVE) TEXT x',
  'SORT RETURN (SAVE) (SUBJECT) UTF-8 TEXT x',
  'ESEARCH IN (selected) RETURN (SAVE) TEXT x',
]) {
  test(`§2.1: ${command} that fails while it runs leaves nothing saved`, async () => {
    const made = testServer()
    await messages(3)(made)
    let broken = false
    const server = serverOver(made, (account) => ({
      messages(...args) {
        if (broken) throw new Error('the disk is gone')
        return account.messages(...args)
      },
    }))
    const client = new DialogueClient(server)
    await client.logIn('alice')
    await client.run('a1 SELECT INBOX')
    await client.run('a2 SEARCH RETURN (SAVE) 2')
    expect(await client.run('a3 FETCH $ UID')).toEqual(['* 2 FETCH (UID 2)', 'a3 OK FETCH completed'])
    broken = true
    expect((await client.run(`a4 ${command}`)).pop()).toMatch(/^a4 NO /)
    broken = false
    expect(await client.run('a5 FETCH $ UID')).toEqual(['a5 OK FETCH completed'])
  })
}
