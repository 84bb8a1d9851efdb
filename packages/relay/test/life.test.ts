/** The life of a relay: it waits for its turn, works, is looked at and told what to do, and stops without losing anything. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reply, type SmtpHandler } from '@posthouse/smtp'
import { createMemoryStore } from '@posthouse/store-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deliverToStore, type JobEngine, type LocalDelivery, RelayError, tlsPolicies } from '../src/index.js'
import { openSqliteQueue } from '../src/node/index.js'
import { HELLO, MINUTE, startSink, startTestRelay, type TestRelay, turnUntil, zoneResolver } from './world.js'

let path: string
let folder: string
const opened: { close(): Promise<void> }[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-relay-life-'))
  path = join(folder, 'queue.db')
})
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
  rmSync(folder, { recursive: true, force: true })
})
const kept = <T extends { close(): Promise<void> }>(one: T): T => {
  opened.push(one)
  return one
}
const names = ['far.test', 'other.test', 'a.org.test', 'b.org.test']
const resolver = zoneResolver({
  mx: Object.fromEntries(names.map((name) => [name, [[10, 'mx.test'] as const]])),
  a: { 'mx.test': ['127.0.0.1'] },
})
async function relayOf(options: Parameters<typeof startTestRelay>[0]): Promise<TestRelay> {
  const test = await startTestRelay({ resolver, ...options })
  kept(test.relay)
  return test
}
const submit = ({ relay }: TestRelay, to: string, more = {}) =>
  relay.submit({ envelope: { reversePath: 'alice@home.test' }, recipients: [to], message: HELLO, ...more })

/** Answers messages when it is told to. */
function gate(): SmtpHandler & { readonly waiting: number; at(count: number): Promise<void>; open(): void } {
  const held: (() => void)[] = []
  let wake: (() => void)[] = []
  let opened = false
  return {
    get waiting() {
      return held.length
    },
    async at(count) {
      while (held.length < count) await new Promise<void>((resolve) => wake.push(resolve))
    },
    open() {
      opened = true
      for (const go of held.splice(0)) go()
    },
    message() {
      if (opened) return undefined
      return new Promise((resolve) => {
        held.push(() => resolve(undefined))
        for (const step of wake) step()
        wake = []
      })
    },
  }
}

describe('standby', () => {
  /** A queue that another process works on, until it ends. */
  async function taken(): Promise<JobEngine & { free: boolean }> {
    const engine = await openSqliteQueue({ path, thread: false })
    const whole = {
      ...engine,
      free: false,
      async start(): Promise<void> {
        if (!whole.free) throw new RelayError('busy', 'process 1 works on this queue')
        await engine.start()
      },
    }
    return whole
  }

  test('waits for its turn, takes mail meanwhile, and begins when it has come', async () => {
    const sink = kept(await startSink())
    const engine = await taken()
    const test = await relayOf({ port: sink.port, engine, standby: true })
    expect(test.of('standby')).toMatchObject([{ reason: 'process 1 works on this queue' }])
    await submit(test, 'bob@far.test')
    test.turn(test.relay.limits.poll)
    expect(test.of('started')).toEqual([])
    engine.free = true
    await turnUntil(test, () => test.of('started').length > 0)
    await sink.count(1)
    await test.relay.idle()
  })

  test('start may be called again before it has begun: there is one that works', async () => {
    const test = await relayOf({ port: 1, started: false })
    await Promise.all([test.relay.start(), test.relay.start()])
    await test.relay.start()
    expect(test.of('started')).toHaveLength(1)
  })

  test('start may be called again while it waits: what is in hand is not begun a second time', async () => {
    const held = gate()
    const sink = kept(await startSink({ handlers: [held] }))
    const engine = await taken()
    const test = await relayOf({ port: sink.port, engine, standby: true })
    test.turn(test.relay.limits.poll / 2)
    await test.relay.start()
    engine.free = true
    for (let half = 0; half < 2; half++) {
      test.turn(test.relay.limits.poll / 2)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await test.seen('started')
    await submit(test, 'bob@far.test')
    await held.at(1)
    await turnUntil(test, async () => test.now() > Date.UTC(2026, 10, 23) + 5 * test.relay.limits.poll)
    held.open()
    await test.relay.idle()
    expect([test.of('started'), test.of('attempt'), sink.received].map(({ length }) => length)).toEqual([1, 1, 1])
  })

  test('without it, start says that the queue is taken', async () => {
    await expect(relayOf({ port: 1, engine: await taken() })).rejects.toMatchObject({ code: 'busy' })
  })

  test('who loses the queue to another process stops, and waits for its turn again', async () => {
    const sink = kept(await startSink())
    const first = await relayOf({ port: sink.port, path, standby: true })
    const second = await relayOf({ port: sink.port, path })
    expect(second.of('started')).toHaveLength(1)
    // The next thing that the first one does with the queue tells it.
    await submit(first, 'bob@far.test')
    await first.seen('standby')
    second.turn(second.relay.limits.poll)
    await sink.count(1)
    await second.relay.idle()
    expect([first.of('attempt'), second.of('attempt')].map(({ length }) => length)).toEqual([0, 1])
  })
})

describe('close', () => {
  test('lets what is in progress end, takes no more, and leaves the rest to the next one', async () => {
    const door = gate()
    const sink = kept(await startSink({ before: [door] }))
    const first = await relayOf({ port: sink.port, path, limits: { jobs: 1 } })
    for (const to of ['one@far.test', 'two@other.test']) await submit(first, to)
    await door.at(1)
    const closed = first.relay.close()
    await expect(submit(first, 'late@far.test')).rejects.toMatchObject({ code: 'closed' })
    door.open()
    await closed
    expect(first.of('delivered')).toHaveLength(1)
    expect(first.of('trouble')).toEqual([])
    const second = await relayOf({ port: sink.port, path })
    await second.relay.idle()
    expect(sink.received.map(({ to }) => to[0]).sort()).toEqual(['one@far.test', 'two@other.test'])
  })

  test('breaks off what does not end, which counts for no attempt and comes at once the next time', async () => {
    const door = gate()
    const sink = kept(await startSink({ before: [door] }))
    const first = await relayOf({ port: sink.port, path, limits: { close: 5_000 } })
    await submit(first, 'bob@far.test')
    await door.at(1)
    const closed = first.relay.close()
    first.turn(5_000)
    await closed
    expect(first.of('deferred')).toEqual([])
    const look = kept(await openSqliteQueue({ path, thread: false }))
    const [job] = await look.list({})
    expect(job).toMatchObject({ state: 'waiting' })
    expect(job.due).toBeLessThanOrEqual(first.now())
    door.open()
    const second = await relayOf({ port: sink.port, path })
    // Its clock begins where the other one began.
    await turnUntil(second, () => second.of('attempt').length > 0)
    expect(await second.seen('attempt')).toMatchObject({ number: 1 })
    await second.relay.idle()
    expect(second.of('delivered')).toHaveLength(1)
  })

  test('waits no longer for DNS, which counts for no attempt', async () => {
    const silent = { ...resolver, mx: () => new Promise<never>(() => {}) }
    const { relay, turn, seen, of } = await relayOf({ port: 1, path, resolver: silent, limits: { close: 5_000 } })
    await relay.submit({ envelope: { reversePath: 'alice@home.test' }, recipients: ['bob@far.test'], message: HELLO })
    await seen('attempt')
    const closed = relay.close()
    turn(5_000)
    await closed
    expect([of('deferred'), of('trouble'), of('destination.blocked')]).toEqual([[], [], []])
    const look = kept(await openSqliteQueue({ path, thread: false }))
    expect(await look.list({})).toMatchObject([{ state: 'waiting', attempts: 0 }])
  })

  test('lets go of a policy of TLS that is fetched for later: nothing keeps the process', async () => {
    const sink = kept(await startSink())
    const signals: AbortSignal[] = []
    const policy = { mode: 'none', mx: [], maxAge: 100, lines: [] } as const
    const tls = tlsPolicies({
      resolver: zoneResolver({ txt: { '_mta-sts.far.test': ['v=STSv1; id=1'] } }),
      now: () => 0,
      stsMemory: new Map([['far.test', { id: '1', policy, expires: 10_000 }]]),
      fetch: ((_url: string, { signal }: { readonly signal: AbortSignal }) => {
        signals.push(signal)
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }) as unknown as typeof fetch,
    })
    const test = await relayOf({ port: sink.port, path, tls })
    await submit(test, 'bob@far.test')
    await test.seen('delivered')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    await test.relay.close()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  test.each<[string, () => LocalDelivery]>([
    ['a store', () => deliverToStore({ ...createMemoryStore(), resolve: () => new Promise<never>(() => {}) })],
    ['a delivery of its own', () => () => new Promise<never>(() => {})],
  ])('waits no longer for %s that is stuck, which counts for no attempt', async (_what, deliver) => {
    const routing = { domains: ['home.test'] }
    const first = await relayOf({ port: 1, path, routing, deliver: deliver(), limits: { close: 5_000 } })
    await submit(first, 'bob@home.test')
    await first.seen('attempt')
    const closed = first.relay.close()
    first.turn(5_000)
    await closed
    expect([first.of('deferred'), first.of('trouble')]).toEqual([[], []])
    const look = kept(await openSqliteQueue({ path, thread: false }))
    expect(await look.list({})).toMatchObject([{ state: 'waiting', attempts: 0 }])
  })

  test('may be called twice, and without a start', async () => {
    const { relay } = await relayOf({ port: 1, started: false })
    await Promise.all([relay.close(), relay.close()])
  })
})

describe('what people do', () => {
  test('hold, look, release, cancel', async () => {
    const sink = kept(await startSink())
    const test = await relayOf({ port: sink.port })
    const { relay } = test
    const { id } = await submit(test, 'bob@far.test', { held: true })
    const { id: other } = await submit(test, 'carol@far.test', { held: true })
    expect(await relay.inspect(id)).toMatchObject([
      { state: 'held', destination: 'domain:far.test', attempts: 0, recipients: [{ address: 'bob@far.test' }] },
    ])
    expect(await relay.status()).toMatchObject({ messages: 2, held: 2, waiting: 0, running: 0 })
    // What is held is nothing to wait for.
    await relay.idle()
    expect(await relay.cancel({ message: other })).toBe(1)
    expect(await relay.release({ message: id })).toBe(1)
    await sink.count(1)
    await relay.idle()
    expect(sink.received.map(({ to }) => to)).toEqual([['bob@far.test']])
    expect([await relay.inspect(id), await relay.inspect(other)]).toEqual([[], []])
    expect(test.of('notice')).toEqual([])
  })

  test('a message for later waits until then', async () => {
    const sink = kept(await startSink())
    const test = await relayOf({ port: sink.port })
    await submit(test, 'later@far.test', { releaseAt: test.now() + 10 * MINUTE })
    await submit(test, 'now@far.test')
    await sink.count(1)
    test.turn(9 * MINUTE)
    expect(await test.relay.list({ state: 'waiting' })).toHaveLength(1)
    test.turn(MINUTE)
    await sink.count(2)
    await test.relay.idle()
    expect(sink.received.map(({ to }) => to[0])).toEqual(['now@far.test', 'later@far.test'])
  })
})

describe('limits', () => {
  test('of all domains below one: so many connections for each of them', async () => {
    const door = gate()
    const sink = kept(await startSink({ before: [door] }))
    const test = await relayOf({
      port: sink.port,
      limits: { perDestination: 3 },
      domainLimits: new Map([['.org.test', { concurrency: 1 }]]),
    })
    for (let i = 0; i < 4; i++) for (const domain of names) await submit(test, `u${i}@${domain}`)
    // 3 for far.test, 3 for other.test, 1 each for those below org.test.
    await door.at(8)
    expect(await test.relay.status()).toMatchObject({ running: 8, waiting: 8 })
    const running = await test.relay.list({ state: 'running' })
    expect(running.filter(({ destination }) => destination.endsWith('.org.test'))).toHaveLength(2)
    door.open()
    await test.relay.idle()
    expect(sink.received).toHaveLength(16)
  })

  test.each([
    [{ limits: { jobs: 0 } }, 'limits.jobs must be 1 or more, not 0'],
    [{ limits: { recipients: Number.NaN } }, 'limits.recipients must be 1 or more, not NaN'],
    [{ limits: { perServerMinute: 0 } }, 'limits.perServerMinute must be more than 0, not 0'],
    [
      { domainLimits: new Map([['a.test', { perMinute: 0 }]]) },
      'perMinute of domain:a.test must be more than 0, not 0',
    ],
    [
      { routing: { smartHost: { hosts: [], limits: { concurrency: 0 } } } },
      'the concurrency of route:smarthost must be 1 or more, not 0',
    ],
  ])('under which nothing would ever be sent are a mistake: %j', async (options, message) => {
    await expect(relayOf({ port: 1, ...options })).rejects.toThrow(new RangeError(message))
  })

  test('of a server, whatever domains it serves', async () => {
    const door = gate()
    const sink = kept(await startSink({ before: [door] }))
    const test = await relayOf({ port: sink.port, limits: { perServer: 2 } })
    for (let i = 0; i < 3; i++) for (const domain of names) await submit(test, `u${i}@${domain}`)
    await door.at(2)
    door.open()
    await turnUntil(test, async () => (await test.relay.status()).messages === 0)
    expect(sink.received).toHaveLength(12)
    const sessions = new Set(sink.received.map(({ session }) => session))
    expect(sessions.size).toBeGreaterThanOrEqual(2)
    expect(test.of('deferred')).toEqual([])
  })
})

describe('many recipients', () => {
  const everybody = Array.from({ length: 25 }, (_, i) => `u${i}@far.test`)
  const send = async (test: TestRelay) => {
    await test.relay.submit({ envelope: { reversePath: 'alice@home.test' }, recipients: everybody, message: HELLO })
    await test.relay.idle()
  }

  test.each([
    ['452 4.5.3', 452, '4.5.3'],
    ['452 without more', 452, null],
    ['552, as it was once (RFC 5321 §4.5.3.1.10)', 552, '5.5.3'],
  ])('a server that takes ten at a time says %s: the others go in further transactions', async (_, code, status) => {
    const limit: SmtpHandler = {
      rcpt: (_recipient, { recipients }) =>
        recipients.length >= 10 ? reply(code, status, 'Too many recipients') : undefined,
    }
    const sink = kept(await startSink({ before: [limit] }))
    const test = await relayOf({ port: sink.port })
    await send(test)
    expect(sink.received.map(({ to }) => to.length)).toEqual([10, 10, 5])
    expect(sink.received.flatMap(({ to }) => to).sort()).toEqual([...everybody].sort())
    expect([test.of('attempt').length, test.of('deferred').length]).toEqual([1, 0])
  })

  test('one that takes nobody is tried again later', async () => {
    let full = true
    const limit: SmtpHandler = { rcpt: () => (full ? reply(452, '4.5.3', 'Too many recipients') : undefined) }
    const sink = kept(await startSink({ before: [limit] }))
    const test = await relayOf({ port: sink.port })
    await test.relay.submit({ envelope: { reversePath: 'alice@home.test' }, recipients: everybody, message: HELLO })
    await test.seen('deferred')
    full = false
    test.turn(2 * MINUTE)
    await sink.count(1)
    await test.relay.idle()
    expect(sink.received.map(({ to }) => to.length)).toEqual([25])
  })

  test('more than one transaction may have are several jobs', async () => {
    const sink = kept(await startSink())
    const test = await relayOf({ port: sink.port, limits: { recipients: 10 } })
    await send(test)
    expect(sink.received.map(({ to }) => to.length).sort()).toEqual([10, 10, 5])
  })
})
