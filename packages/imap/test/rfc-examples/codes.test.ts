/** The examples of RFC 5530 (response codes), after its text: those of what this server meets by itself. */

import { StoreError } from '@posthouse/store-api'
import { playTranscript } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { DialogueClient, playDialogue } from '../dialogue.js'
import { serverOver, testServer } from '../servers.js'
import { mailboxes, messages, playExample } from './play.js'

test('§3: AUTHENTICATIONFAILED, and PRIVACYREQUIRED on a connection that is not encrypted', async () => {
  await playTranscript(
    testServer().server,
    `
    S: * OK {*}
    C: b LOGIN "fred" "foo"
    S: b NO [AUTHENTICATIONFAILED] {*}
  `,
  )
  await playTranscript(
    testServer({ allowInsecureAuth: false }).server,
    `
    S: * OK {*}
    C: d login "fred" "foo"
    S: d NO [PRIVACYREQUIRED] {*}
  `,
  )
})

test('§3: NOPERM to who may look a mailbox up and no more', () =>
  playDialogue(
    testServer().server,
    `
    alice> s SETACL INBOX bob l
    alice< s OK {*}
    bob> f select "Other Users/alice/INBOX"
    bob< f NO [NOPERM] {*}
  `,
  ))

test('§3: EXPUNGEISSUED', async () => {
  const made = testServer()
  await messages(3)(made)
  await playDialogue(
    made.server,
    `
    alice> s SELECT INBOX
    alice< ...
    alice< s OK {*}
    alice2> s SELECT INBOX
    alice2< ...
    alice2< s OK {*}
    alice2> x STORE 2 +FLAGS.SILENT (\\Deleted)
    alice2< x OK {*}
    alice2> x EXPUNGE
    alice2< * 2 EXPUNGE
    alice2< x OK {*}
    alice> h SEARCH SUBJECT 3
    alice< ...
    alice< * SEARCH 3
    alice< h OK [EXPUNGEISSUED] SEARCH completed
  `,
  )
})

test('§3: CANNOT, ALREADYEXISTS and NONEXISTENT', () =>
  playExample(
    `
    C: l create "///////"
    S: l NO [CANNOT] {*}
    C: o RENAME this that
    S: o NO [ALREADYEXISTS] {*}
    C: p RENAME nothing new
    S: p NO [NONEXISTENT] {*}
  `,
    mailboxes('this', 'that'),
  ))

test('§3: SERVERBUG and UNAVAILABLE of a store', async () => {
  const errors = [new Error('this should not happen'), new StoreError('unavailable', 'x')]
  const codes: string[] = []
  for (const error of errors) {
    let broken = false
    const server = serverOver(testServer(), (account) => ({
      async mailboxes() {
        if (broken) throw error
        return account.mailboxes()
      },
    }))
    const client = new DialogueClient(server)
    await client.logIn('alice')
    broken = true
    codes.push((await client.run('j select INBOX')).pop() ?? '')
  }
  expect(codes).toEqual([
    expect.stringMatching(/^j NO \[SERVERBUG\] /),
    expect.stringMatching(/^j NO \[UNAVAILABLE\] /),
  ])
})
