/** Milters that are down, slow, hostile or broken: the policy decides, and nothing hangs or grows. */
import { playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { type ConnectMilter, DEFAULT_LIMITS } from '../src/index.js'
import { type Clock, type MilterLink, openMilterLink } from '../src/session/link.js'
import { agree, fakeMilter, number, options, packet, type Script } from './fake-milter.js'
import { filtered, HELLO, message, play } from './servers.js'

const REFUSED_MAIL = '  C: MAIL FROM:<a@example.org>\n  S: 451 4.7.1 {*}\n'

describe('a milter that is down', () => {
  const down = { ...fakeMilter(), connect: () => Promise.reject(new Error('refused')) }

  test('tempfail, the default: the client may connect, and hears 451 at MAIL', async () => {
    const { server, log } = filtered(down)
    await play(server, HELLO + REFUSED_MAIL + REFUSED_MAIL)
    expect(log.map(({ code }) => code)).toEqual(['connect', 'connect', 'connect'])
  })

  test('reject, and accept', async () => {
    const rejecting = filtered(down, { whenDown: 'reject' })
    await play(rejecting.server, `${HELLO}  C: MAIL FROM:<a@example.org>\n  S: 550 5.7.1 {*}\n`)
    const accepting = filtered(down, { whenDown: 'accept' })
    await play(accepting.server, HELLO + message('250 {*}'))
    expect(accepting.passed).toHaveLength(1)
  })

  test('it is asked again at the next MAIL, and told who the client is', async () => {
    const fake = fakeMilter()
    let up = false
    const { server, passed } = filtered({ ...fake, connect: (o) => (up ? fake.connect(o) : down.connect()) })
    const raise = { helo: () => void (up = true) }
    await play(server, HELLO + REFUSED_MAIL)
    const late = filtered({ ...fake, connect: (o) => (up ? fake.connect(o) : down.connect()) }, {}, { after: [raise] })
    await play(late.server, HELLO + message('250 {*}'))
    expect(passed).toHaveLength(0)
    expect(late.passed).toHaveLength(1)
    const said = fake.heard.filter((one) => !one.startsWith('D')).map((one) => one[0])
    expect(said.slice(0, 5)).toEqual(['c', 'O', 'C', 'H', 'M'])
  })
})

test('what the application fails to say about one recipient is no way past the filter', async () => {
  const macro = (name: string): null => {
    if (name === '{rcpt_host}') throw new Error('not known')
    return null
  }
  const { server, passed, log } = filtered(fakeMilter(), { macro, whenDown: 'accept' })
  await play(
    server,
    `${HELLO}
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: RCPT TO:<c@example.org>
    C: DATA
    S: 250 2.1.0 {*}
    S: 451 4.3.0 {*}
    S: 250 2.1.5 {*}
    S: 354 {*}
    C: Subject: x
    C: .
    S: 451 4.3.0 {*}
    `,
  )
  expect(passed).toEqual([])
  expect(log.map(({ event }) => event)).toContain('handler.failed')
})

/** Says something strange to one kind of packet, and is agreeable otherwise. */
const strange =
  (at: string, answer: ReturnType<Script>): Script =>
  (heard) =>
    heard.startsWith(at) ? answer : agree(heard)

describe.each([
  ['silence', 'stall', 'timeout'],
  ['a lost connection', 'close', 'lost'],
  ['an unknown packet', ['?'], 'protocol'],
  ['"cannot work"', ['f'], 'lost'],
] as const)('%s', (_name, answer, code) => {
  test.each(['L', 'N', 'B', 'E'])('at %s: 451, and the next message is filtered again', async (at) => {
    let broken = true
    const fake = fakeMilter((heard) => (broken && heard.startsWith(at) ? answer : agree(heard)))
    const { server, passed, log } = filtered(fake)
    await play(server, HELLO + message('451 4.7.1 {*}'))
    expect(log.filter(({ event }) => event === 'milter.failed').map((event) => event.code)).toEqual([code])
    broken = false
    await play(server, HELLO + message('250 {*}'))
    expect(passed).toHaveLength(1)
    expect(fake.open).toBe(1)
  })
})

test.each([
  ['a change of the body', 'bhalf of it'],
  ['a new field', 'hX\0y\0'],
  ['another recipient', '+<eve@example.org>\0'],
  ['a quarantine', 'qsuspicious\0'],
])('%s, and then it fails: with `accept` the message goes through as it came', async (_name, change) => {
  const { server, passed, log } = filtered(fakeMilter(strange('E', [change, '?'])), { whenDown: 'accept' })
  await play(server, HELLO + message('250 {*}'))
  expect(passed).toEqual([{ text: 'Subject: x\r\n\r\ntext\r\n', from: 'a@example.org', to: ['b@example.org'] }])
  expect(log.map(({ event }) => event)).toContain('milter.failed')
})

const octetByOctet = (bytes: Uint8Array): readonly Uint8Array[] => Array.from(bytes, (octet) => Uint8Array.of(octet))

describe('a hostile milter', () => {
  const failsWith = async (script: Script, limits = {}): Promise<readonly unknown[]> => {
    const fake = fakeMilter(script)
    const { server, passed, log } = filtered(fake, { limits })
    await play(server, HELLO + message('451 4.7.1 {*}'))
    expect(passed).toEqual([])
    expect(fake.open).toBe(0)
    return log.filter(({ event }) => event === 'milter.failed').map((event) => event.message)
  }

  test('modifications before the end, verdicts that are none there, a second negotiation', async () => {
    expect(await failsWith(strange('L', ['hX\0y\0', 'c']))).toEqual(['a change before the end of the message'])
    expect(await failsWith(strange('L', ['s']))).toEqual(['"skip" is no answer to header'])
    expect(await failsWith(strange('E', [options(), 'c']))).toEqual(['it negotiates a second time'])
    expect(await failsWith(strange('L', ['c', 'c']))).toEqual(['an answer that nobody has asked for'])
    expect(await failsWith(strange('E', ['yabc\0']))).toEqual(['a reply whose code is neither 4yz nor 5yz'])
    expect(await failsWith(strange('E', ['y4e2 x\0']))).toEqual(['a reply whose code is neither 4yz nor 5yz'])
    expect(await failsWith(strange('E', ['hX']))).toEqual(['a header field without a name and a value'])
  })

  test('too many changes, too much of a body, packets that are too long', async () => {
    const many = Array.from({ length: 11 }, () => 'hX\0y\0')
    expect(await failsWith(strange('E', [...many, 'c']), { modifications: 10 })).toEqual(['more than 10 changes'])
    expect(await failsWith(strange('E', ['bxxxx', 'bxxxx', 'c']), { newBody: 7 })).toEqual([
      'a body of more than 7 octets',
    ])
    expect(await failsWith(strange('E', [`h${'x'.repeat(101)}`]), { packet: 100 })).toEqual([
      'a packet of 102 octets; the limit is 100',
    ])
  })

  test('too many changes that are not allowed; a body may come in any number of packets', async () => {
    const many = Array.from({ length: 11 }, () => 'bx')
    const limits = { modifications: 10 }
    const { server, log } = filtered(fakeMilter(strange('E', [...many, 'c'])), { limits, actions: [] })
    await play(server, HELLO + message('451 4.7.1 {*}'))
    expect(log.filter(({ event }) => event === 'milter.change-not-made')).toHaveLength(10)
    const allowed = filtered(fakeMilter(strange('E', [...many, 'c'])), { limits })
    await play(allowed.server, HELLO + message('250 {*}'))
    expect(allowed.passed[0].text).toBe('Subject: x\r\n\r\nxxxxxxxxxxx')
  })

  test('fields beyond the limit are not added', async () => {
    const { server, passed, log } = filtered(fakeMilter(strange('E', ['hX\0yy\0', 'hY\0zz\0', 'c'])), {
      limits: { addedHeader: 10 },
    })
    await play(server, HELLO + message('250 {*}'))
    expect(passed[0].text).toBe('Subject: x\r\nX: yy\r\n\r\ntext\r\n')
    expect(log.filter(({ event }) => event === 'milter.change-not-made')).toHaveLength(1)
  })

  test('progress without end', async () => {
    let now = 0
    const endless = strange('E', [...Array.from({ length: 20 }, () => 'p'), 'c'])
    const { server } = filtered(fakeMilter(endless), { limits: { message: 5 } })
    await playTranscript(server, HELLO + message('451 4.7.1 {*}'), { now: () => now++ })
  })

  test.each([
    ['progress without end, where there is none', 'M', Array.from({ length: 20 }, () => 'p'), undefined],
    ['an answer that comes octet by octet', 'M', ['y550 5.7.1 it takes its time\0'], octetByOctet],
    ['a negotiation that comes octet by octet', 'O', [options()], octetByOctet],
  ])('%s', async (_name, at, answer, cut) => {
    let now = 0
    const { server, log } = filtered(fakeMilter(strange(at, answer), cut), { limits: { message: 12, connect: 12 } })
    await playTranscript(server, HELLO + REFUSED_MAIL, { now: () => now++ })
    expect(log.map(({ code }) => code)).toContain('timeout')
  })

  test('a header that is too long is refused, whoever asks', async () => {
    const fake = fakeMilter()
    const { server } = filtered(fake, { limits: { header: 100 } })
    const lines = [`Subject: ${'x'.repeat(100)}`, '', 'text']
    await play(server, HELLO + message('552 5.3.4 {*}', lines) + message('250 {*}'))
    expect(fake.heard).toContain('A')
  })

  test.each([
    ['no options', ['c']],
    ['a version that was not offered', [options(0, 7)]],
    ['version 1', [options(0, 1)]],
    ['steps that were not offered', [options(0x40000000)]],
    ['half a negotiation', ['O\0\0']],
    ['macros for no stage', [options(0, 6, 0x1ff, `${number(99)}i\0`)]],
  ])('%s', async (_name, answer) => {
    const { server, log } = filtered(fakeMilter(strange('O', answer)))
    await play(server, HELLO + REFUSED_MAIL)
    expect(log.every(({ code }) => code === 'protocol')).toBe(true)
  })

  test('packets cut anywhere are the same packets', async () => {
    for (const size of [1, 2, 3, 5]) {
      const cut = (bytes: Uint8Array): Uint8Array[] =>
        Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
      const { server, passed } = filtered(fakeMilter(strange('E', ['hX\0y\0', 'p', 'c']), cut))
      await play(server, HELLO + message('250 {*}'))
      expect(passed[0].text).toBe('Subject: x\r\nX: y\r\n\r\ntext\r\n')
    }
  })
})

describe('a milter that reads slowly', () => {
  async function slowLink(clock: Clock, written: Promise<void>): Promise<MilterLink> {
    const connect: ConnectMilter = async (options) => {
      const connection = await fakeMilter().connect(options)
      return {
        ...connection,
        write(pieces) {
          connection.write(pieces)
          return written
        },
      }
    }
    return openMilterLink(connect, 0, DEFAULT_LIMITS, clock)
  }

  test('is waited for with one timer, however often', async () => {
    let timers = 0
    const delay = (): Promise<void> => new Promise(() => timers++)
    const clock = { now: () => 0, delay }
    const link = await slowLink(clock, Promise.resolve())
    await link.ask({ type: 'connect', hostname: 'x', family: 'unknown', port: 0, address: '' }, clock)
    for (let i = 0; i < 20; i++) await link.ask({ type: 'helo', name: 'x' }, clock)
    expect(timers).toBeLessThanOrEqual(2)
  })

  test('is not waited for for ever', async () => {
    const clock = { now: () => 0, delay: () => Promise.resolve() }
    await expect(slowLink(clock, new Promise(() => {}))).rejects.toMatchObject({
      code: 'timeout',
      message: 'it has not read for 30000 ms',
    })
  })
})

test('octets of packets', () => {
  expect([...packet('h', 'a\0')]).toEqual([0, 0, 0, 3, 104, 97, 0])
})
