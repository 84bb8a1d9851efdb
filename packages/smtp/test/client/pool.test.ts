/** The pool: one dialogue for each of its connections, in the order in which they are opened. */
import { fromLatin1 } from '@posthouse/wire'
import { describe, expect, test } from 'vitest'
import {
  createSmtpPool,
  type OutgoingMail,
  type SmtpClient,
  SmtpClientError,
  type SmtpClientOptions,
  type SmtpPool,
  type SmtpPoolOptions,
  startSmtpClient,
} from '../../src/index.js'
import { type Script, script } from './script.js'

const OPTIONS: SmtpClientOptions = { host: 'mx', port: 25, hostname: 'client.example', tls: 'never' }
const HELLO = 'S: 220 mx ESMTP\nC: EHLO client.example\nS: 250 mx'
const ONE_DOMAIN = 'S: 220 mx ESMTP\nC: EHLO client.example\nS: 250-mx\nS: 250 LIMITS RCPTDOMAINMAX=1'
const QUIT = 'C: QUIT\nS: 221 bye'
/** The answers to MAIL, RCPT, DATA and the message. */
const dialogue = (address: string, recipient = '250 ok', end = '250 ok') => `C: MAIL FROM:<alice@example.net>
  S: 250 ok
  C: RCPT TO:<${address}>
  S: ${recipient}
  ${
    recipient.startsWith('2')
      ? `C: DATA
  S: 354 go
  C: x
  C: .
  ${end.startsWith('--') ? end : `S: ${end}`}`
      : ''
  }`

const mail = (...to: readonly string[]): OutgoingMail => ({
  envelope: { reversePath: 'alice@example.net', recipients: to },
  message: fromLatin1('x\r\n'),
})

test.each([0, -1, Number.NaN])('a pool that may have %s connections would wait for ever', (maxConnections) => {
  const connect = () => Promise.reject(new SmtpClientError('connection', 'none'))
  const mistake = new RangeError(`maxConnections must be 1 or more, not ${maxConnections}`)
  expect(() => createSmtpPool({ connect, maxConnections })).toThrow(mistake)
})

/** Connections to scripts: what a test knows of them. */
interface Peers {
  readonly pool: SmtpPool
  /** Connections at a time, at most. */
  readonly most: number
  readonly open: number
  check(): void
}

/** `together`: connections stand when so many are being opened. `gone`: waits until one may be gone. */
function peers(
  texts: readonly string[],
  options: Partial<SmtpPoolOptions> & { readonly together?: number; readonly gone?: () => Promise<void> } = {},
): Peers {
  const { together = 0, gone, ...more } = options
  const played: Script[] = []
  let open = 0
  let most = 0
  let all = (): void => {}
  const standing = new Promise<void>((resolve) => (all = resolve))
  const pool = createSmtpPool({
    async connect() {
      const text = texts[played.length]
      if (text === undefined) throw new SmtpClientError('connection', 'nobody is there')
      const one = script(text)
      played.push(one)
      most = Math.max(most, ++open)
      if (played.length >= together) all()
      const { connection } = one
      const end = async (): Promise<void> => {
        await gone?.()
        await connection.end()
        open--
      }
      const client = await startSmtpClient({ ...connection, end }, OPTIONS)
      await standing
      return client
    },
    timer: () => () => {},
    ...more,
  })
  return {
    pool,
    get most() {
      return most
    },
    get open() {
      return open
    },
    check() {
      for (const one of played) one.check()
      expect(played).toHaveLength(texts.length)
    },
  }
}

async function failure(promise: Promise<unknown>): Promise<SmtpClientError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof SmtpClientError) return error
  throw error ?? new Error('it did not fail')
}

/** A door that opens once for each `let through`. */
function door() {
  const waiting: (() => void)[] = []
  const seen: (() => void)[] = []
  return {
    pass: () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve)
        for (const step of seen.splice(0)) step()
      }),
    /** Somebody stands before it. */
    async knock() {
      while (waiting.length === 0) await new Promise<void>((resolve) => seen.push(resolve))
    },
    open: () => waiting.shift()?.(),
  }
}

describe('RFC 9422: a connection without room', () => {
  test('is not used again: its server takes the message over another one', async () => {
    const one = peers(
      [
        `${ONE_DOMAIN}\n${dialogue('a@one.test')}\n${QUIT}`,
        `${ONE_DOMAIN}\n${dialogue('a@two.test')}\n${dialogue('b@two.test')}\n${QUIT}`,
        `${ONE_DOMAIN}\n${dialogue('b@one.test')}\n${QUIT}`,
      ],
      { maxConnections: 1 },
    )
    await one.pool.send(mail('a@one.test'))
    await one.pool.send(mail('a@two.test'))
    expect((await one.pool.send(mail('b@one.test', 'b@two.test'))).accepted).toEqual(['b@one.test', 'b@two.test'])
    await one.pool.close()
    one.check()
  })

  test('does not speak for one that nobody has used', async () => {
    const full = (number: number) => `${ONE_DOMAIN}\n${dialogue(`${number}@one.test`)}\n${QUIT}`
    const three = peers([full(1), full(2), full(3), `${ONE_DOMAIN}\n${dialogue('a@two.test')}\n${QUIT}`], {
      together: 3,
    })
    await Promise.all([1, 2, 3].map((number) => three.pool.send(mail(`${number}@one.test`))))
    await three.pool.send(mail('a@two.test'))
    await three.pool.close()
    three.check()
  })

  test('and nobody takes the message: the error knows what was said over all of them', async () => {
    const two = peers([
      `${ONE_DOMAIN}\n${dialogue('a@one.test', '451 4.7.1 later')}\n${QUIT}`,
      `${ONE_DOMAIN}\n${dialogue('a@two.test', '550 5.1.1 no such user')}\n${QUIT}`,
    ])
    const error = await failure(two.pool.send(mail('a@one.test', 'a@two.test')))
    expect(error).toMatchObject({ code: 'refused', enhanced: '4.7.1', temporary: true })
    expect(error.recipients).toMatchObject([
      { address: 'a@one.test', error: { enhanced: '4.7.1' } },
      { address: 'a@two.test', error: { enhanced: '5.1.1', temporary: false } },
    ])
    await two.pool.close()
    two.check()
  })

  test('and another one that is lost behind the message: it may be delivered', async () => {
    const two = peers([
      `${ONE_DOMAIN}\n${dialogue('a@one.test', '550 5.1.1 no such user')}\n${QUIT}`,
      `${ONE_DOMAIN}\n${dialogue('a@two.test', '250 ok', '-- reset --')}`,
    ])
    const error = await failure(two.pool.send(mail('a@one.test', 'a@two.test')))
    expect(error).toMatchObject({ code: 'connection', mayBeDelivered: true })
    expect(error.recipients).toMatchObject([{ error: { enhanced: '5.1.1' } }, { error: { mayBeDelivered: true } }])
    await two.pool.close()
    two.check()
  })

  test('and no other connection: who has the message has it', async () => {
    const one = peers([`${ONE_DOMAIN}\n${dialogue('a@one.test')}\n${QUIT}`])
    const { accepted, rejected } = await one.pool.send(mail('a@one.test', 'a@two.test'))
    expect(accepted).toEqual(['a@one.test'])
    expect(rejected).toMatchObject([{ address: 'a@two.test', error: { code: 'connection', recipient: 'a@two.test' } }])
    await one.pool.close()
    one.check()
  })
})

describe('connections that were lost while nobody used them', () => {
  const used = (address: string, then: string) => `${HELLO}\n${dialogue(address)}\n${then}`
  const lost = 'C: MAIL FROM:<alice@example.net>\n-- reset --'

  test('cost no message, however many there are, and only one of them is tried', async () => {
    const all = peers(
      [
        used('1@b.test', 'C: QUIT\n-- reset --'),
        used('2@b.test', 'C: QUIT\n-- reset --'),
        used('3@b.test', lost),
        `${HELLO}\n${dialogue('z@b.test')}\n${QUIT}`,
      ],
      { together: 3, maxConnections: 3 },
    )
    await Promise.all([1, 2, 3].map((number) => all.pool.send(mail(`${number}@b.test`))))
    expect((await all.pool.send(mail('z@b.test'))).accepted).toEqual(['z@b.test'])
    await all.pool.close()
    all.check()
  })

  test('although they had carried nothing yet: who had asked for them has given up', async () => {
    let idle = (): void => {}
    const free = new Promise<void>((resolve) => (idle = resolve))
    const timer = () => {
      idle()
      return () => {}
    }
    const two = peers([`${HELLO}\n${lost}`, `${HELLO}\n${dialogue('b@b.test')}\n${QUIT}`], { timer })
    const impatient = new AbortController()
    const first = two.pool.send(mail('a@b.test'), { signal: impatient.signal })
    impatient.abort()
    await expect(first).rejects.toMatchObject({ code: 'aborted' })
    await free
    expect((await two.pool.send(mail('b@b.test'))).accepted).toEqual(['b@b.test'])
    await two.pool.close()
    two.check()
  })

  test('a message that may have been delivered is not sent again', async () => {
    const one = peers([used('1@b.test', dialogue('2@b.test', '250 ok', '-- reset --'))])
    await one.pool.send(mail('1@b.test'))
    expect(await failure(one.pool.send(mail('2@b.test')))).toMatchObject({ code: 'connection', mayBeDelivered: true })
    await one.pool.close()
    one.check()
  })
})

describe('a connection that is being closed', () => {
  const carries = (address: string) => `${HELLO}\n${dialogue(address)}\n${QUIT}`

  test('counts until it is gone', async () => {
    const { pass, knock, open } = door()
    const two = peers([carries('1@b.test'), carries('2@b.test')], {
      ...{ maxConnections: 1, maxMessagesPerConnection: 1, gone: pass },
    })
    const sent = [1, 2].map((number) => two.pool.send(mail(`${number}@b.test`)))
    await sent[0]
    await knock()
    expect([two.pool.connections, two.pool.waiting, two.open]).toEqual([1, 1, 1])
    open()
    await sent[1]
    await knock()
    open()
    await two.pool.close()
    expect([two.most, two.pool.connections]).toEqual([1, 0])
    two.check()
  })

  test.each([
    ['that nobody needs', false],
    ['whose message was in progress', true],
  ])('%s: `close` waits for it', async (_name, early) => {
    const { pass, knock, open } = door()
    const one = peers([carries('1@b.test')], { gone: pass })
    const sent = one.pool.send(mail('1@b.test'))
    if (!early) await sent
    let closed = false
    const closing = one.pool.close().then(() => (closed = true))
    await knock()
    await sent
    await new Promise((resolve) => setImmediate(resolve))
    expect([closed, one.open]).toEqual([false, 1])
    open()
    await closing
    expect([one.open, one.pool.connections]).toEqual([0, 0])
    one.check()
  })
})

describe('a server that takes fewer connections than the pool may have', () => {
  const ENOUGH = 'S: 421 4.7.0 too many connections'
  const all = [1, 2, 3].map((number) => `${number}@b.test`)

  test('gets all messages over those', async () => {
    const over = [HELLO, ...all.map((address) => dialogue(address)), QUIT].join('\n')
    const one = peers([over, ENOUGH, ENOUGH], { together: 3, maxConnections: 3 })
    const sent = await Promise.all(all.map((address) => one.pool.send(mail(address))))
    expect(sent.map(({ accepted }) => accepted)).toEqual(all.map((address) => [address]))
    await one.pool.close()
    one.check()
  })

  test('is asked for another one when one of them is gone', async () => {
    const carries = (address: string) => [HELLO, dialogue(address), QUIT].join('\n')
    const one = peers([carries(all[0]), ENOUGH, carries(all[1])], {
      ...{ together: 2, maxConnections: 2, maxMessagesPerConnection: 1 },
    })
    await Promise.all([one.pool.send(mail(all[0])), one.pool.send(mail(all[1]))])
    await one.pool.close()
    one.check()
  })

  test('and is gone: nobody waits for ever', async () => {
    const lost = `${HELLO}\n${dialogue(all[0], '250 ok', '-- reset --')}`
    const one = peers([lost, ENOUGH, ENOUGH], { together: 3, maxConnections: 3 })
    const sent = all.map((address) => failure(one.pool.send(mail(address))))
    const errors = await Promise.all(sent)
    expect(errors.map(({ message }) => message)).toEqual([
      'the connection was lost',
      ...Array(2).fill('nobody is there'),
    ])
    expect(one.pool.connections).toBe(0)
    one.check()
  })

  test('who has waited for it and got it counts for nobody else, when it is gone', async () => {
    const { pass, knock, open } = door()
    const send = async () => {
      await pass()
      return { recipients: [], accepted: [], rejected: [], dropped: [], converted: false }
    }
    const client = { usable: true, transactions: 0, send, close: async () => {} }
    let tries = 0
    const pool = createSmtpPool({
      maxConnections: 2,
      async connect() {
        if (tries++ > 0) throw new SmtpClientError('connection', 'full')
        return client as unknown as SmtpClient
      },
    })
    const served = [1, 2].map((number) => pool.send(mail(`${number}@b.test`)))
    await knock()
    open()
    await knock()
    const late = [3, 4, 5].map((number) => failure(pool.send(mail(`${number}@b.test`))))
    client.usable = false
    open()
    await Promise.allSettled([...served, ...late])
    // One for each of them but the second.
    expect(tries).toBe(5)
    await pool.close()
  })
})
