/** A store that fails for a moment: what it could not tell then is told later, and nobody waits for the next change. */
import { type Account, Flag, StoreError } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import type { ImapServer } from '../src/index.js'
import { DialogueClient } from './dialogue.js'
import { HELLO, serverOver, type TestServer, testServer } from './servers.js'

/** A server whose next looks for changes fail, as many as are set; and how many there were. */
function failing(made: TestServer): { readonly server: ImapServer; failures: number; looks: number } {
  const change = (account: Account): Partial<Account> => ({
    messages(mailbox, query) {
      if (query.since === undefined) return account.messages(mailbox, query)
      state.looks++
      if (state.failures-- > 0) throw new StoreError('busy', 'later')
      return account.messages(mailbox, query)
    },
  })
  const state = { server: serverOver(made, change), failures: 0, looks: 0 }
  return state
}

test('behind the next command', async () => {
  const made = testServer()
  const state = failing(made)
  const client = new DialogueClient(state.server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  await made.deliver(HELLO)
  state.failures = 1
  expect(await client.run('x UID SEARCH ALL')).toEqual([
    '* SEARCH',
    '* NO [INUSE] In use; try again',
    'x OK SEARCH completed',
  ])
  expect(await client.run('y UID SEARCH ALL')).toContain('* 1 EXISTS')
})

test.each([
  ['APPEND', 'x APPEND INBOX {4+}\\r\\nA: b', 1, 'x OK [APPENDUID 1 3] APPEND completed', '* 3 EXISTS'],
  ['COPY', 'x UID COPY 1 INBOX', 1, 'x OK [COPYUID 1 1 3] COPY completed', '* 3 EXISTS'],
  ['MOVE', 'x UID MOVE 1 Else', 2, 'x OK MOVE completed', '* 1 EXPUNGE'],
  ['EXPUNGE', 'x EXPUNGE', 2, 'x OK EXPUNGE completed', '* 2 EXPUNGE'],
  ['REPLACE', 'x UID REPLACE 1 INBOX {4+}\\r\\nA: b', 2, 'x OK REPLACE completed', '* 1 EXPUNGE'],
])('%s that was done is not told as failed, or a client would do it twice', async (_, command, looks, end, later) => {
  const made = testServer()
  await made.deliver(HELLO)
  await made.deliver(HELLO, { flags: Flag.Deleted })
  const state = failing(made)
  const client = new DialogueClient(state.server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  await client.run('c CREATE Else')
  state.failures = looks
  const heard = await client.run(command)
  expect(heard.slice(-2)).toEqual(['* NO [INUSE] In use; try again', end])
  expect(heard).not.toContain(later)
  expect(await client.run('y NOOP')).toContain(later)
})

test('a command whose look fails once looks again', async () => {
  const made = testServer()
  await made.deliver(HELLO, { flags: Flag.Deleted })
  const state = failing(made)
  const client = new DialogueClient(state.server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX (CONDSTORE)')
  state.failures = 1
  expect(await client.run('x EXPUNGE')).toEqual(['* 1 EXPUNGE', 'x OK [HIGHESTMODSEQ 3] EXPUNGE completed'])
})

test('RFC 2177: in IDLE after the time in which a store without hints is asked again', async () => {
  const made = testServer()
  const state = failing(made)
  let pass = (): void => {}
  let begun = (_ms: number): void => {}
  const delay = (ms: number): Promise<void> => {
    begun(ms)
    return new Promise((resolve) => {
      pass = resolve
    })
  }
  const client = new DialogueClient(state.server, { delay })
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  client.send('i IDLE')
  expect(await client.line()).toBe('+ idling')
  // The look with which IDLE begins.
  await client.expectSilence(0)
  for (let i = 0; i < 2; i++) {
    const waiting = new Promise<number>((resolve) => {
      begun = resolve
    })
    state.failures = 1
    if (i === 0) await made.deliver(HELLO)
    else pass()
    expect(await waiting).toBe(5_000)
  }
  const { looks } = state
  await client.expectSilence(1)
  expect(state.looks).toBe(looks)
  pass()
  expect(await client.line()).toBe('* 1 EXISTS')
  expect(await client.line()).toBe('* 1 RECENT')
  await client.expectSilence(2)
  client.send('DONE')
  expect(await client.line()).toBe('i OK IDLE completed')
})
