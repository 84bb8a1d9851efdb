/** Recipients that come to the same place get one copy of a message, and each its own reply. */
import { createMemoryStore, type MailStore, StoreError } from '@posthouse/store-api'
import { playTranscript } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import {
  aliases,
  createLmtpServer,
  createSmtpServer,
  deliverTo,
  localRecipients,
  type SmtpHandler,
  subaddress,
  subaddressing,
} from '../src/index.js'
import { fakeStore, zeros } from './servers.js'

const names = ['alice@example.org', 'bob@example.org']

/** A dialogue with one message for local parts of example.org. */
function message(hello: 'EHLO' | 'LHLO', to: readonly string[], answers: readonly string[]): string {
  return `
    S: 220 {*}
    C: ${hello} x
    S: ...
    S: 250 {*}
    C: MAIL FROM:<s@example.com>
    S: 250 {*}
    ${to.map((name) => `C: RCPT TO:<${name}@example.org>\n    S: 250 2.1.5 {*}`).join('\n    ')}
    C: DATA
    S: 354 {*}
    C: Subject: x
    C: .
    ${answers.map((answer) => `S: ${answer} {*}`).join('\n    ')}
  `
}

async function deliver(to: readonly string[], handlers: (store: MailStore) => readonly SmtpHandler[]) {
  const store = fakeStore(names)
  const server = createSmtpServer({ hostname: 'mx.example.org', random: zeros, handlers: handlers(store) })
  await playTranscript(server, message('EHLO', to, ['250']))
  return store.delivered
}

test('an alias, what it stands for, and the same in other letters', async () => {
  const map = new Map<string, string | string[]>([
    ['all@example.org', ['alice@example.org', 'both@example.org']],
    ['both@example.org', ['alice@example.org', 'bob@example.org']],
  ])
  const delivered = await deliver(['all', 'alice', 'ALICE', 'alice', 'both'], (store) => [
    aliases(map),
    localRecipients(store),
    deliverTo(store),
  ])
  expect(delivered.map(({ account }) => account)).toEqual(names)
  expect(delivered[0].text).toContain('Delivered-To: all@example.org\r\n')
})

test('another tag is another place, and so is another mailbox', async () => {
  const to = ['alice', 'alice+lists', 'ALICE+lists', 'alice+news']
  const handlers = (store: MailStore) => [subaddressing(), localRecipients(store), deliverTo(store)]
  expect(await deliver(to, handlers)).toHaveLength(3)
  const byMailbox = (store: MailStore) => [
    localRecipients(store),
    deliverTo(store, { path: ({ mailbox }) => [mailbox.localPart === 'ALICE' ? 'Loud' : 'INBOX'] }),
  ]
  expect(await deliver(['alice', 'ALICE', 'alice', 'ALICE'], byMailbox)).toHaveLength(2)
})

test('what becomes of a copy becomes of all that share it', async () => {
  const store = fakeStore(names)
  store.failing.set('alice@example.org', new StoreError('overquota', 'full'))
  const server = createLmtpServer({ hostname: 'mx.example.org', handlers: [localRecipients(store), deliverTo(store)] })
  const answers = ['452 4.2.2', '250 2.0.0', '452 4.2.2', '250 2.0.0']
  await playTranscript(server, message('LHLO', ['alice', 'bob', 'ALICE', 'bob'], answers))
  expect(store.delivered.map(({ account }) => account)).toEqual(['bob@example.org'])
})

test('the same with a store that cannot deliver, where each account commits', async () => {
  const whole = createMemoryStore()
  for (const name of names) whole.addAccount(name)
  const closed: string[] = []
  const store: MailStore = {
    async open(name) {
      const account = await whole.open(name)
      const { stage, commit } = account
      return {
        ...account,
        mailboxes: account.mailboxes.bind(account),
        ...(stage && { stage: stage.bind(account) }),
        ...(commit && { commit: commit.bind(account) }),
        close: async () => void closed.push(name),
      }
    },
    resolve: async (address) => (names.includes(address) ? address : null),
  }
  const handlers = [
    subaddressing(),
    localRecipients(store),
    deliverTo(store, {
      path(recipient) {
        if (recipient.get(subaddress) === 'bad') throw new Error('no such place')
        return ['INBOX']
      },
    }),
  ]
  const server = createSmtpServer({ hostname: 'mx.example.org', handlers, log: () => {} })
  await playTranscript(server, message('EHLO', ['alice', 'ALICE', 'bob', 'alice+a', 'alice+a'], ['250']))
  const copies = await Promise.all(names.map(async (name) => (await (await whole.open(name)).mailboxes())[0].messages))
  expect(copies).toEqual([2, 1])
  expect(closed).toEqual(names)
  await playTranscript(server, message('EHLO', ['bob+bad'], ['451 4.3.0']))
  expect(closed).toEqual([...names, 'bob@example.org'])
})
