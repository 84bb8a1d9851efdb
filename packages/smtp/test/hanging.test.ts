/** Handlers that never answer, or too late. */
import { createDriver, fromLatin1, type Link, type LogEvent, latin1, type Transport } from '@posthouse/wire'
import { describe, expect, test, vi } from 'vitest'
import { createSmtpServer, type Reply, replies, type SmtpHandler, type SmtpServerOptions } from '../src/index.js'

const LIMIT = 5_000

/** A connection whose time is over when the test says so. */
function connect(options: Partial<SmtpServerOptions>) {
  const events: LogEvent[] = []
  const deadlines: number[] = []
  let said = ''
  let over = false
  const transport: Transport = {
    write: (pieces) => void (said += pieces.map((piece) => latin1(piece)).join('')),
    pause() {},
    resume() {},
    end: () => void (over = true),
    destroy: () => void (over = true),
  }
  const link: Link = {
    ...{ id: 'x', remote: { address: '192.0.2.1', port: 1 }, local: { address: '192.0.2.2', port: 25 } },
    ...{ tls: null, upgraded: false, loopback: false, canStartTls: false, canCompress: false, inputWaits: false },
    ...{
      signal: new AbortController().signal,
      now: () => 0,
      delay: async () => {},
      log: (event) => void events.push(event),
    },
    ...{ flush() {}, sent() {}, startTls() {}, compress() {}, abort() {}, idleTimeout() {} },
    close: () => driver.control.close(),
    deadline: (ms) => void deadlines.push(ms),
  }
  const server = createSmtpServer({
    handlers: [],
    ...options,
    limits: { greeting: 0, handlers: LIMIT, ...options.limits },
  })
  const driver = createDriver(server, transport, () => link)
  driver.start()
  return {
    events,
    deadlines,
    driver,
    send: (text: string) => driver.receive(fromLatin1(text.replaceAll('\n', '\r\n'))),
    said: () => said.split('\r\n').at(-2),
    over: () => over,
  }
}

const EHLO = 'EHLO x\n'
const MAIL = `${EHLO}MAIL FROM:<a@b.test>\n`
const RCPT = `${MAIL}RCPT TO:<c@d.test>\n`
const SENT = `${RCPT}DATA\nx\n.\n`
const never = (): Promise<never> => new Promise(() => {})
const verb = (name: string): SmtpHandler => ({ commands: new Map([[name, never]]) })

describe('a handler that never answers', () => {
  test.each<[string, string, SmtpHandler, Partial<SmtpServerOptions>?]>([
    ['connect', '', { connect: never }],
    ['helo', EHLO, { helo: never }],
    ['mail', MAIL, { mail: never }],
    ['mail', `${EHLO}MAIL FROM:<a@b.test> X\n`, { mailParameters: new Map([['X', never]]) }],
    ['rcpt', RCPT, { rcpt: never }],
    ['data', `${RCPT}DATA\n`, { data: never }],
    ['data', `${RCPT}BDAT 1 LAST\nx`, { data: never }],
    ['body', `${RCPT}DATA\n`, { body: never }],
    ['body', `${RCPT}DATA\nx\n`, { body: () => ({ write: never }) }],
    ['body', `${RCPT}BDAT 1\nx`, { body: () => ({ write: never }) }],
    ['message', SENT, { message: never }],
    ['rset', `${EHLO}RSET\n`, { rset: never }],
    ['quit', 'QUIT\n', { quit: never }],
    ['HELP', 'HELP\n', verb('HELP')],
    ['XFOO', 'XFOO\n', verb('XFOO')],
    ['auth', `${EHLO}AUTH PLAIN\n`, { auth: never }, { authenticate: () => 'a' }],
  ])('at %s: %j', async (stage, text, handler, options = {}) => {
    const closed = vi.fn()
    const named = { ...handler, name: 'slow', needs: [] }
    const c = connect({
      ...options,
      allowInsecureAuth: true,
      handlers: [{ close: closed, message: () => undefined }, named],
    })
    c.send(text)
    await vi.waitFor(() => expect(c.deadlines.at(-1)).toBe(LIMIT))
    c.driver.timedOut()
    expect(c.said()).toBe('421 4.3.0 Local problem; closing connection')
    expect(c.over()).toBe(true)
    expect(c.events).toMatchObject([
      { level: 'error', event: 'handler.failed', stage, handler: 'slow', error: expect.any(Error) },
    ])
    expect(closed.mock.calls).toMatchObject([[{ type: 'timeout' }, {}]])
  })

  test('is not what has made others wait', async () => {
    const open: (() => void)[] = []
    const wait = () => new Promise<void>((resolve) => open.push(resolve))
    const c = connect({ handlers: [{ mail: wait, rcpt: wait, body: () => ({ write: wait }), message: wait }] })
    c.send(SENT)
    for (let steps = 0; steps < 4; steps++) {
      await vi.waitFor(() => expect(open).toHaveLength(1))
      open.pop()?.()
    }
    await vi.waitFor(() => expect(c.said()).toBe('554 5.3.5 No handler takes mail here'))
    await vi.waitFor(() => expect(c.deadlines.at(-1)).toBe(0))
    expect(c.deadlines.filter((ms) => ms > 0)).toEqual(Array(4).fill(LIMIT))
    c.driver.timedOut()
    expect(c.said()).toBe('421 4.4.2 Idle for too long; closing connection')
    expect(c.events).toMatchObject([{ event: 'message.refused' }])
  })

  test('has the time of the greeting, and is in the log by its name then, too', () => {
    const c = connect({ handlers: [{ name: 'slow', helo: never }], limits: { greeting: 7 } })
    c.send(EHLO)
    expect(c.deadlines).toEqual([7])
    c.driver.timedOut()
    expect(c.said()).toBe('421 4.3.0 Local problem; closing connection')
    expect(c.events).toMatchObject([{ event: 'handler.failed', stage: 'helo', handler: 'slow' }])
  })

  test('is waited for as long as it likes where there is no limit', () => {
    const c = connect({ handlers: [{ mail: never }], limits: { handlers: 0 } })
    c.send(MAIL)
    expect(c.deadlines).toEqual([])
  })
})

test('a verifier of passwords that never answers', async () => {
  const c = connect({ authenticate: never, allowInsecureAuth: true })
  c.send(`${EHLO}AUTH PLAIN AGEAYQ==\n`)
  await vi.waitFor(() => expect(c.deadlines).toEqual([LIMIT]))
  c.driver.timedOut()
  expect(c.said()).toBe('421 4.3.0 Local problem; closing connection')
  expect(c.events).toMatchObject([{ event: 'handler.failed', stage: 'authenticate' }])
})

describe('an answer to the message that comes too late', () => {
  test.each<[string, Reply | undefined, string, number[]]>([
    ['it is kept: the log says so, and the client will send it again', replies.accepted(), 'message.accepted', [250]],
    ['it is refused', replies.relayDenied(), 'message.refused', [550]],
    // Nobody is asked any more who might keep it.
    ['nobody has taken it', undefined, 'message.refused', [451]],
  ])('%s', async (_what, answer, event, codes) => {
    let decide = (_answer: Reply | undefined): void => {}
    const late: SmtpHandler = {
      name: 'late',
      body: () => ({ write() {}, abort: aborted }),
      message: () => new Promise<Reply | undefined>((resolve) => (decide = resolve)),
    }
    const aborted = vi.fn()
    const other = { body: () => ({ write() {}, abort: aborted }), message: vi.fn() }
    const c = connect({ handlers: [late, other] })
    c.send(SENT)
    await vi.waitFor(() => expect(c.deadlines.at(-1)).toBe(LIMIT))
    c.driver.timedOut()
    expect(c.said()).toBe('421 4.3.0 Local problem; closing connection')
    // The one whose message stage was not asked.
    expect(aborted).toHaveBeenCalledOnce()
    decide(answer)
    await vi.waitFor(() => expect(c.events).toHaveLength(2))
    expect(c.events).toMatchObject([
      { event: 'handler.failed', stage: 'message', handler: 'late' },
      { event, from: 'a@b.test', to: ['c@d.test'], codes },
    ])
    expect(c.said()).toBe('421 4.3.0 Local problem; closing connection')
    expect(other.message).not.toHaveBeenCalled()
  })
})
