/** A store that is polled and numbers its messages when it discovers them: sessions hear of what is new all the same. */
import {
  createMemoryUidSidecar,
  Flag,
  StoreError,
  type UnnumberedMessage,
  withUidMap,
  writerOf,
} from '@posthouse/store-api'
import { fromUtf8 } from '@posthouse/wire'
import { expect, test } from 'vitest'
import { DialogueClient } from './dialogue.js'
import { HELLO, serverOver, testServer } from './servers.js'

/** A source of two mailboxes that knows nothing but what is in them; and how often it was read. */
function unnumbered() {
  const boxes = new Map<string, UnnumberedMessage[]>([
    ['in', []],
    ['out', []],
  ])
  let reads = 0
  let made = 0
  const octets = fromUtf8(HELLO)
  const add = (mailbox = 'in'): string => {
    const key = `m${made++}`
    boxes.get(mailbox)?.push({ key, blob: key, flags: 0, size: octets.length, internalDate: 0 })
    return key
  }
  const account = withUidMap(
    {
      mailboxes: async () => [
        { key: 'in', path: ['INBOX'] },
        { key: 'out', path: ['Out'] },
      ],
      async *messages(mailbox) {
        reads++
        yield [...(boxes.get(mailbox) ?? [])]
      },
      read: () => [octets],
      async stage(bytes) {
        let size = 0
        for await (const piece of bytes) size += piece.length
        return { blob: 'staged', size, expires: Number.MAX_SAFE_INTEGER }
      },
      add: async (mailbox) => add(mailbox),
      async remove(mailbox, keys) {
        boxes.set(
          mailbox,
          (boxes.get(mailbox) ?? []).filter(({ key }) => !keys.includes(key)),
        )
      },
    },
    createMemoryUidSidecar(),
  )
  return { server: testServer({ store: { open: async () => account } }).server, add, reads: () => reads }
}

test.each(['NOOP', 'CHECK'])('RFC 9051 §6.1.2: %s tells of what the source has now', async (command) => {
  const { server, add } = unnumbered()
  const client = new DialogueClient(server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  add()
  expect(await client.run(`n ${command}`)).toContain('* 1 EXISTS')
})

test('RFC 2177: so does IDLE', async () => {
  const { server, add } = unnumbered()
  const client = new DialogueClient(server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  client.send('i IDLE')
  expect(await client.line()).toBe('+ idling')
  add()
  expect(await client.line()).toBe('* 1 EXISTS')
  client.send('DONE')
  await client.line()
})

test('one command looks once', async () => {
  const { server, add, reads } = unnumbered()
  for (let i = 0; i < 50; i++) add()
  const client = new DialogueClient(server)
  await client.logIn('alice')
  await client.run('s SELECT INBOX')
  const before = reads()
  await client.run('f FETCH 1:* (UID FLAGS)')
  expect(reads() - before).toBeLessThanOrEqual(1)
  await client.run('n NOOP')
  expect(reads() - before).toBeLessThanOrEqual(2)
})

test('RFC 7162 §3.2.7: REPLACE into a mailbox that has changed more often hides nothing', async () => {
  const { server, add } = unnumbered()
  add()
  const client = new DialogueClient(server)
  await client.logIn('alice')
  for (let i = 0; i < 20; i++) {
    add('out')
    await client.run('t STATUS Out (MESSAGES)')
  }
  await client.run('e ENABLE QRESYNC')
  expect(await client.run('s SELECT INBOX')).toContain('* OK [HIGHESTMODSEQ 1] Highest')
  const octets = HELLO.replaceAll('\r\n', '\\r\\n')
  const replaced = await client.run(`r REPLACE 1 Out {${HELLO.length}+}\\r\\n${octets}`)
  expect(replaced.slice(-2)).toEqual(['* VANISHED 1', 'r OK [HIGHESTMODSEQ 2] REPLACE completed'])
  add()
  expect(await client.run('n NOOP')).toContain('* 1 EXISTS')
})

test.each(['readonly', 'noperm'] as const)(
  'RFC 9051 §6.4.1: CLOSE is no error where nothing can be removed (%s)',
  async (code) => {
    const made = testServer()
    await made.deliver(HELLO, { flags: Flag.Deleted })
    // As `withUidMap` does over a source that takes flags and cannot remove.
    const server = serverOver(made, (account) => ({
      async commit(ops, key) {
        if (ops.some(({ op }) => op === 'expunge'))
          throw new StoreError(code, 'the application does not take "expunge" here')
        return writerOf(account).commit(ops, key)
      },
    }))
    const client = new DialogueClient(server)
    await client.logIn('alice')
    await client.run('s SELECT INBOX')
    expect(await client.run('c CLOSE')).toEqual(['c OK CLOSE completed'])
    expect(await client.run('t STATUS INBOX (MESSAGES)')).toContain('* STATUS INBOX (MESSAGES 1)')
    expect(await client.run('f FETCH 1 FLAGS')).toEqual([expect.stringMatching(/^f BAD/)])
  },
)
