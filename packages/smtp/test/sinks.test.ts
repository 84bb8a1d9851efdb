/** Whoever opened a sink hears how it ends: the `message` stage, or `abort`, and never both. */
import { fromLatin1, type LogEvent, latin1 } from '@posthouse/wire'
import { connectInMemory, type MemoryConnection, playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import {
  type BodySink,
  createSmtpServer,
  deliverTo,
  memorySpool,
  type Reply,
  replies,
  type SmtpHandler,
  type Spool,
} from '../src/index.js'
import { EHLO } from './dialogues.js'
import { fakeStore } from './servers.js'

const refuse = (): Reply => replies.relayDenied()

/** A handler that writes down what happens to it. */
function watched(name: string, seen: string[], answer?: () => Reply | undefined, opened?: Promise<void>): SmtpHandler {
  const sink: BodySink = { write: () => void seen.push(`${name} write`), abort: () => void seen.push(`${name} abort`) }
  return {
    body: () => (opened ? opened.then(() => sink) : sink),
    ...(answer && {
      message() {
        seen.push(`${name} message`)
        return answer()
      },
    }),
  }
}

const DATA = `${EHLO}
  C: MAIL FROM:<a@example.org>
  C: RCPT TO:<b@example.org>
  C: DATA
  S: 250 {*}
  S: 250 {*}
`
const play = (handlers: readonly SmtpHandler[], answer: string, spool: Spool = memorySpool): Promise<void> =>
  playTranscript(
    createSmtpServer({ hostname: 'mx.example.org', handlers, spool }),
    `${DATA}
  S: 354 {*}
  C: x
  C: .
  S: ${answer}
`,
  )

test('a handler refuses: those behind it are told', async () => {
  const seen: string[] = []
  const pass = (): undefined => undefined
  await play([watched('1', seen, pass), watched('2', seen, refuse), watched('3', seen, pass)], '550 5.7.1 {*}')
  expect(seen).toEqual(['1 write', '2 write', '3 write', '1 message', '2 message', '3 abort'])
})

test('a handler takes the message: so are they', async () => {
  const seen: string[] = []
  await play([watched('1', seen, () => replies.accepted()), watched('2', seen, refuse)], '250 2.0.0 {*}')
  expect(seen).toEqual(['1 write', '2 write', '1 message', '2 abort'])
})

test('who only looks on is not told of the end', async () => {
  const seen: string[] = []
  await play([watched('1', seen), { message: () => replies.accepted() }], '250 2.0.0 {*}')
  expect(seen).toEqual(['1 write'])
})

test('a sink that cannot be opened closes the others', async () => {
  const broken: SmtpHandler = { body: () => Promise.reject(new Error('no room')), message: refuse }
  const seen: string[] = []
  const server = createSmtpServer({ hostname: 'mx.example.org', handlers: [watched('1', seen, refuse), broken] })
  await playTranscript(server, `${DATA}  S: 451 4.3.0 {*}\n`)
  expect(seen).toEqual(['1 abort'])
})

test.each<[string, () => void]>([
  [
    'at once',
    () => {
      throw new Error('stuck')
    },
  ],
  ['later', () => Promise.reject(new Error('stuck'))],
])('a sink that cannot be closed does not keep the others open: it says so %s', async (_when, abort) => {
  const stuck: SmtpHandler = { name: 'stuck', body: () => ({ write() {}, abort }) }
  const broken: SmtpHandler = { name: 'broken', body: () => Promise.reject(new Error('no room')) }
  const seen: string[] = []
  const failures: LogEvent[] = []
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    handlers: [stuck, watched('1', seen, refuse), broken],
    log: (event) => void failures.push(event),
  })
  await playTranscript(server, `${DATA}  S: 451 4.3.0 {*}\n`)
  expect(seen).toEqual(['1 abort'])
  expect(failures).toMatchObject([{ handler: 'broken' }, { handler: 'stuck' }])
})

describe.each([
  [
    'throws',
    (): never => {
      throw new Error('no room')
    },
  ],
  ['is rejected', (): Promise<void> => Promise.reject(new Error('no room'))],
])('a sink that %s', (_what, write) => {
  test('is named in the log', async () => {
    const failures: LogEvent[] = []
    const fine: SmtpHandler = { name: 'fine', body: () => ({ write: () => Promise.resolve() }) }
    const server = createSmtpServer({
      hostname: 'mx.example.org',
      handlers: [fine, { name: 'mine', body: () => ({ write }) }, { message: refuse }],
      log: (event) => event.level === 'error' && failures.push(event),
    })
    await playTranscript(server, `${DATA}  S: 354 {*}\n  C: x\n  C: .\n  S: 451 4.3.0 {*}\n`)
    expect(failures).toMatchObject([{ event: 'handler.failed', stage: 'body', handler: 'mine' }])
  })
})

test.each(['DATA', 'BDAT 0 LAST'])('a spool that cannot be opened: %s', async (command) => {
  const seen: string[] = []
  const spool: Spool = {
    open() {
      throw new Error('disk is gone')
    },
  }
  const handlers = [{ ...watched('1', seen, refuse), needs: ['octets'] as const }]
  await playTranscript(
    createSmtpServer({ hostname: 'mx.example.org', handlers, spool, log: () => {} }),
    `${DATA.replace('DATA', command)}  S: 451 4.3.0 {*}\n  C: NOOP\n  S: 250 {*}\n`,
  )
  expect(seen).toEqual(['1 abort'])
})

test('a spool that cannot finish', async () => {
  const seen: string[] = []
  const spool: Spool = {
    open: () => ({ ...memorySpool.open(), finish: () => Promise.reject(new Error('disk is gone')) }),
  }
  await play([{ ...watched('1', seen, refuse), needs: ['octets'] }], '451 4.3.0 {*}', spool)
  expect(seen).toEqual(['1 write', '1 abort'])
})

/** Says everything up to the message. */
async function begun(handlers: readonly SmtpHandler[]): Promise<MemoryConnection> {
  const connection = connectInMemory(createSmtpServer({ handlers }))
  connection.send(fromLatin1('EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n'))
  return connection
}

async function heard(connection: MemoryConnection, text: string): Promise<void> {
  while (!latin1(connection.take()).includes(text)) await connection.output()
}

test('the client goes away while a sink is opened', async () => {
  const seen: string[] = []
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const connection = await begun([watched('1', seen, refuse, opened)])
  connection.driver.lost({ type: 'peer' })
  open()
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual(['1 abort'])
})

test('the client goes away while a sink writes: what comes of the write is no failure', async () => {
  let fail = (_error: Error): void => {}
  const events: LogEvent[] = []
  const slow: SmtpHandler = { body: () => ({ write: () => new Promise((_, reject) => (fail = reject)) }) }
  const connection = connectInMemory(createSmtpServer({ handlers: [slow], log: (event) => void events.push(event) }))
  connection.send(fromLatin1('EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n'))
  await heard(connection, '354')
  connection.send(fromLatin1('x\r\n'))
  connection.driver.lost({ type: 'peer' })
  fail(new Error('aborted'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(events).toEqual([])
})

test('the client goes away while a handler thinks about the message: nobody else is asked', async () => {
  const seen: string[] = []
  let answer = (): void => {}
  const thinks: SmtpHandler = { message: () => new Promise((resolve) => (answer = () => resolve(undefined))) }
  const connection = await begun([thinks, watched('1', seen, () => replies.accepted())])
  await heard(connection, '354')
  connection.send(fromLatin1('x\r\n.\r\n'))
  connection.driver.lost({ type: 'peer' })
  answer()
  await new Promise((resolve) => setImmediate(resolve))
  expect(seen).toEqual(['1 write', '1 abort'])
})

test('a store that reads a message is told that the message was refused', async () => {
  const store = fakeStore(['b@example.org'])
  const ended: unknown[] = []
  const stage = store.stage?.bind(store) as NonNullable<typeof store.stage>
  const watching = {
    ...store,
    stage: (octets: Parameters<typeof stage>[0]) => {
      const staging = stage(octets)
      staging.catch((error: Error) => ended.push(error.message))
      return staging
    },
  }
  const connection = await begun([{ message: refuse }, deliverTo(watching)])
  await heard(connection, '354')
  const line = `${'x'.repeat(98)}\r\n`
  connection.send(fromLatin1(`${line.repeat(2_000)}.\r\n`))
  await heard(connection, '550')
  await new Promise((resolve) => setImmediate(resolve))
  expect(ended).toEqual(['the message was not completed'])
  expect(store.delivered).toEqual([])
})

test('a sink that throws beside one that takes its time: 451, and what comes of the other is no accident', async () => {
  const seen: string[] = []
  const slow: SmtpHandler = {
    body() {
      let fail = (_error: Error): void => {}
      return {
        write: () => new Promise((_resolve, reject) => (fail = reject)),
        abort() {
          seen.push('abort')
          fail(new Error('aborted'))
        },
      }
    },
    message: refuse,
  }
  const throws: SmtpHandler = {
    body: () => ({
      write() {
        throw new Error('no room')
      },
    }),
  }
  const errors: string[] = []
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    handlers: [slow, throws],
    log: ({ error }) => error && errors.push((error as Error).message),
  })
  await playTranscript(
    server,
    `${DATA}
  S: 354 {*}
  C: x
  C: .
  S: 451 4.3.0 {*}
  C: NOOP
  S: 250 2.0.0 OK
`,
  )
  expect(seen).toEqual(['abort'])
  expect(errors).toEqual(['no room'])
})
