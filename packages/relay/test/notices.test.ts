/** What senders are told: success when they ask for it, in UTF-8 where it is needed, about the address that they wrote to. */
import { type DsnRecipient, deliverByExtension, dsnExtension, type Mailbox, reply } from '@posthouse/smtp'
import { createMemoryStore } from '@posthouse/store-api'
import { afterEach, describe, expect, test } from 'vitest'
import { deliverToStore, type RoutingTable, type SubmittedRecipient } from '../src/index.js'
import {
  HELLO,
  HOUR,
  octets,
  type Sink,
  startSink,
  startTestRelay,
  type TestRelay,
  turnUntil,
  zoneResolver,
} from './world.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

interface World extends TestRelay {
  readonly sink: Sink
  /** Sends from `alice@home.test`, whose mail the sink gets; resolves when the queue is empty. */
  send(recipients: readonly (string | SubmittedRecipient)[], change?: Change): Promise<void>
  /** The notices that came, as text. */
  notices(): readonly string[]
}
type Change = { readonly envelope?: object; readonly message?: Uint8Array; readonly from?: string }

async function world(
  options: Parameters<typeof startSink>[0] = {},
  routing: Partial<RoutingTable> = {},
  more: { readonly started?: boolean } = {},
): Promise<World> {
  const sink = await startSink(options)
  const store = createMemoryStore()
  store.addAccount('bob')
  store.addAddress('bob@here.test', 'bob')
  store.addAddress('jörg@here.test', 'bob')
  const test = await startTestRelay({
    port: sink.port,
    resolver: zoneResolver({
      mx: { 'home.test': [[10, 'mx.test']], 'far.test': [[10, 'mx.test']] },
      a: { 'mx.test': ['127.0.0.1'] },
    }),
    routing: { domains: ['here.test'], ...routing },
    deliver: deliverToStore(store),
    ...more,
  })
  opened.push(sink, test.relay)
  return {
    ...test,
    sink,
    async send(recipients, { envelope = {}, message = HELLO, from = 'alice@home.test' } = {}) {
      await test.relay.submit({ envelope: { reversePath: from, ...envelope }, recipients, message })
      await test.relay.idle()
    },
    notices: () =>
      sink.received.filter(({ from }) => from === null).map(({ text }) => Buffer.from(text, 'latin1').toString('utf8')),
  }
}

/** The fields of a notice about a recipient, from Final-Recipient on. */
function about(notice: string, field: string): string {
  const at = notice.indexOf(field)
  return at === -1 ? '' : notice.slice(at, notice.indexOf('\r\n\r\n', at))
}

describe('NOTIFY', () => {
  const asks = { notify: ['SUCCESS'] } as const

  test('SUCCESS for a mailbox here: delivered', async () => {
    const { send, notices, of } = await world()
    await send([{ address: 'bob@here.test', ...asks }], { envelope: { envid: 'E=1', ret: 'FULL' } })
    const [notice, ...others] = notices()
    expect(others).toEqual([])
    expect(notice).toContain('To: alice@home.test')
    expect(notice).toContain('Original-Envelope-Id: E=1')
    const fields = about(notice, 'Final-Recipient: rfc822; bob@here.test')
    expect(fields).toContain('Action: delivered')
    expect(fields).toContain('Status: 2.0.0')
    // RFC 3461 §4.3: RET is about failures; of what arrived only the header comes back.
    expect(notice).toContain('Content-Type: text/rfc822-headers')
    expect(notice).toContain('Subject: Hello')
    expect(notice).not.toContain('\r\nHello\r\n')
    expect(of('notice')).toMatchObject([{ kind: 'success', to: 'alice@home.test' }])
  })

  test('SUCCESS for a server that knows no DSN: relayed', async () => {
    const { send, notices, sink } = await world()
    await send([{ address: 'carol@far.test', ...asks }])
    expect(sink.received.map(({ from }) => from)).toEqual(['alice@home.test', null])
    const fields = about(notices()[0], 'Final-Recipient: rfc822; carol@far.test')
    expect(fields).toContain('Action: relayed')
    expect(fields).toContain('Remote-MTA: dns; mx.test')
    expect(fields).toContain('Diagnostic-Code: smtp; 250 ')
  })

  test('SUCCESS for a server with DSN: it is told, and we say nothing', async () => {
    const seen: string[] = []
    const { send, notices } = await world({
      before: [dsnExtension()],
      transcript: ({ text }) => void seen.push(text),
    })
    await send([{ address: 'carol@far.test', ...asks }], { envelope: { envid: 'E=1', ret: 'HDRS' } })
    expect(notices()).toEqual([])
    expect(seen.some((line) => line.includes('RET=HDRS') && line.includes('ENVID=E+3D1'))).toBe(true)
    expect(seen.some((line) => line.includes('RCPT TO:<carol@far.test> NOTIFY=SUCCESS'))).toBe(true)
  })

  test('one notice for all recipients of a job, and only about those that asked', async () => {
    const { send, notices } = await world()
    await send([{ address: 'carol@far.test', ...asks }, 'dave@far.test', { address: 'erin@far.test', ...asks }])
    const [notice, ...others] = notices()
    expect(others).toEqual([])
    expect(notice).toContain('Final-Recipient: rfc822; carol@far.test')
    expect(notice).toContain('Final-Recipient: rfc822; erin@far.test')
    expect(notice).not.toContain('dave@far.test')
  })

  test.each<[DsnRecipient['notify'], DsnRecipient['notify']]>([
    [[], ['FAILURE']],
    [['SUCCESS'], ['FAILURE']],
    [['SUCCESS'], null],
  ])('who is reached by two ways is told what either of them asks for: %j, %j', async (one, other) => {
    const { send, notices } = await world({}, { aliases: new Map([['also@here.test', 'gone@here.test']]) })
    await send([
      { address: 'gone@here.test', notify: one },
      { address: 'also@here.test', notify: other },
    ])
    expect(notices()).toEqual([expect.stringContaining('Final-Recipient: rfc822; gone@here.test')])
  })

  test('of a message that is binary no more than the header comes back, which every server takes', async () => {
    const { send, notices } = await world()
    const message = octets('Subject: Binary\nContent-Transfer-Encoding: binary\n\n')
    const binary = Uint8Array.of(...message, 0, 10, 255, 13, 0)
    await send(['gone@here.test'], { envelope: { body: 'BINARYMIME', ret: 'FULL' }, message: binary })
    expect(notices()).toHaveLength(1)
    expect(notices()[0]).toContain('Content-Type: text/rfc822-headers')
  })

  test('NEVER, and SUCCESS only: nothing is said of a failure', async () => {
    const { send, notices, of } = await world({
      before: [{ rcpt: ({ mailbox }) => (mailbox.domain === 'far.test' ? reply(550, '5.1.1', 'Nobody') : undefined) }],
    })
    await send([
      { address: 'carol@far.test', notify: [] },
      { address: 'dave@far.test', ...asks },
    ])
    expect(of('failed')).toHaveLength(2)
    expect(notices()).toEqual([])
    await send([{ address: 'erin@far.test', notify: ['FAILURE'] }])
    expect(notices()).toHaveLength(1)
  })

  test('DELAY is told to those who want it, once', async () => {
    const { relay, sink, notices, turn, seen, of } = await world({
      before: [{ rcpt: ({ mailbox }) => (mailbox.domain === 'far.test' ? reply(451, '4.7.1', 'Later') : undefined) }],
    })
    await relay.submit({
      envelope: { reversePath: 'alice@home.test' },
      recipients: [
        { address: 'carol@far.test', notify: ['FAILURE'] },
        { address: 'dave@far.test', notify: ['DELAY'] },
      ],
      message: HELLO,
    })
    await seen('deferred')
    for (let hours = 0; hours < 12; hours++) {
      const before = of('deferred').length
      turn(HOUR)
      if (hours % 4 === 3) await seen('deferred', () => of('deferred').length > before)
    }
    await sink.count(1)
    expect(notices()).toHaveLength(1)
    expect(notices()[0]).toContain('Final-Recipient: rfc822; dave@far.test')
    expect(notices()[0]).not.toContain('carol@far.test')
  })
})

describe('a message that is urgent (RFC 2852)', () => {
  const soon = { at: Date.UTC(2026, 10, 23, 1), mode: 'notify', trace: false } as const
  const knows = { before: [deliverByExtension(), dsnExtension()] }
  const dsnOnly = { before: [dsnExtension()] }

  test.each([
    ['goes on to a server that knows nothing of the time', {}, soon, undefined, 1],
    ['goes on to one that tells of delays at least', dsnOnly, soon, ['FAILURE'], 1],
    ['goes on, and nobody wants to hear of it', {}, soon, [], 0],
    ['goes on late, which the sender has heard', {}, { ...soon, at: soon.at - 2 * HOUR }, undefined, 0],
    ['goes on to a server that knows the time', knows, soon, undefined, 0],
    ['leaves a trace', knows, { ...soon, trace: true }, undefined, 1],
    ['leaves a trace, and comes back in time', knows, { ...soon, mode: 'return', trace: true }, undefined, 1],
    ['leaves a trace that nobody wants', knows, { ...soon, trace: true }, [], 0],
  ] as const)('%s', async (_what, options, deliverBy, notify, count) => {
    const { send, notices, sink } = await world(options)
    await send([{ address: 'carol@far.test', ...(notify && { notify }) }], { envelope: { deliverBy } })
    expect(sink.received[0].to).toEqual(['carol@far.test'])
    expect(notices()).toHaveLength(count)
    if (count === 0) return
    expect(notices()[0]).toContain('Deliver-By-Date: Mon, 23 Nov 2026 01:00:00 +0000\r\n')
    expect(about(notices()[0], 'Final-Recipient: rfc822; carol@far.test')).toContain('Action: relayed')
  })

  test.each([
    ['a mailbox here', 'bob@here.test', false],
    ['another server', 'carol@far.test', false],
    ['a mailbox here, which it may not have before', 'bob@here.test', true],
    ['another server, which it may not have before', 'carol@far.test', true],
  ])('comes back when the time is over, and is not delivered to %s', async (_what, to, waits) => {
    // It was waiting while nobody worked on the queue; or its sender wants two things that exclude each other.
    const test = await world(knows, {}, { started: waits })
    const { relay, notices, events, turn, now } = test
    const envelope = { reversePath: 'alice@home.test', deliverBy: { ...soon, mode: 'return' } } as const
    await relay.submit({
      ...{ envelope, recipients: [to], message: HELLO },
      ...(waits && { releaseAt: now() + 2 * HOUR }),
    })
    turn(HOUR)
    await relay.start()
    await turnUntil(test, () => notices().length > 0 || events.some(({ type }) => type === 'delivered'))
    expect(notices()).toHaveLength(1)
    const fields = about(notices()[0], `Final-Recipient: rfc822; ${to}`)
    for (const field of ['Action: failed', 'Status: 5.4.7']) expect(fields).toContain(field)
    await relay.idle()
    expect(events.filter(({ type }) => type === 'delivered')).toMatchObject([{ recipient: 'alice@home.test' }])
  })

  test('says when the time is over: 4.4.7', async () => {
    const { relay, sink, notices, turn, seen } = await world({
      before: [{ rcpt: ({ mailbox }) => (mailbox.domain === 'far.test' ? reply(451, '4.7.1', 'Later') : undefined) }],
    })
    const envelope = { reversePath: 'alice@home.test', deliverBy: soon }
    await relay.submit({ envelope, recipients: ['carol@far.test'], message: HELLO })
    await seen('deferred')
    turn(HOUR)
    await sink.count(1)
    const fields = about(notices()[0], 'Final-Recipient: rfc822; carol@far.test')
    for (const field of ['Action: delayed', 'Status: 4.4.7', 'Diagnostic-Code: smtp; 451 4.7.1 Later']) {
      expect(fields).toContain(field)
    }
  })
})

describe('ORCPT', () => {
  const forward = { aliases: new Map([['old@here.test', 'carol@far.test']]) }
  const refuses = {
    before: [
      {
        rcpt: ({ address }: { readonly address: string }) =>
          address === 'carol@far.test' ? reply(550, '5.1.1', 'Nobody') : undefined,
      },
    ],
  }

  test('a notice about a forward names the address that the message was for', async () => {
    const { send, notices } = await world(refuses, forward)
    await send(['old@here.test'])
    const fields = notices()[0]
    expect(fields).toContain('Original-Recipient: rfc822; old@here.test')
    expect(fields).toContain('Final-Recipient: rfc822; carol@far.test')
    expect(fields).toContain('<carol@far.test> (for <old@here.test>)')
  })

  test('what the sender has named goes before what we know', async () => {
    const { send, notices } = await world(refuses, forward)
    await send([{ address: 'old@here.test', orcpt: { type: 'rfc822', address: 'first@else.test' } }])
    expect(notices()[0]).toContain('Original-Recipient: rfc822; first@else.test')
    expect(notices()[0]).not.toContain('Original-Recipient: rfc822; old@here.test')
  })

  test('the next server is told the address before the forward', async () => {
    const seen: string[] = []
    const { send, sink } = await world(
      { before: [dsnExtension()], transcript: ({ text }) => void seen.push(text) },
      { aliases: new Map([['old@here.test', 'carol@far.test']]) },
    )
    await send(['old@here.test'])
    await send(['dave@far.test'])
    expect(sink.received.map(({ to }) => to)).toEqual([['carol@far.test'], ['dave@far.test']])
    const rcpt = seen.filter((line) => line.startsWith('RCPT'))
    expect(rcpt).toEqual(['RCPT TO:<carol@far.test> ORCPT=rfc822;old@here.test', 'RCPT TO:<dave@far.test>'])
  })
})

describe('what others have named never keeps a notice from being written', () => {
  const nobody = (text: string) => ({
    before: [
      {
        rcpt: ({ mailbox }: { mailbox: Mailbox }) =>
          mailbox.domain === 'far.test' ? reply(550, null, text) : undefined,
      },
    ],
  })

  test.each<[string, string, string | SubmittedRecipient, Change, string]>([
    ['a word of a reply that fits no line', 'x'.repeat(1_500), 'a@far.test', {}, 'x'.repeat(200)],
    [
      'control characters in ENVID',
      'no',
      'a@far.test',
      { envelope: { envid: 'a\r\nb\0' } },
      'Original-Envelope-Id: a??b?',
    ],
    [
      'control characters in ORCPT',
      'no',
      { address: 'a@far.test', orcpt: { type: 'rfc822', address: 'b\0\r\n@far.test' } },
      {},
      'Original-Recipient: rfc822; b???@far.test',
    ],
    [
      'a client whose name holds anything',
      'no',
      'a@far.test',
      { envelope: { receivedFrom: `\0${'x'.repeat(999)} ([192.0.2.1])` } },
      `?${'x'.repeat(199)}`,
    ],
    ['a sender in quotes', 'no', 'a@far.test', { from: '"a, b <c>"@home.test' }, 'To: "a, b <c>"@home.test'],
    ['a sender beyond ASCII without SMTPUTF8', 'no', 'a@far.test', { from: 'jö@home.test' }, 'To: jö@home.test'],
  ])('%s', async (_name, text, recipient, change, wanted) => {
    const { send, notices } = await world(nobody(text))
    await send([recipient], change)
    expect(notices()).toHaveLength(1)
    expect(notices()[0]).toContain(wanted)
  })

  test('and one that cannot be written does not have its message done again', async () => {
    const { send, of, sink } = await world(nobody('no'))
    await send(['a@far.test'], { from: 'postmaster' })
    expect(sink.received).toEqual([])
    expect(of('failed')).toHaveLength(1)
    expect(of('trouble')).toHaveLength(1)
  })
})

describe('UTF-8 (RFC 6533)', () => {
  const subject = octets('From: <jürgen@home.test>\nSubject: Grüße\n\nx\n')

  test('a message that came by SMTPUTF8 is answered in the form that needs it', async () => {
    const { send, notices, sink } = await world({
      before: [{ rcpt: ({ mailbox }) => (mailbox.domain === 'far.test' ? reply(550, '5.1.1', 'Nobody') : undefined) }],
    })
    await send(['bücher@far.test'], { from: 'jürgen@home.test', envelope: { smtputf8: true }, message: subject })
    const [notice] = notices()
    expect(sink.received.at(-1)?.transaction.smtputf8).toBe(true)
    expect(sink.received.at(-1)?.to).toEqual(['jürgen@home.test'])
    expect(notice).toContain('Content-Type: message/global-delivery-status')
    expect(notice).toContain('Content-Type: message/global-headers')
    expect(about(notice, 'Final-Recipient: utf-8; bücher@far.test')).toContain('Status: 5.1.1')
    expect(notice).toContain('Subject: Grüße')
    expect(notice).toContain('To: jürgen@home.test')
  })

  test('RET=FULL returns all of it as message/global', async () => {
    const { send, notices } = await world({
      before: [{ rcpt: ({ mailbox }) => (mailbox.domain === 'far.test' ? reply(550, '5.1.1', 'Nobody') : undefined) }],
    })
    await send(['bücher@far.test'], {
      from: 'jürgen@home.test',
      envelope: { smtputf8: true, ret: 'FULL' },
      message: subject,
    })
    expect(notices()[0]).toMatch(/Content-Type: message\/global\r\n/)
    expect(notices()[0]).toContain('\r\n\r\nx\r\n')
  })

  test('a server without SMTPUTF8: it comes back with 5.6.7, and nothing is sent there', async () => {
    const { send, notices, sink } = await world({
      keywords: (lines) => lines.filter((line) => line !== 'SMTPUTF8'),
    })
    await send(['bücher@far.test'], { from: 'alice@home.test', envelope: { smtputf8: true }, message: HELLO })
    expect(sink.received.map(({ from }) => from)).toEqual([null])
    // What the notice needs is 8BITMIME: its own header is ASCII.
    expect(about(notices()[0], 'Final-Recipient: utf-8; bücher@far.test')).toContain('Status: 5.6.7')
  })

  test('a sender who did not use SMTPUTF8 gets ASCII, with an address beyond it encoded', async () => {
    const { send, notices } = await world({}, { aliases: new Map([['plain@here.test', 'nöbody@here.test']]) })
    await send(['plain@here.test'])
    const [notice] = notices()
    expect(notice).toContain('Content-Type: message/delivery-status')
    expect(notice).toContain('Final-Recipient: utf-8; n\\x{F6}body@here.test')
    expect(notice).toContain('Original-Recipient: rfc822; plain@here.test')
    expect([...notice].every((character) => character < '\x80')).toBe(true)
  })

  test('a mailbox beyond ASCII is found here', async () => {
    const { send, notices, of } = await world()
    await send([{ address: 'jörg@here.test', notify: ['SUCCESS'] }], { envelope: { smtputf8: true } })
    expect(of('delivered')[0]).toMatchObject({ recipient: 'jörg@here.test', destination: 'local' })
    expect(about(notices()[0], 'Final-Recipient: utf-8; jörg@here.test')).toContain('Action: delivered')
  })
})
