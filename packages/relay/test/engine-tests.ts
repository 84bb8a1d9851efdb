/** What every queue must be able to do: claims, limits, and what people do to it. The clock of the queue stands at 1,000. */
import { expect, test } from 'vitest'
import type { ClaimedJob, ClaimOptions, JobEngine, NewMessage, Settlement } from '../src/index.js'
import { HELLO } from './world.js'

export const DAY = 86_400_000
let number = 0
/** A message with a job for each destination. */
export function mail(...destinations: string[]): NewMessage {
  return {
    id: `m${++number}`,
    envelope: {
      ...{ reversePath: 'a@b.test', ret: null, envid: null, smtputf8: false, body: '7BIT', requireTls: false },
      tlsOptional: false,
      ...{ deliverBy: null, priority: 0, submitter: null, receivedFrom: null },
    },
    arrived: 1_000,
    octets: [HELLO],
    jobs: destinations.map((destination) => ({
      destination,
      via: null,
      recipients: [{ address: 'x@y.test', original: null, notify: null, orcpt: null, failure: null }],
      ...{ due: 1_000, expires: 1_000 + 5 * DAY, warnAt: null, held: false },
    })),
  }
}
export const claimOf = (options: Partial<ClaimOptions> = {}): ClaimOptions => ({
  ...{ max: 100, now: 1_000, limits: { concurrency: 5, perMinute: null }, byDestination: new Map() },
  ...options,
})
/** The job is done. */
export function done(job: ClaimedJob, change: Partial<Settlement> = {}): Settlement {
  const rest = { due: 0, warnAt: null, destination: 'alive' as const, postponed: false, notices: [], recipients: [] }
  return { job: job.id, ...rest, ...change }
}
const failure = { status: '4.4.1', text: 'no route', reply: null, remote: null, at: 1_000 }

/** The tests; `open` opens an empty queue for each of them. */
export function testEngine(open: () => Promise<JobEngine>): void {
  test('gives jobs out by destination, and no more than may run', async () => {
    const engine = await open()
    await Promise.all(Array.from({ length: 12 }, () => engine.enqueue(mail('domain:a.test', 'domain:b.test'))))
    const limits = new Map([['domain:b.test', { concurrency: 2, perMinute: null }]])
    const { jobs } = await engine.claim(claimOf({ byDestination: limits }))
    const count = (key: string): number => jobs.filter(({ destination }) => destination === key).length
    expect([count('domain:a.test'), count('domain:b.test')]).toEqual([5, 2])
    expect(jobs[0]).toMatchObject({ attempts: 1, attempted: 1_000, state: 'running' })
    expect(new Uint8Array(jobs[0].octets ?? [])).toEqual(HELLO)
    expect((await engine.claim(claimOf({ byDestination: limits }))).jobs).toEqual([])
    await engine.settle(done(jobs[0]))
    expect((await engine.claim(claimOf({ byDestination: limits }))).jobs).toHaveLength(1)
    expect(await engine.status()).toMatchObject({ messages: 12, running: 7, waiting: 16 })
  })

  test('a dead destination is left alone, one job probes it, and others go on', async () => {
    const engine = await open()
    for (let i = 0; i < 50; i++) await engine.enqueue(mail('domain:dead.test'))
    const { jobs } = await engine.claim(claimOf({ max: 1 }))
    await engine.settle(
      done(jobs[0], {
        recipients: jobs[0].recipients,
        due: 61_000,
        destination: { blockedUntil: 31_000, failure, failures: 0 },
      }),
    )
    await engine.enqueue(mail('domain:alive.test'))
    const next = await engine.claim(claimOf())
    expect(next.jobs.map(({ destination }) => destination)).toEqual(['domain:alive.test'])
    expect(next.next).toBe(31_000)
    const probe = await engine.claim(claimOf({ now: 31_000 }))
    expect(probe.jobs).toMatchObject([{ destination: 'domain:dead.test', failures: 1, blocked: failure }])
    await engine.settle(done(probe.jobs[0]))
    expect((await engine.claim(claimOf({ now: 31_001 }))).jobs).toHaveLength(5)
  })

  test('an outage that many attempts run into at once counts once', async () => {
    const engine = await open()
    for (let i = 0; i < 5; i++) await engine.enqueue(mail('domain:dead.test'))
    const { jobs } = await engine.claim(claimOf())
    expect(jobs.map(({ failures }) => failures)).toEqual([0, 0, 0, 0, 0])
    for (const [i, job] of jobs.entries()) {
      const destination = { blockedUntil: 31_000 + i * 1_000_000, failure, failures: job.failures }
      await engine.settle(done(job, { recipients: job.recipients, due: 2_000, destination }))
    }
    const { destinations } = await engine.status()
    expect(destinations).toMatchObject([{ failures: 1, blockedUntil: 31_000, waiting: 5 }])
  })

  test('a destination that one attempt took for dead, and another one finds alive, goes on at once', async () => {
    const engine = await open()
    for (let i = 0; i < 8; i++) await engine.enqueue(mail('domain:a.test'))
    const [first, second] = (await engine.claim(claimOf())).jobs
    const destination = { blockedUntil: 900_000, failure, failures: 0 }
    await engine.settle(done(first, { recipients: first.recipients, due: 900_000, destination }))
    expect(await engine.claim(claimOf())).toMatchObject({ jobs: [] })
    await engine.settle(done(second))
    expect((await engine.claim(claimOf({ now: 1_001 }))).jobs).toHaveLength(2)
  })

  test('release tries a blocked destination at once, with jobs that were never tried', async () => {
    const engine = await open()
    for (let i = 0; i < 3; i++) await engine.enqueue(mail('domain:dead.test'))
    const block = async (now: number): Promise<void> => {
      const { jobs } = await engine.claim(claimOf({ max: 1, now }))
      const destination = { blockedUntil: 1_000_000, failure, failures: jobs[0].failures }
      await engine.settle(done(jobs[0], { recipients: jobs[0].recipients, due: 1_000_000, destination }))
    }
    await block(1_000)
    expect((await engine.claim(claimOf({ now: 2_000 }))).jobs).toEqual([])
    // Nothing of these has to be changed: they are due.
    const [, second] = await engine.list({})
    expect(await engine.release({ job: second.id }, 2_000)).toBe(0)
    await block(2_000)
    expect(await engine.release({}, 3_000)).toBe(2)
    expect((await engine.claim(claimOf({ now: 3_000 }))).jobs).toHaveLength(1)
  })

  test('what was put off comes back at its time, however overdue it is', async () => {
    const engine = await open()
    const late = mail('domain:a.test')
    await engine.enqueue({ ...late, jobs: [{ ...late.jobs[0], warnAt: 2_000, expires: 3_000 }] })
    const { jobs } = await engine.claim(claimOf({ now: 5_000 }))
    await engine.settle(
      done(jobs[0], { recipients: jobs[0].recipients, due: 9_000, warnAt: 2_000, destination: null, postponed: true }),
    )
    expect(await engine.claim(claimOf({ now: 5_001 }))).toEqual({ jobs: [], next: 9_000 })
    expect((await engine.claim(claimOf({ now: 9_000 }))).jobs).toMatchObject([{ attempts: 1 }])
  })

  test('jobs that expire while their destination is blocked are handed out to be given up', async () => {
    const engine = await open()
    for (let i = 0; i < 3; i++) await engine.enqueue(mail('domain:dead.test'))
    const { jobs } = await engine.claim(claimOf({ max: 1 }))
    const far = 1_000 + 6 * DAY
    await engine.settle(
      done(jobs[0], {
        recipients: jobs[0].recipients,
        due: far,
        destination: { blockedUntil: far, failure, failures: 0 },
      }),
    )
    const { jobs: late } = await engine.claim(claimOf({ now: 1_000 + 5 * DAY }))
    expect(late.map(({ purpose, attempts }) => `${purpose} ${attempts}`).sort()).toEqual([
      'overdue 0',
      'overdue 0',
      'overdue 1',
    ])
  })

  test('what waits for the time that its sender has named is not sent before, however early it is to be reported', async () => {
    const engine = await open()
    const later = mail('domain:a.test')
    await engine.enqueue({ ...later, jobs: [{ ...later.jobs[0], due: 9_000, warnAt: 2_000 }] })
    const [job] = (await engine.claim(claimOf({ now: 2_000 }))).jobs
    expect(job).toMatchObject({ purpose: 'overdue', attempts: 0 })
    await engine.settle(done(job, { recipients: job.recipients, due: job.due, destination: null }))
    expect(await engine.claim(claimOf({ now: 2_001 }))).toEqual({ jobs: [], next: 9_000 })
    expect((await engine.claim(claimOf({ now: 9_000 }))).jobs).toMatchObject([{ purpose: 'deliver', attempts: 1 }])
  })

  test('a destination whose servers have as much as they may is left alone for a moment, and is not taken for dead', async () => {
    const engine = await open()
    for (let i = 0; i < 8; i++) await engine.enqueue(mail('domain:a.test'))
    const [job, ...others] = (await engine.claim(claimOf())).jobs
    const busy = { due: 3_000, destination: { pausedUntil: 3_000 }, postponed: true }
    await engine.settle(done(job, { ...busy, recipients: job.recipients }))
    expect(await engine.claim(claimOf({ now: 2_999 }))).toEqual({ jobs: [], next: 3_000 })
    for (const other of others) await engine.settle(done(other))
    const { jobs } = await engine.claim(claimOf({ now: 3_000 }))
    expect(jobs.map(({ attempts, failures }) => [attempts, failures])).toEqual([1, 2, 3, 4].map(() => [1, 0]))
  })

  test('a pace: one job at a time, so many a minute', async () => {
    const engine = await open()
    for (let i = 0; i < 5; i++) await engine.enqueue(mail('domain:a.test'))
    const limits = { concurrency: 5, perMinute: 60 }
    expect((await engine.claim(claimOf({ limits }))).jobs).toHaveLength(1)
    expect(await engine.claim(claimOf({ limits, now: 1_500 }))).toMatchObject({ jobs: [], next: 2_000 })
    expect((await engine.claim(claimOf({ limits, now: 2_000 }))).jobs).toHaveLength(1)
  })

  test('destinations with a backlog take turns', async () => {
    const engine = await open()
    for (const key of ['domain:a.test', 'domain:b.test', 'domain:c.test'])
      for (let i = 0; i < 20; i++) await engine.enqueue(mail(key))
    const served: string[] = []
    for (let now = 1_010; now < 1_610; now += 10) {
      const { jobs } = await engine.claim(claimOf({ max: 1, now }))
      served.push(jobs[0].destination)
      await engine.settle(done(jobs[0]))
    }
    for (let at = 0; at < 60; at += 3) expect(new Set(served.slice(at, at + 3)).size).toBe(3)
  })

  test('hold, release, cancel, list', async () => {
    const engine = await open()
    for (let i = 0; i < 3; i++) await engine.enqueue(mail('domain:a.test', 'domain:b.test'))
    expect(await engine.hold({ destination: 'domain:a.test' })).toBe(3)
    expect((await engine.claim(claimOf())).jobs.every(({ destination }) => destination === 'domain:b.test')).toBe(true)
    // Those are running: they are held when they come back.
    expect(await engine.hold({ destination: 'domain:b.test' })).toBe(3)
    const running = await engine.list({ state: 'running' })
    const [job] = running
    await engine.settle({ ...done(job as ClaimedJob), recipients: job.recipients, due: 5_000 })
    expect((await engine.list({ job: job.id })).map(({ state }) => state)).toEqual(['held'])
    expect(await engine.release({ destination: 'domain:a.test' }, 2_000)).toBe(3)
    expect((await engine.claim(claimOf({ now: 2_000 }))).jobs).toHaveLength(3)
    expect(await engine.cancel({ job: job.id })).toBe(1)
    expect(await engine.cancel({ state: 'running' })).toBe(0)
    const page = await engine.list({ limit: 2 })
    expect(page).toHaveLength(2)
    expect((await engine.list({ after: page[1].id })).map(({ id }) => id)).not.toContain(page[0].id)
  })

  test('a long message is written bit by bit, and one that breaks off leaves nothing', async () => {
    const engine = await open()
    const piece = new Uint8Array(100_000).fill(65)
    async function* long(pieces: number, breaks = false): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < pieces; i++) yield piece
      if (breaks) throw new Error('gone')
    }
    const big = { ...mail('domain:a.test'), octets: long(11) }
    await engine.enqueue(big)
    await expect(engine.enqueue({ ...mail('domain:a.test'), octets: long(11, true) })).rejects.toThrow('gone')
    let length = 0
    for await (const chunk of engine.read(big.id)) length += chunk.length
    expect(length).toBe(1_100_000)
    const { jobs } = await engine.claim(claimOf())
    expect(jobs.map(({ octets, message }) => [octets, message.size])).toEqual([[null, 1_100_000]])
    await expect(engine.enqueue({ ...mail('domain:a.test'), id: big.id })).rejects.toThrow('in the queue already')
    expect(await engine.status()).toMatchObject({ messages: 1 })
  })

  test('pieces whose memory is used again are the octets that they were', async () => {
    const engine = await open()
    const memory = Buffer.alloc(5)
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (const text of ['one, ', 'two, ', 'three']) yield memory.subarray(0, memory.write(text))
      memory.fill('x')
    }
    const message = { ...mail('domain:a.test'), octets: pieces() }
    await engine.enqueue(message)
    let read = ''
    for await (const chunk of engine.read(message.id)) read += Buffer.from(chunk).toString()
    expect(read).toBe('one, two, three')
  })

  test('two long messages of the same name at once: one is in the queue, and it is whole', async () => {
    const engine = await open()
    const piece = new Uint8Array(300_000).fill(65)
    let goOn = (): void => {}
    const other = new Promise<void>((resolve) => (goOn = resolve))
    let begun = (): void => {}
    const halfway = new Promise<void>((resolve) => (begun = resolve))
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 10; i++) {
        if (i === 6) begun()
        if (i === 6) await other
        yield piece
      }
    }
    const first = { ...mail('domain:a.test'), octets: slow() }
    const enqueued = engine.enqueue(first)
    await halfway
    const second = engine.enqueue({ ...first, octets: Array.from({ length: 10 }, () => piece) })
    const results = [await second.catch((error: Error) => error.message)]
    goOn()
    results.push(await enqueued.catch((error: Error) => error.message))
    expect(results.sort()).toEqual([`a message ${first.id} is in the queue already`, undefined])
    let length = 0
    for await (const chunk of engine.read(first.id)) length += chunk.length
    expect(length).toBe(3_000_000)
  })

  test('text of strangers may hold what it likes', async () => {
    const engine = await open()
    const message = mail('domain:a.test')
    const text = '\0 \ud800 \u00e9 \\u0000'
    await engine.enqueue({ ...message, envelope: { ...message.envelope, envid: text } })
    const [job] = (await engine.claim(claimOf())).jobs
    const bad = { ...failure, text }
    const destination = { blockedUntil: 2_000, failure: bad, failures: 0 }
    await engine.settle(done(job, { recipients: [{ ...job.recipients[0], failure: bad }], due: 2_000, destination }))
    const [again] = (await engine.claim(claimOf({ now: 2_000 }))).jobs
    const read = [again.message.envelope.envid, again.recipients[0].failure?.text, again.blocked?.text]
    for (const one of read) expect(one).toMatch(/^. . \u00e9 \\u0000$/s)
  })

  test('notices are there when the job is settled, and with it', async () => {
    const engine = await open()
    await engine.enqueue(mail('domain:a.test'))
    const { jobs } = await engine.claim(claimOf())
    await engine.settle(done(jobs[0], { notices: [mail('domain:sender.test')] }))
    const { destinations } = await engine.status()
    expect(destinations.map(({ destination }) => destination)).toEqual(['domain:sender.test'])
  })
}
