/** Handlers without types return what is no reply: the connection goes on, and the log says who returned what. */
import type { LogEvent } from '@posthouse/wire'
import { playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { createSmtpServer, discard, onMessage, replies, reply, rewritten, type SmtpHandler } from '../src/index.js'
import { EHLO } from './dialogues.js'

/** What a handler returns that nobody has compiled. */
const returning = (stage: string, value: unknown, name = 'mine'): SmtpHandler => ({ name, [stage]: () => value })

/** Plays a dialogue, and gives the failures. */
async function failures(handlers: readonly SmtpHandler[], dialogue: string): Promise<readonly LogEvent[]> {
  const events: LogEvent[] = []
  const log = (event: LogEvent): void => void events.push(event)
  await playTranscript(createSmtpServer({ hostname: 'mx.example.org', handlers, log }), dialogue)
  return events.filter(({ level }) => level === 'error')
}

const MAIL = `${EHLO}
  C: MAIL FROM:<a@example.org>
  S: {*}
`
/** A message; its last reply is `answer`, and the connection goes on. */
const message = (answer: string): string => `${MAIL}
  C: RCPT TO:<b@example.org>
  C: DATA
  S: 250 {*}
  S: 354 {*}
  C: x
  C: .
  S: ${answer}
  C: NOOP
  S: 250 {*}
`

describe('what is no reply', () => {
  test.each<[unknown, string]>([
    [true, 'returned true at mail'],
    [false, 'returned false at mail'],
    [7, 'returned a number at mail'],
    ['550 no', 'returned a string at mail'],
    [{}, 'returned an object at mail'],
    [{ code: 550, message: 'no' }, 'returned an object with code, message at mail'],
    [{ code: 550, enhanced: '5.7.1' }, 'returned an object with code, enhanced at mail'],
    [{ code: 550, enhanced: '5.7.1', text: [1] }, 'returned an object with code, enhanced, text at mail'],
    [{ code: 250, enhanced: '2.1.0 x\r\n250', text: 'x' }, 'returned an object with code, enhanced, text at mail'],
    [{ code: 99, enhanced: null, text: 'no' }, 'returned an object with code, enhanced, text at mail'],
    [new Error('no'), 'returned an error at mail'],
    [Promise.resolve('no'), 'returned a string at mail'],
    [[replies.ok()], 'returned an array at mail'],
  ])('%o', async (value, words) => {
    const dialogue = `${MAIL.replace('S: {*}\n', 'S: 451 4.3.0 {*}\n')}\n  C: NOOP\n  S: 250 {*}\n`
    const [failure, ...others] = await failures([returning('mail', value), discard()], dialogue)
    expect(failure).toMatchObject({ event: 'handler.failed', stage: 'mail', handler: 'mine' })
    expect((failure as { error: Error }).error.message).toContain(`the handler mine ${words}`)
    expect(others).toEqual([])
  })

  test.each([undefined, null, Promise.resolve(null)])('nothing is nothing: %o', async (value) => {
    expect(
      await failures([returning('mail', value), returning('message', value), discard()], message('250 {*}')),
    ).toEqual([])
  })

  test.each(['connect', 'helo', 'rcpt', 'data', 'message'])('at %s', async (stage) => {
    const broken = { name: 'mine', [stage]: () => 'no' }
    const events: LogEvent[] = []
    const server = createSmtpServer({ handlers: [broken, discard()], log: (event) => void events.push(event) })
    const lines: Record<string, string> = {
      connect: '\n  S: 451 4.3.0 {*}\n  -- closed --\n',
      helo: '\n  S: 220 {*}\n  C: EHLO x\n  S: 451 4.3.0 {*}\n',
      rcpt: `${MAIL}  C: RCPT TO:<b@example.org>\n  S: 451 4.3.0 {*}\n`,
      data: `${MAIL}  C: RCPT TO:<b@example.org>\n  C: DATA\n  S: 250 {*}\n  S: 451 4.3.0 {*}\n`,
      message: message('451 4.3.0 {*}'),
    }
    await playTranscript(server, (lines[stage] as string).replaceAll('mx.example.org', '{*}'))
    expect(events.filter(({ level }) => level === 'error')).toMatchObject([{ stage, handler: 'mine' }])
  })

  test('of a command', async () => {
    const help: SmtpHandler = { name: 'helps', commands: new Map([['HELP', () => 'no help' as never]]) }
    const [failure] = await failures([help], `${EHLO}\n  C: HELP\n  S: 451 4.3.0 {*}\n  C: NOOP\n  S: 250 {*}\n`)
    expect(failure).toMatchObject({ stage: 'HELP', handler: 'helps' })
  })

  test.each([
    [[replies.ok(), 'x']],
    [[replies.ok(), replies.ok()]],
    [[]],
    [{ read: 1 }],
    [{ read: () => [], octets: 1, size: 1 }],
  ])('at message: %o', async (value) => {
    const [failure] = await failures([returning('message', value)], message('451 4.3.0 {*}'))
    expect(failure).toMatchObject({ stage: 'message', handler: 'mine' })
  })
})

test('who throws is named', async () => {
  const throws: SmtpHandler = { name: 'mine', rcpt: () => Promise.reject(new Error('database is down')) }
  const events = await failures([throws], `${MAIL}  C: RCPT TO:<b@example.org>\n  S: 451 4.3.0 {*}\n`)
  expect(events).toMatchObject([{ stage: 'rcpt', handler: 'mine', error: { message: 'database is down' } }])
  const body: SmtpHandler = { name: 'sink', body: () => Promise.reject(new Error('disk is full')) }
  const others = await failures(
    [body],
    `${MAIL}  C: RCPT TO:<b@example.org>\n  C: DATA\n  S: 250 {*}\n  S: 451 4.3.0 {*}\n`,
  )
  expect(others).toMatchObject([{ stage: 'body', handler: 'sink', error: { message: 'disk is full' } }])
})

describe('onMessage: the function has the message', () => {
  test.each([1, true, false, 'id-7', { rows: 1 }, { code: 0 }, [undefined, 3], new Map()])(
    '%o says nothing',
    async (value) => {
      expect(await failures([onMessage(() => value as never)], message('250 2.0.0 Message accepted as {*}'))).toEqual(
        [],
      )
    },
  )

  test('a reply says something', async () => {
    expect(await failures([onMessage(() => reply(550, '5.7.1', 'no'))], message('550 5.7.1 no'))).toEqual([])
    expect(await failures([onMessage(() => [reply(452, '4.2.2', 'full')])], message('452 4.2.2 full'))).toEqual([])
  })

  test.each<[string, Parameters<typeof onMessage>[0]]>([
    ['half a reply', () => ({ code: 550, message: 'no' }) as never],
    ['half a list of replies', () => [reply(250, null, 'ok'), undefined] as never],
    ['an error', () => new Error('no') as never],
    ['another message, which nobody would get', (received) => rewritten(received, [{ start: 0 }]) as never],
  ])('%s was meant to: the message is not accepted', async (_name, take) => {
    expect(await failures([onMessage(take)], message('451 4.3.0 {*}'))).toMatchObject([{ stage: 'message' }])
  })
})

describe('keywords', () => {
  const boom = (): never => {
    throw new Error('boom')
  }
  const greetings = `
    S: 220 mx.example.org ESMTP
    C: EHLO one
    S: 451 4.3.0 {*}
    C: MAIL FROM:<>
    S: 503 5.5.1 Say EHLO first
    C: HELO two
    S: 250 mx.example.org
    C: MAIL FROM:<>
    C: EHLO three
    C: RCPT TO:<b@example.org>
    S: 250 {*}
    S: 451 4.3.0 {*}
    S: 250 2.1.5 {*}
  `
  test.each<[string, () => unknown]>([
    ['throws', boom],
    ['returns a promise', async () => []],
    ['returns no lines', () => [null]],
  ])('of a handler that %s', async (_what, keywords) => {
    const seen: (string | null)[] = []
    const mine = { name: 'mine', keywords } as SmtpHandler
    const look: SmtpHandler = { rcpt: (_recipient, _transaction, { helo }) => void seen.push(helo) }
    expect(await failures([mine, look], greetings)).toMatchObject([{ stage: 'keywords' }, { stage: 'keywords' }])
    expect(seen).toEqual(['two'])
  })

  test('who fails is named', async () => {
    const [failure] = await failures([{ name: 'mine', keywords: boom }], greetings)
    expect(failure).toMatchObject({ event: 'handler.failed', stage: 'keywords', handler: 'mine' })
  })

  test('of the server', async () => {
    const events: LogEvent[] = []
    const log = (event: LogEvent): void => void events.push(event)
    await playTranscript(createSmtpServer({ hostname: 'mx.example.org', handlers: [], keywords: boom, log }), greetings)
    expect(events).toMatchObject([{ stage: 'keywords' }, { stage: 'keywords' }])
  })
})

describe('a reader of parameters', () => {
  const boom = (): never => {
    throw new Error('boom')
  }
  test.each<[string, () => unknown]>([
    ['throws', boom],
    ['is rejected', () => Promise.reject(new Error('boom'))],
    ['returns no reply', () => Promise.resolve(true)],
    ['returns a reply that refuses nothing', () => reply(250, '2.1.0', 'ok')],
  ])('%s: the command fails, and the log names the handler', async (_what, read) => {
    const readers = new Map([['X', read as () => undefined]])
    const broken: SmtpHandler = { name: 'mine', mailParameters: readers, rcptParameters: readers }
    const events = await failures(
      [broken],
      `${EHLO}
      C: MAIL FROM:<a@example.org> X=1
      S: 451 4.3.0 {*}
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<b@example.org> X
      C: RCPT TO:<b@example.org>
      S: 250 {*}
      S: 451 4.3.0 {*}
      S: 250 2.1.5 {*}
    `,
    )
    expect(events).toMatchObject(['mail', 'rcpt'].map((stage) => ({ event: 'handler.failed', stage, handler: 'mine' })))
  })

  test('may take its time', async () => {
    const slow: SmtpHandler = { mailParameters: new Map([['X', async (value) => reply(550, '5.7.1', `not ${value}`)]]) }
    expect(await failures([slow], `${EHLO}\n  C: MAIL FROM:<> X=1\n  S: 550 5.7.1 not 1\n`)).toEqual([])
  })
})
