/**
 * The examples of RFC 5530 (response codes), after its text. CORRUPTION is not among them: a store that finds its data
 * broken says UNAVAILABLE; nor is `OK [OVERQUOTA]`: there are no soft quotas.
 */

import { StoreError, writerOf } from '@posthouse/store-api'
import { playTranscript } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { no, Refusal } from '../../src/index.js'
import { DialogueClient, playDialogue } from '../dialogue.js'
import { serverOver, type TestServer, testServer } from '../servers.js'
import { mailboxes, messages, playExample } from './play.js'

/** A server whose application says no to a login by itself. */
const refusing = (error: unknown): TestServer['server'] =>
  testServer({
    authenticate: {
      password() {
        throw error
      },
    },
  }).server

test('§3: UNAVAILABLE, when nobody can tell whether the password is right', () =>
  playTranscript(
    refusing(new Error('the directory is down')),
    `
    S: * OK {*}
    C: a LOGIN "fred" "foo"
    S: a NO [UNAVAILABLE] {*}
  `,
  ))

test('§3: EXPIRED, CONTACTADMIN and AUTHORIZATIONFAILED are for the application to say', async () => {
  for (const [code, command] of [
    ['EXPIRED', 'd login "fred" "foo"'],
    ['CONTACTADMIN', 'e login "fred" "foo"'],
    ['AUTHORIZATIONFAILED', `c1 AUTHENTICATE PLAIN ${btoa('bob\0fred\0foo')}`],
  ] as const) {
    await playTranscript(
      refusing(new Refusal(no('Not that one', code))),
      `
      S: * OK {*}
      C: ${command}
      S: ${command.slice(0, command.indexOf(' '))} NO [${code}] Not that one
    `,
    )
  }
})

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
    C: d AUTHENTICATE PLAIN
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

test('§3: INUSE and LIMIT of a store, OVERQUOTA, and CLIENTBUG', async () => {
  const made = testServer()
  await messages(2)(made)
  await mailboxes('oldmail')(made)
  made.store.setQuota('alice', { messages: 3 })
  let code: 'busy' | 'limit' | null = null
  const server = serverOver(made, (account) => ({
    async commit(...args) {
      if (code) throw new StoreError(code, 'x')
      return writerOf(account).commit(...args)
    },
  }))
  const client = new DialogueClient(server)
  await client.logIn('alice')
  const end = async (command: string): Promise<string> => (await client.run(command)).pop() ?? ''
  code = 'busy'
  expect(await end('g delete oldmail')).toMatch(/^g NO \[INUSE\] /)
  await client.run('s select inbox')
  code = 'limit'
  expect(await end('m STORE 2 FLAGS (f1 f2 f3 f4 f5)')).toMatch(/^m NO \[LIMIT\] /)
  code = null
  expect(await end('n1 uid copy 1:* oldmail')).toMatch(/^n1 NO \[OVERQUOTA\] /)
  expect(await end('n2 uid copy 1 oldmail')).toMatch(/^n2 OK \[COPYUID /)
  expect(await end('k UIDBATCHES 500 2:1')).toMatch(/^k BAD \[CLIENTBUG\] /)
})

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
