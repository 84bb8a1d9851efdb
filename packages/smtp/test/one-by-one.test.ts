/** Delivery into a store whose accounts take mail each for itself. */
import type { Account, MailStore } from '@posthouse/store-api'
import { playTranscript } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { createSmtpServer, deliverTo, replies, type SmtpHandler } from '../src/index.js'
import { message } from './dialogues.js'

/** A store with one account that cannot be closed. */
function store(seen: string[], close: () => void | Promise<void>): MailStore {
  const account = {
    async stage(bytes) {
      for await (const _ of bytes);
      return { blob: '1', size: 0, expires: 0 }
    },
    mailboxes: async () => [],
    async commit(ops) {
      seen.push('commit')
      return { modseq: 1, results: ops.map(() => ({ uids: [[1, 1]] })) }
    },
    close() {
      seen.push('close')
      return close()
    },
  } as Partial<Account> as Account
  return { open: async () => account, resolve: async (address) => address }
}

const rejects = (): Promise<void> => Promise.reject(new Error('no such handle'))
const throws = (): void => {
  throw new Error('no such handle')
}

async function deliver(close: typeof rejects | typeof throws, handlers: readonly SmtpHandler[], answer: string) {
  const seen: string[] = []
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    handlers: [...handlers, deliverTo(store(seen, close))],
    log: ({ event }) => seen.push(event),
  })
  await playTranscript(server, message('').replace(/S: 250 \{\*\}\s*$/, `S: ${answer}\n`))
  await new Promise((resolve) => setImmediate(resolve))
  return seen
}

test.each([
  ['rejects', rejects],
  ['throws', throws],
])('what is committed is accepted, although the account %s when it is closed', async (_how, close) => {
  const seen = await deliver(close, [], '250 2.0.0 Message accepted as {*}')
  expect(seen).toEqual(['commit', 'close', 'account.close-failed', 'message.accepted'])
})

test.each([
  ['rejects', rejects],
  ['throws', throws],
])('a refused message is refused, although the account %s when it is closed', async (_how, close) => {
  const seen = await deliver(close, [{ message: () => replies.relayDenied() }], '550 5.7.1 {*}')
  expect(seen.filter((one) => one !== 'message.refused')).toEqual(['close', 'account.close-failed'])
})
