import { concat, latin1 } from '@posthouse/wire'
import { connectInMemory, playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import {
  createLmtpServer,
  createSmtpServer,
  deliverTo,
  memorySpool,
  parseMailbox,
  type ReceivedMessage,
  replies,
  rewritten,
  type SmtpHandler,
} from '../src/index.js'
import { fileSpool } from '../src/node/index.js'
import { fakeStore, zeros } from './servers.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function textOf(message: ReceivedMessage, range?: { start: number; end?: number }): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of message.read(range)) pieces.push(piece.slice())
  return latin1(concat(pieces))
}

/** Puts a field before the message. */
const prepend = (field: string): SmtpHandler => ({
  rewrites: true,
  message: (message) => rewritten(message, [bytes(field), { start: 0 }]),
})

const SEND = `
  S: 220 mx.example.org ESMTP
  C: EHLO x
  S: ...
  S: 250 {*}
  C: MAIL FROM:<a@example.org>
  C: RCPT TO:<b@example.org>
  C: RCPT TO:<c@example.org>
  C: DATA
  S: 250 {*}
  S: 250 {*}
  S: 250 {*}
  S: 354 {*}
  C: Subject: x
  C:
  C: text
  C: .
`
const ORIGINAL = 'Subject: x\r\n\r\ntext\r\n'

describe.each([
  ['memory', memorySpool],
  ['files', fileSpool({ memory: 5 })],
])('a message that handlers change, kept in %s', (_name, spool) => {
  test('each handler gets it as those before it left it, by sink, by range and in its summary', async () => {
    const seen: string[] = []
    const look = (name: string): SmtpHandler => ({
      needs: ['octets', 'summary'],
      body: () => {
        let text = ''
        return {
          write: (octets) => {
            text += latin1(octets)
            if (text.length >= ORIGINAL.length) seen.push(`${name} sink ${JSON.stringify(text)}`)
          },
        }
      },
      async message(message) {
        seen.push(`${name} read ${JSON.stringify(await textOf(message))} of ${message.size}`)
        seen.push(`${name} part ${JSON.stringify(await textOf(message, { start: 3, end: 9 }))}`)
        seen.push(`${name} head ${JSON.stringify(latin1(message.header as Uint8Array))}`)
      },
    })
    const accept: SmtpHandler = { message: () => replies.accepted() }
    const handlers = [look('1st'), prepend('A: 1\r\n'), prepend('B: 2\r\n'), look('2nd'), accept]
    const server = createSmtpServer({ hostname: 'mx.example.org', spool, handlers })
    await playTranscript(server, `${SEND}  S: 250 2.0.0 Message accepted\n`)
    const changed = `B: 2\r\nA: 1\r\n${ORIGINAL}`
    expect(seen).toEqual([
      `1st sink ${JSON.stringify(ORIGINAL)}`,
      `1st read ${JSON.stringify(ORIGINAL)} of ${ORIGINAL.length}`,
      '1st part "ject: "',
      '1st head "Subject: x\\r\\n\\r\\n"',
      `2nd sink ${JSON.stringify(changed)}`,
      `2nd read ${JSON.stringify(changed)} of ${changed.length}`,
      '2nd part "2\\r\\nA: "',
      '2nd head "B: 2\\r\\nA: 1\\r\\nSubject: x\\r\\n\\r\\n"',
    ])
  })

  test('a rewriter that changes nothing, and one whose reply decides', async () => {
    const store = fakeStore(['b@example.org', 'c@example.org'])
    const nothing: SmtpHandler = { rewrites: true, message() {} }
    const handlers = [nothing, deliverTo(store)]
    const server = createSmtpServer({ hostname: 'mx.example.org', spool, handlers, random: zeros })
    await playTranscript(server, `${SEND}  S: 250 2.0.0 {*}\n`)
    expect(store.staged).toEqual([ORIGINAL])

    const refuse: SmtpHandler = { rewrites: true, message: () => replies.nobodyTakesIt() }
    const refusing = createSmtpServer({ hostname: 'mx.example.org', spool, handlers: [refuse, deliverTo(store)] })
    await playTranscript(refusing, `${SEND}  S: 554 {*}\n`)
    expect(store.staged).toHaveLength(1)
  })
})

test('a delivery gets the changed message; envelope changes reach it too', async () => {
  const store = fakeStore(['b@example.org', 'c@example.org', 'd@example.org'])
  const filter: SmtpHandler = {
    rewrites: true,
    message(message) {
      const { transaction } = message
      transaction.reversePath = parseMailbox('other@example.net')
      const [first, second] = transaction.recipients
      first.targets = []
      second.targets = [...second.targets, parseMailbox('d@example.org') as NonNullable<typeof transaction.reversePath>]
      return rewritten(message, [{ start: 0, end: 12 }, bytes('\r\nother\r\n')])
    },
  }
  const server = createLmtpServer({ hostname: 'mx.example.org', handlers: [filter, deliverTo(store)] })
  const lmtp = SEND.replace('ESMTP', 'LMTP').replace('EHLO', 'LHLO')
  await playTranscript(server, `${lmtp}  S: 250 2.0.0 {*}\n  S: 250 2.0.0 {*}\n`)
  expect(store.delivered.map(({ account }) => account)).toEqual(['c@example.org', 'd@example.org'])
  expect(store.staged).toEqual(['Subject: x\r\n\r\nother\r\n'])
  expect(store.delivered[0].text).toContain('Return-Path: <other@example.net>')
})

test('a handler that rewrites and does not say so keeps nobody from being asked', async () => {
  const errors: unknown[] = []
  for (const more of [[], [prepend('A: 1\r\n')]]) {
    const asked: string[] = []
    const handlers: SmtpHandler[] = [
      { message: async (message) => rewritten(message, [{ start: 0 }]) },
      { message: () => void asked.push('filter') },
      ...more,
      { message: () => void asked.push('last') },
    ]
    const log = ({ error }: { error?: unknown }): void => void (error && errors.push((error as Error).message))
    await playTranscript(createSmtpServer({ hostname: 'mx.example.org', handlers, log }), `${SEND}  S: 451 4.3.0 {*}\n`)
    expect(asked).toEqual([])
  }
  expect(errors).toEqual(Array(2).fill('a handler that does not say `rewrites` has rewritten the message'))
})

test('what goes wrong behind a rewriter is a reply', async () => {
  const errors: unknown[] = []
  const play = async (handlers: readonly SmtpHandler[], answer: string): Promise<void> => {
    const log = (event: { readonly error?: unknown }): void => {
      if (event.error) errors.push(event.error)
    }
    await playTranscript(createSmtpServer({ hostname: 'mx.example.org', handlers, log }), `${SEND}  S: ${answer}\n`)
  }
  const fails = (stage: 'body' | 'write'): SmtpHandler => ({
    body() {
      if (stage === 'body') throw new Error(stage)
      return {
        write() {
          throw new Error(stage)
        },
      }
    },
    message: () => replies.accepted(),
  })
  await play([prepend('A: 1\r\n'), fails('body')], '451 4.3.0 {*}')
  await play([prepend('A: 1\r\n'), fails('write')], '451 4.3.0 {*}')
  const liar: SmtpHandler = { needs: ['octets'], message: (message) => rewritten(message, [{ start: 0 }]) }
  await play([liar], '451 4.3.0 {*}')
  await play(
    [prepend('A: 1\r\n'), { rewrites: true, message: (m) => rewritten(m, [{ start: 0, end: 99 }]) }],
    '451 {*}',
  )
  await play([prepend('A: 1\r\n')], '554 5.3.5 {*}')
  expect(errors).toHaveLength(4)
})

test('a client that goes away while a filter thinks: nobody behind the filter is asked', async () => {
  let asked = false
  let go = (): void => {}
  let reached = (): void => {}
  const thinking = new Promise<void>((resolve) => (reached = resolve))
  const filter: SmtpHandler = {
    rewrites: true,
    async message() {
      reached()
      await new Promise<void>((resolve) => (go = resolve))
      return undefined
    },
  }
  const next: SmtpHandler = {
    body() {
      asked = true
    },
    message: () => replies.accepted(),
  }
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const spool = {
    open: () => {
      const writer = memorySpool.open()
      return {
        ...writer,
        async finish() {
          return { ...(await writer.finish()), release: () => release() }
        },
      }
    },
  }
  const connection = connectInMemory(createSmtpServer({ spool, handlers: [filter, next] }))
  connection.send(bytes('EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n'))
  while (!latin1(connection.take()).includes('354')) await connection.output()
  connection.send(bytes('x\r\n.\r\n'))
  await thinking
  connection.driver.lost({ type: 'peer' })
  go()
  await released
  expect(asked).toBe(false)
})
