/** RFC 9051 §7.1: the examples of status responses and their codes. What each code takes is in `response-codes.test.ts`. */
import { type StoreCode, StoreError } from '@posthouse/store-api'
import { playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { type Command, type ImapExtension, no, ok, Refusal } from '../../src/index.js'
import { DialogueClient } from '../dialogue.js'
import { serverOver, testServer } from '../servers.js'
import { all, mailboxes, messages, playExample, playRev2 } from './play.js'

/** A server whose login is refused with a code of the application's. */
const refuses = (code: string | null, text: string) =>
  testServer({
    authenticate: {
      password() {
        throw code === null ? new Error(text) : new Refusal(no(text, code))
      },
    },
  }).server

describe('§7.1: codes of logins', () => {
  test.each([
    ['CONTACTADMIN', 'e login "fred" "foo"', 'e NO [CONTACTADMIN] Ask in room 5'],
    ['EXPIRED', 'd login "fred" "foo"', "d NO [EXPIRED] That password isn't valid any more"],
  ])('%s', (code, line, answer) =>
    playTranscript(
      refuses(code, answer.slice(answer.indexOf(']') + 2)),
      `
      S: * OK {*}
      C: ${line}
      S: ${answer}
    `,
    ),
  )

  test('AUTHENTICATIONFAILED', () =>
    playTranscript(
      testServer().server,
      `
      S: * OK {*}
      C: b LOGIN "fred" "foo"
      S: b NO [AUTHENTICATIONFAILED] Authentication failed
    `,
    ))

  test('UNAVAILABLE: what checks passwords is down', () =>
    playTranscript(
      refuses(null, 'the backend is down'),
      `
      S: * OK {*}
      C: a LOGIN "fred" "foo"
      S: a NO [UNAVAILABLE] {*}
    `,
    ))

  test('AUTHORIZATIONFAILED: as whom nobody may act', () =>
    playTranscript(
      testServer({
        authenticate: {
          password({ authorizationId }) {
            if (authorizationId) throw new Refusal(no('No such authorization-ID', 'AUTHORIZATIONFAILED'))
            return { account: 'alice' }
          },
        },
      }).server,
      `
      S: * OK {*}
      C: c1 AUTHENTICATE PLAIN
      S: + {*}
      C: Ym9iAGFsaWNlAHNlY3JldA==
      S: c1 NO [AUTHORIZATIONFAILED] No such authorization-ID
    `,
    ))

  test('PRIVACYREQUIRED', () =>
    playTranscript(
      testServer({ allowInsecureAuth: false }).server,
      `
      S: * OK {*}
      C: d login "fred" "foo"
      S: d NO [PRIVACYREQUIRED] {*}
      C: d select inbox
      S: d BAD {*}
    `,
    ))
})

describe('§7.1: codes of mailboxes', () => {
  test('ALREADYEXISTS, NONEXISTENT, CANNOT', () =>
    playRev2(
      `
      C: o356 RENAME this that
      S: o356 NO [ALREADYEXISTS] {*}
      C: l create "///////"
      S: l NO [CANNOT] {*}
      C: o DELETE this
      S: o OK DELETE completed
      C: p RENAME this that
      S: p NO [NONEXISTENT] {*}
    `,
      mailboxes('this', 'that'),
    ))

  test('HASCHILDREN: of a name that is a level only', () =>
    playRev2(
      `
      C: m356 DELETE Notes
      S: m356 NO [HASCHILDREN] {*}
    `,
      mailboxes('Notes/2026'),
    ))

  test('NOPERM: to look it up and no more', async () => {
    const made = testServer()
    made.store.share('bob', 'alice', 'l', ['INBOX'])
    await playTranscript(
      made.server,
      `
      S: * OK {*}
      C: e LOGIN alice secret
      S: e OK {*}
      C: f select "Other Users/bob/INBOX"
      S: f NO [NOPERM] {*}
    `,
    )
  })

  test.each<[string, StoreCode | 'error', string]>([
    ['INUSE', 'busy', 'g delete experiment-iv'],
    ['SERVERBUG', 'error', 'g delete experiment-iv'],
    ['LIMIT', 'limit', 'g create f250'],
    ['UNAVAILABLE', 'unavailable', 'g create f250'],
  ])('%s: what the store answers', async (code, failure, line) => {
    const made = testServer()
    await mailboxes('experiment-iv')(made)
    const server = serverOver(made, () => ({
      commit() {
        throw failure === 'error' ? new Error('This should not happen') : new StoreError(failure, 'not now')
      },
    }))
    const client = new DialogueClient(server)
    await client.logIn('alice')
    expect(await client.run(line)).toEqual([expect.stringMatching(new RegExp(`^g NO \\[${code}\\] `))])
    expect(await client.run('h NOOP')).toEqual(['h OK NOOP completed'])
  })

  test('OVERQUOTA: nothing is copied', async () => {
    const made = testServer()
    await all(messages(2), mailboxes('oldmail'))(made)
    made.store.setQuota('alice', { messages: 3 })
    await playTranscript(
      made.server,
      `
      S: * OK {*}
      C: e LOGIN alice secret
      S: e OK {*}
      C: s SELECT INBOX
      S: ...
      S: s OK {*}
      C: n1 uid copy 1:* oldmail
      S: n1 NO [OVERQUOTA] {*}
      C: n2 STATUS oldmail (MESSAGES)
      S: * STATUS oldmail (MESSAGES 0)
      S: n2 OK STATUS completed
    `,
    )
  })
})

test('§7.1, EXPUNGEISSUED: SEARCH finds what is not told to be gone', async () => {
  const made = testServer()
  await messages(3)(made)
  const [client, other] = [new DialogueClient(made.server), new DialogueClient(made.server)]
  for (const one of [client, other]) {
    await one.logIn('alice')
    await one.run('e ENABLE IMAP4rev2')
    await one.run('s SELECT INBOX')
  }
  await other.run('a STORE 1 +FLAGS.SILENT (\\Deleted)')
  await other.run('b EXPUNGE')
  expect(await client.run('h search subject 3')).toEqual([
    '* ESEARCH (TAG "h") ALL 3',
    'h OK [EXPUNGEISSUED] SEARCH completed',
  ])
  expect(await client.run('i NOOP')).toEqual(['* 1 EXPUNGE', 'i OK NOOP completed'])
})

describe('§7.1.1 to §7.1.5', () => {
  test('OK: an untagged one, of an extension, stands before the tagged one', () => {
    const shutdown: Command<void> = {
      name: 'XSHUTDOWN',
      states: ['authenticated'],
      parse() {},
      run(session) {
        session.out.line('* OK [ALERT] System shutdown in 10 minutes')
        return ok('XSHUTDOWN completed')
      },
    }
    const extension: ImapExtension = { name: 'XSHUTDOWN', capabilities: ['XSHUTDOWN'], commands: [shutdown as Command] }
    return playExample(
      `
      C: A001 XSHUTDOWN
      S: * OK [ALERT] System shutdown in 10 minutes
      S: A001 OK XSHUTDOWN completed
    `,
      undefined,
      { extensions: [extension] },
    )
  })

  test('BAD: a line that is too long, an empty one; the connection goes on', () =>
    playTranscript(
      testServer({ limits: { loginLine: 1_000 } }).server,
      `
      S: * OK {*}
      C: a001 NOOP ${'x'.repeat(1_000)}
      S: a001 BAD Command line too long
      C:
      S: * BAD {*}
      C: a002 NOOP
      S: a002 OK NOOP completed
    `,
    ))

  test('BYE: whoever is idle for too long', async () => {
    const { server } = testServer()
    const client = new DialogueClient(server)
    await client.logIn('alice')
    client.connection.driver.timedOut()
    expect(await client.line()).toBe('* BYE Idle for too long')
    expect(client.connection.closed).toBe(true)
  })
})
