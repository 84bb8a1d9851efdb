import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import {
  binaryMimeExtension,
  createSmtpServer,
  deliverBy,
  deliverByExtension,
  dsnEnvelope,
  dsnExtension,
  dsnRecipient,
  forwarded,
  futureReleaseExtension,
  mtPriorityExtension,
  prdrExtension,
  priority,
  releaseAt,
  reply,
  requireTlsExtension,
  requireTlsNote,
  type SmtpHandler,
  xclientExtension,
  xforwardExtension,
} from '../src/index.js'
import { EHLO, message, play, refused } from './dialogues.js'
import { checkPassword } from './servers.js'

describe('SMTPUTF8 (RFC 6531)', () => {
  test('addresses beyond ASCII', async () => {
    const seen = await play(
      `${EHLO}
      C: MAIL FROM:<дядя@пример.example> SMTPUTF8
      C: RCPT TO:<用户@例子.example>
      C: DATA
      S: 250 2.1.0 Sender OK
      S: 250 2.1.5 Recipient OK
      S: 354 {*}
      C: .
      S: 250 {*}
    `,
      [],
      ({ reversePath, recipients, smtputf8 }) => [reversePath?.address, recipients[0].address, smtputf8],
    )
    expect(seen).toEqual(['дядя@пример.example', '用户@例子.example', true])
  })
  test('not without SMTPUTF8', () =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<ü@example.org>
      S: 250 2.1.0 Sender OK
      S: 553 5.6.7 This recipient address needs SMTPUTF8
    `,
      [],
      () => {},
    ))
})

describe('DSN (RFC 3461)', () => {
  test('§10: everything is handed on', async () => {
    const seen = await play(
      message(' RET=HDRS ENVID=QQ314159', ' NOTIFY=SUCCESS,delay ORCPT=rfc822;Dana+2BX@Ivory.EDU'),
      [dsnExtension()],
      (transaction) => [transaction.get(dsnEnvelope), transaction.recipients[0].get(dsnRecipient)],
    )
    expect(seen).toEqual([
      { ret: 'HDRS', envid: 'QQ314159' },
      { notify: ['SUCCESS', 'DELAY'], orcpt: { type: 'rfc822', address: 'Dana+X@Ivory.EDU' } },
    ])
  })
  test('NOTIFY=NEVER', async () => {
    const seen = await play(message('', ' NOTIFY=NEVER'), [dsnExtension()], ({ recipients }) =>
      recipients[0].get(dsnRecipient),
    )
    expect(seen).toEqual({ notify: [], orcpt: null })
  })
  test.each(['RET=SOME', 'RET', 'ENVID=a+2', 'ENVID=a+0D+0AX:+20y', 'ENVID=+C2+85', `ENVID=${'x'.repeat(101)}`])(
    'MAIL ... %s',
    (parameter) => play(refused(`MAIL FROM:<a@b> ${parameter}`, '501 5.5.4 {*}'), [dsnExtension()], () => {}),
  )
  test.each([
    'NOTIFY=NEVER,SUCCESS',
    'NOTIFY=X',
    'NOTIFY',
    'NOTIFY=DELAY,DELAY',
    'ORCPT=a@b',
    'ORCPT=;x',
    'ORCPT=rfc822;',
    'ORCPT=rfc822;a+0D+0Ab@c',
    'ORCPT=ü;a@b',
    'ORCPT=(;a@b',
  ])('RCPT ... %s', (parameter) =>
    play(
      `${EHLO}
        C: MAIL FROM:<a@b>
        C: RCPT TO:<c@d> ${parameter}
        S: 250 2.1.0 Sender OK
        S: 501 5.5.4 {*}
      `,
      [dsnExtension()],
      () => {},
    ),
  )
})

describe('DELIVERBY (RFC 2852)', () => {
  test.each([
    ['120;R', { seconds: 120, mode: 'return', trace: false }],
    ['-5;nt', { seconds: -5, mode: 'notify', trace: true }],
    ['+60;RT', { seconds: 60, mode: 'return', trace: true }],
  ])('BY=%s', async (value, wanted) => {
    expect(await play(message(` BY=${value}`), [deliverByExtension()], (tx) => tx.get(deliverBy))).toEqual(wanted)
  })
  test.each(['BY', 'BY=1', 'BY=;R', 'BY=0;R', 'BY=-1;R', 'BY=1;X', 'BY=1234567890;R', 'BY=1;RTT'])('%s', (parameter) =>
    play(refused(`MAIL FROM:<a@b> ${parameter}`, '501 5.5.4 {*}'), [deliverByExtension()], () => {}),
  )
  test('sooner than the server can', () =>
    play(
      refused('MAIL FROM:<a@b> BY=5;R', '550 5.4.7 Delivery may take 60 seconds'),
      [deliverByExtension({ minimum: 60 })],
      () => {},
    ))
})

describe('MT-PRIORITY (RFC 6710)', () => {
  test.each([
    ['3', 9, 3],
    ['-9', 9, -9],
    ['9', 4, 4],
  ])('MT-PRIORITY=%s, at most %i', async (value, highest, wanted) => {
    const unit = mtPriorityExtension({ highest: () => highest })
    expect(await play(message(` MT-PRIORITY=${value}`), [unit], (tx) => tx.get(priority))).toBe(wanted)
  })
  test('§10: who has asked for more hears what it has got', () =>
    play(
      `${message(' MT-PRIORITY=3', '').replace('S: 250 {*}\n  ', 'S: 250 2.3.6 0 is the new priority; Message accepted {*}')}
      C: MAIL FROM:<a@example.org> MT-PRIORITY=-3
      C: RCPT TO:<b@example.org>
      C: BDAT 0 LAST
      S: 250 2.1.0 {*}
      S: 250 2.1.5 {*}
      S: 250 2.0.0 Message accepted {*}
      `,
      [mtPriorityExtension()],
      () => {},
    ))
  test('and the lines of an answer stay lines', () =>
    play(
      message(' MT-PRIORITY=3').replace(
        'S: 250 {*}\n  ',
        'S: 250-2.3.6 0 is the new priority; one\n    S: 250 2.3.6 two\n  ',
      ),
      [mtPriorityExtension(), { message: () => reply(250, '2.0.0', ['one', 'two']) }],
      () => {},
    ))
  test.each(['10', '-0', 'x', '+1'])('MT-PRIORITY=%s', (value) =>
    play(refused(`MAIL FROM:<a@b> MT-PRIORITY=${value}`, '501 5.5.4 {*}'), [mtPriorityExtension()], () => {}),
  )
})

describe('FUTURERELEASE (RFC 4865)', () => {
  const units = [futureReleaseExtension({ maximum: 86_400 })]
  const login = `${EHLO}
    C: AUTH PLAIN AGEAc2VjcmV0
    S: 235 2.7.0 Authentication succeeded
  `
  const options = { authenticate: checkPassword, allowInsecureAuth: true }
  const NOW = Date.UTC(2026, 0, 1)

  test.each([
    ['HOLDFOR=3600', NOW + 3_600_000],
    ['HOLDUNTIL=2026-01-01T12:00:00+01:00', NOW + 39_600_000],
    ['HOLDUNTIL=2026-01-01T12:00:00Z', NOW + 43_200_000],
  ])('%s', async (parameter, wanted) => {
    const text = message(` ${parameter}`).replace(EHLO, login)
    expect(await play(text, units, (tx) => tx.get(releaseAt), options)).toBe(wanted)
  })
  test.each([
    'HOLDFOR=86401',
    'HOLDFOR=0',
    'HOLDFOR=x',
    'HOLDFOR=1 HOLDUNTIL=2026-01-01T12:00:00Z',
    'HOLDUNTIL=2026-13-01T12:00:00Z',
    'HOLDUNTIL=tomorrow',
    'HOLDUNTIL=2026-01-01T12:00:00.5',
  ])('%s', (parameter) =>
    play(
      `${login}
      C: MAIL FROM:<a@b> ${parameter}
      S: 501 5.5.4 {*}
    `,
      units,
      () => {},
      options,
    ),
  )
  test('not without a login', () =>
    play(refused('MAIL FROM:<a@b> HOLDFOR=1', '530 5.7.0 Authentication required'), units, () => {}, options))
})

describe('REQUIRETLS (RFC 8689)', () => {
  const TLS = { protocol: 'TLSv1.3', cipher: 'x', servername: null, peerCertificate: null, channelBinding: () => null }
  test('over TLS', async () => {
    const text = message(' REQUIRETLS')
    expect(await play(text, [requireTlsExtension()], (tx) => tx.get(requireTlsNote), {}, { tls: TLS })).toBe(true)
  })
  test('not in clear text', () =>
    play(
      refused('MAIL FROM:<a@b> REQUIRETLS', '555 5.5.4 Parameter REQUIRETLS is not supported'),
      [requireTlsExtension()],
      () => {},
    ))
})

describe('PRDR (draft-hall-prdr)', () => {
  const answers = [reply(250, '2.1.5', 'for a'), reply(550, '5.7.1', 'not for b')]
  const server = () =>
    createSmtpServer({
      hostname: 'mx.example.org',
      handlers: [prdrExtension(), { message: ({ transaction }) => answers.slice(0, transaction.recipients.length) }],
    })
  const send = (parameter: string) => `${EHLO}
    C: MAIL FROM:<s@example.org>${parameter}
    C: RCPT TO:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 250 2.1.5 Recipient OK
    S: 354 {*}
    C: .
  `
  test('a reply for each recipient, and one for all', () =>
    playTranscriptAtAllCuts(
      server,
      `${send(' PRDR')}
      S: 353 A reply for each recipient follows
      S: 250 2.1.5 for a
      S: 550 5.7.1 not for b
      S: 250 2.1.5 for a
    `,
    ))
  test.each([
    ['550 5.7.1 no', '250 2.1.5 yes', '250 2.1.5 yes'],
    ['450 4.2.1 later', '250 2.1.5 yes', '250 2.1.5 yes'],
    ['550 5.7.1 no', '450 4.2.1 later', '450 4.2.1 later'],
    ['550 5.7.1 no', '552 5.2.3 big', '550 5.7.1 no'],
  ])('%s, %s: the last one is %s', (first, second, last) => {
    const [a, b] = [first, second].map((line) => {
      const [code, enhanced, text] = line.split(' ')
      return reply(Number(code), enhanced, text)
    })
    const made = () =>
      createSmtpServer({ hostname: 'mx.example.org', handlers: [prdrExtension(), { message: () => [a, b] }] })
    return playTranscriptAtAllCuts(
      made,
      `${send(' PRDR')}
      S: 353 A reply for each recipient follows
      S: ${first}
      S: ${second}
      S: ${last}
    `,
    )
  })
  test('one reply for all who do not ask', () =>
    playTranscriptAtAllCuts(
      server,
      `${send('')}
      S: 550 5.7.1 not for b
    `,
    ))
})

describe('XCLIENT and XFORWARD', () => {
  const trusted = { trusted: ({ peer }: { peer: { address: string } }) => peer.address === '127.0.0.1' }
  const units = [xclientExtension(trusted), xforwardExtension(trusted)]
  const proxy = { remote: { address: '127.0.0.1', port: 1 }, local: { address: '127.0.0.1', port: 25 } }

  test('a trusted peer speaks for a client; the dialogue starts anew', async () => {
    let seen: unknown[] = []
    const watch: SmtpHandler = {
      mail(_tx, session) {
        const { remote, remoteName, helo, identity, loopback } = session
        seen = [remote, remoteName, helo, identity, loopback, session.get(forwarded)?.get('ADDR')]
      },
    }
    await play(
      `${EHLO}
      C: XFORWARD NAME=spike.example ADDR=198.51.100.7 IDENT=[UNAVAILABLE]
      S: 250 2.0.0 OK
      C: XCLIENT NAME=spike.example ADDR=IPV6:2001:db8::1 PORT=2525 LOGIN=alice
      S: 220 mx.example.org ESMTP
      C: MAIL FROM:<a@example.org>
      S: 503 5.5.1 Say EHLO first
      C: EHLO spike.example
      S: ...
      S: 250 {*}
      C: MAIL FROM:<a@example.org>
      S: 250 2.1.0 Sender OK
    `,
      [...units, watch],
      () => {},
      {},
      proxy,
    )
    const remote = { address: '2001:db8::1', port: 2525 }
    expect(seen).toEqual([remote, 'spike.example', 'spike.example', { account: 'alice' }, false, undefined])
  })
  test.each(['XCLIENT', 'XFORWARD'])('%s has no place in a transaction', (verb) =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@example.org>
      S: 250 2.1.0 Sender OK
      C: ${verb} NAME=x
      S: 503 5.5.1 Not during a mail transaction
    `,
      units,
      () => {},
      {},
      proxy,
    ),
  )
  test('the client that is spoken for is asked about, and may be refused', () => {
    const policy: SmtpHandler = {
      connect: ({ remote }) => (remote.address === '198.51.100.66' ? reply(554, '5.7.1', 'Not you') : undefined),
    }
    return play(
      `${EHLO}
      C: XCLIENT ADDR=198.51.100.66
      S: 554 5.7.1 Not you
      -- closed --
    `,
      [...units, policy],
      () => {},
      {},
      proxy,
    )
  })
  test.each([
    'XCLIENT',
    'XCLIENT NAME',
    'XCLIENT COLOR=x',
    'XCLIENT NAME=+0A',
    'XCLIENT PORT=70000',
    'XFORWARD NAME=a NAME=b',
  ])('%s', (command) => play(refused(command, '501 5.5.4 {*}'), units, () => {}, {}, proxy))
  test('nobody else does', () =>
    play(
      `${EHLO}
      C: XCLIENT ADDR=127.0.0.1
      S: 550 5.7.0 XCLIENT is not for you
      C: XFORWARD ADDR=127.0.0.1
      S: 550 5.7.0 XFORWARD is not for you
    `,
      units,
      () => {},
    ))
})

test('what is announced is what is plugged in and possible now', () =>
  play(
    `
    S: 220 mx.example.org ESMTP
    C: EHLO x
    S: 250-mx.example.org
    S: 250-PIPELINING
    S: 250-SIZE 1000
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-ENHANCEDSTATUSCODES
    S: 250-LIMITS MAILMAX=1 RCPTMAX=5
    S: 250-STARTTLS
    S: 250-DSN
    S: 250-DELIVERBY 60
    S: 250-MT-PRIORITY MIXER
    S: 250-PRDR
    S: 250 BINARYMIME
    C: STARTTLS
    S: 220 2.0.0 Ready to start TLS
    -- tls --
    C: EHLO x
    S: 250-mx.example.org
    S: ...
    S: 250-LIMITS MAILMAX=1 RCPTMAX=5
    S: 250-DSN
    S: 250-REQUIRETLS
    S: ...
    S: 250 BINARYMIME
  `,
    [
      dsnExtension(),
      requireTlsExtension(),
      deliverByExtension({ minimum: 60 }),
      mtPriorityExtension({ profile: 'MIXER' }),
      prdrExtension(),
      xclientExtension({ trusted: () => false }),
      binaryMimeExtension(),
    ],
    () => {},
    { limits: { messageSize: 1000, recipients: 5, transactions: 1 } },
  ))

test('no more messages over one connection than the limit', () =>
  play(
    `${message('')}
    C: MAIL FROM:<a@example.org>
    S: 421 4.7.0 Too many messages over one connection
    -- closed --
  `,
    [],
    () => {},
    { limits: { transactions: 1 } },
  ))
