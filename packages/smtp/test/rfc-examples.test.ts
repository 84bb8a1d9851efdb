/**
 * The dialogues that the RFCs print, at every cut. Codes and what is said by clients are the RFCs'; texts of replies are
 * ours where an RFC leaves them open. RFC 2033, 3030 and draft-hall-prdr are in tests of their own.
 */
import {
  cramMd5,
  decodeBase64,
  deriveScramSecret,
  encodeBase64,
  fromLatin1,
  fromUtf8,
  latin1,
  scram,
} from '@posthouse/wire'
import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import {
  binaryMimeExtension,
  createSmtpServer,
  deliverBy,
  deliverByExtension,
  discard,
  dsnEnvelope,
  dsnExtension,
  dsnRecipient,
  forwarded,
  futureReleaseExtension,
  mtPriorityExtension,
  priority,
  releaseAt,
  reply,
  requireTlsExtension,
  requireTlsNote,
  type SmtpHandler,
  type SmtpServerOptions,
  type Transaction,
  xclientExtension,
  xforwardExtension,
} from '../src/index.js'
import { collector } from './servers.js'

const hello = (client: string): string => `
  S: 220 {*}
  C: EHLO ${client}
  S: ...
  S: 250 {*}
`
const base64 = (text: string): string => encodeBase64(fromUtf8(text))

/** Plays a dialogue; gives what `look` saw of each transaction at its end. */
async function play<T>(
  text: string,
  handlers: readonly SmtpHandler[] = [],
  look: (transaction: Transaction) => T = () => undefined as T,
  options: Partial<SmtpServerOptions> = {},
  link: Parameters<typeof playTranscriptAtAllCuts>[2] = {},
): Promise<T> {
  const seen: T[] = []
  const watch: SmtpHandler = { message: ({ transaction }) => void seen.push(look(transaction)) }
  await playTranscriptAtAllCuts(() => collector({ ...options, handlers: [...handlers, watch] }).server, text, link)
  for (const one of seen) expect(one).toEqual(seen[0])
  return seen[0]
}

test('RFC 1870 §6.2: SIZE', () => {
  const room: SmtpHandler = {
    rcpt(recipient, transaction) {
      expect(transaction.size).toBe(500_000)
      if (recipient.address === 'ned@ymir.claremont.edu') {
        return reply(552, '5.2.3', `Channel size limit exceeded: ${recipient.address}`)
      }
      if (recipient.address === 'ned@hmcvax.claremont.edu') {
        return reply(452, '4.3.1', `Insufficient channel storage: ${recipient.address}`)
      }
      return undefined
    },
  }
  return play(
    `
    S: 220 {*}
    C: EHLO ymir.claremont.edu
    S: 250-mx.example.org
    S: 250-PIPELINING
    S: 250-SIZE 1000000
    S: ...
    S: 250 {*}
    C: MAIL FROM:<ned@thor.innosoft.com> SIZE=500000
    S: 250 {*}
    C: RCPT TO:<ned@innosoft.com>
    S: 250 {*}
    C: RCPT TO:<ned@ymir.claremont.edu>
    S: 552 5.2.3 Channel size limit exceeded: ned@ymir.claremont.edu
    C: RCPT TO:<ned@hmcvax.claremont.edu>
    S: 452 4.3.1 Insufficient channel storage: ned@hmcvax.claremont.edu
    C: DATA
    S: 354 {*}
    C: ...
    C: .
    S: 250 {*}
    C: QUIT
    S: 221 {*}
    -- closed --
  `,
    [room],
    undefined,
    { limits: { messageSize: 1_000_000 } },
  )
})

test('RFC 6152 §2: 8BITMIME', async () => {
  const made = collector()
  await playTranscriptAtAllCuts(
    () => made.server,
    `${hello('ymir.claremont.edu')}
    C: MAIL FROM:<ned@ymir.claremont.edu> BODY=8BITMIME
    S: 250 {*}
    C: RCPT TO:<mrose@dbc.mtview.ca.us>
    S: 250 {*}
    C: DATA
    S: 354 {*}
    C~ Content-Transfer-Encoding: 8bit\\r\\n\\r\\n\\xe4\\xff\\x80\\r\\n.\\r\\n
    S: 250 {*}
    C: QUIT
    S: 221 {*}
    -- closed --
  `,
  )
  expect(made.messages.map(({ text }) => text.slice(-5))).toEqual(Array(3).fill('\xe4\xff\x80\r\n'))
})

test('RFC 2034 §6: ENHANCEDSTATUSCODES, also on every line of a reply', () => {
  const rules: SmtpHandler = {
    rcpt({ address }) {
      if (address.startsWith('nosuchuser@')) return reply(550, '5.1.1', 'Mailbox "nosuchuser" does not exist')
      if (!address.startsWith('remoteuser@')) return undefined
      return reply(551, '5.7.1', [
        'Forwarding to remote hosts disabled',
        'Select another host to act as your forwarder',
      ])
    },
  }
  return play(
    `${hello('ymir.claremont.edu')}
    C: MAIL FROM:<ned@ymir.claremont.edu>
    S: 250 2.1.0 {*}
    C: RCPT TO:<mrose@dbc.mtview.ca.us>
    S: 250 2.1.5 {*}
    C: RCPT TO:<nosuchuser@dbc.mtview.ca.us>
    S: 550 5.1.1 Mailbox "nosuchuser" does not exist
    C: RCPT TO:<remoteuser@isi.edu>
    S: 551-5.7.1 Forwarding to remote hosts disabled
    S: 551 5.7.1 Select another host to act as your forwarder
    C: DATA
    S: 354 {*}
    C: ...
    C: .
    S: 250 2.0.0 {*}
    C: QUIT
    S: 221 2.0.0 {*}
    -- closed --
  `,
    [rules],
  )
})

describe('RFC 2920 §4: PIPELINING', () => {
  test('a message to three', () =>
    play(`${hello('dbc.mtview.ca.us')}
      C: MAIL FROM:<mrose@dbc.mtview.ca.us>
      C: RCPT TO:<ned@innosoft.com>
      C: RCPT TO:<dan@innosoft.com>
      C: RCPT TO:<kvc@innosoft.com>
      C: DATA
      S: 250 {*}
      S: 250 {*}
      S: 250 {*}
      S: 250 {*}
      S: 354 {*}
      C: ...
      C: .
      C: QUIT
      S: 250 {*}
      S: 221 {*}
      -- closed --
    `))

  test('nobody is accepted, so there is no message', () =>
    play(
      `${hello('dbc.mtview.ca.us')}
      C: MAIL FROM:<mrose@dbc.mtview.ca.us>
      C: RCPT TO:<nsb@thumper.bellcore.com>
      C: RCPT TO:<galvin@tis.com>
      C: DATA
      S: 250 {*}
      S: 550 5.7.1 Remote mail to nsb@thumper.bellcore.com not allowed
      S: 550 5.7.1 Remote mail to galvin@tis.com not allowed
      S: 503 5.5.1 No valid recipients
      C: QUIT
      S: 221 {*}
      -- closed --
    `,
      [{ rcpt: ({ address }) => reply(550, '5.7.1', `Remote mail to ${address} not allowed`) }],
    ))
})

test('RFC 3030 §4.2: BINARYMIME, pipelined, the end in a chunk of its own', async () => {
  const made = collector({ handlers: [binaryMimeExtension()] })
  const first = '\\0\\r\\xff\\n'.repeat(250)
  await playTranscriptAtAllCuts(
    () => made.server,
    `${hello('ymir.claremont.edu')}
    C: MAIL FROM:<ned@ymir.claremont.edu> BODY=BINARYMIME
    C: RCPT TO:<gvaudre@cnri.reston.va.us>
    C: RCPT TO:<jstewart@cnri.reston.va.us>
    C~ BDAT 1000\\r\\n${first}BDAT 4\\r\\nrestBDAT 0 LAST\\r\\n
    S: 250 {*}
    S: 250 {*}
    S: 250 {*}
    S: 250 {*}
    S: 250 {*}
    S: 250 {*}
    C: QUIT
    S: 221 {*}
    -- closed --
  `,
  )
  expect(made.messages.map(({ text }) => text)).toEqual(Array(3).fill(`${'\0\r\xff\n'.repeat(250)}rest`))
})

test('RFC 3207 §5: STARTTLS', () =>
  play(
    `
    S: 220 {*}
    C: EHLO mail.example.com
    S: 250-mx.example.org
    S: ...
    S: 250-STARTTLS
    S: 250 DSN
    C: STARTTLS
    S: 220 2.0.0 Ready to start TLS
    -- tls --
    C: EHLO mail.example.com
    S: 250-mx.example.org
    S: 250-PIPELINING
    S: 250-SIZE 67108864
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-ENHANCEDSTATUSCODES
    S: 250-LIMITS RCPTMAX=1000
    S: 250 DSN
  `,
    [dsnExtension()],
  ))

test('RFC 3461 §10.1: DSN of six recipients', async () => {
  const notes = await play(
    `${hello('Example.ORG')}
    C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159
    S: 250 {*}
    C: RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM
    S: 250 {*}
    C: RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU
    S: 250 {*}
    C: RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU
    S: 250 {*}
    C: RCPT TO:<Eric@Bombs.AF.MIL> NOTIFY=FAILURE ORCPT=rfc822;Eric@Bombs.AF.MIL
    S: 250 {*}
    C: RCPT TO:<Fred@Bombs.AF.MIL> NOTIFY=NEVER
    S: 250 {*}
    C: RCPT TO:<George@Tax-ME.GOV> NOTIFY=FAILURE ORCPT=rfc822;George@Tax-ME.GOV
    S: 250 {*}
    C: DATA
    S: 354 {*}
    C: (message goes here)
    C: .
    S: 250 {*}
    C: QUIT
    S: 221 {*}
    -- closed --
  `,
    [dsnExtension()],
    (transaction) => [
      transaction.get(dsnEnvelope),
      ...transaction.recipients.map((recipient) => {
        const dsn = recipient.get(dsnRecipient)
        return [recipient.address, dsn?.notify, dsn?.orcpt?.address]
      }),
    ],
  )
  expect(notes).toEqual([
    { ret: 'HDRS', envid: 'QQ314159' },
    ['Bob@Example.COM', ['SUCCESS'], 'Bob@Example.COM'],
    ['Carol@Ivory.EDU', ['FAILURE'], 'Carol@Ivory.EDU'],
    ['Dana@Ivory.EDU', ['SUCCESS', 'FAILURE'], 'Dana@Ivory.EDU'],
    ['Eric@Bombs.AF.MIL', ['FAILURE'], 'Eric@Bombs.AF.MIL'],
    ['Fred@Bombs.AF.MIL', [], undefined],
    ['George@Tax-ME.GOV', ['FAILURE'], 'George@Tax-ME.GOV'],
  ])
})

describe('RFC 4954 §4.1, §5: AUTH', () => {
  const users = {
    authenticate: (user: string, password: string) => (user === 'test' && password === '1234' ? user : null),
    allowInsecureAuth: true,
  }
  test.each([
    ['with an initial response', '  C: AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ='],
    ['without one', '  C: AUTH PLAIN\n  S: 334 \n  C: dGVzdAB0ZXN0ADEyMzQ='],
  ])('PLAIN %s', (_how, lines) =>
    play(
      `
    S: 220 {*}
    C: EHLO client.example.com
    S: ...
    S: 250-STARTTLS
    S: 250 AUTH PLAIN LOGIN
${lines}
    S: 235 2.7.0 Authentication succeeded
    C: EHLO client.example.com
    S: ...
    S: 250 STARTTLS
  `,
      [],
      undefined,
      users,
    ),
  )

  test('§5: AUTH of MAIL, in xtext', () =>
    play(
      `${hello('client.example.com')}
      C: MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com
      S: 250 {*}
      C: RSET
      S: 250 {*}
      C: MAIL FROM:<joe@example.com> AUTH=<>
      S: 250 {*}
      C: RSET
      S: 250 {*}
      C: MAIL FROM:<e=mc2@example.com> AUTH=e=mc2@example.com
      S: 501 5.5.4 {*}
    `,
      [],
      undefined,
      users,
    ))

  test('RFC 2195 §2: CRAM-MD5', async () => {
    // The RFC's challenge has a clock in it; this one stands still. Its answer was made with openssl.
    const challenge = `<${'00'.repeat(16)}@postoffice.reston.mci.net>`
    const mechanism = cramMd5({ hostname: 'postoffice.reston.mci.net', random: (octets) => new Uint8Array(octets) })
    await play(
      `${hello('client.example.com')}
      C: AUTH CRAM-MD5 ${base64('tim db7d33cab8228fefb8f8cc4cbf7a246a')}
      S: 501 5.7.0 {*}
      C: AUTH CRAM-MD5
      S: 334 ${base64(challenge)}
      C: ${base64('tim 00000000000000000000000000000000')}
      S: 535 5.7.8 {*}
      C: AUTH CRAM-MD5
      S: 334 ${base64(challenge)}
      C: ${base64('tim db7d33cab8228fefb8f8cc4cbf7a246a')}
      S: 235 2.7.0 {*}
    `,
      [],
      undefined,
      {
        mechanisms: [mechanism],
        authenticate: {
          sharedSecret: (user) => (user === 'tim' ? { secret: 'tanstaaftanstaaf', identity: { account: user } } : null),
        },
      },
    )
  })

  test.each([
    [
      'RFC 5802 §5',
      'SHA-1',
      'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
      'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    ],
    [
      'RFC 7677 §3',
      'SHA-256',
      'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    ],
  ] as const)('%s: SCRAM-%s', async (_rfc, hash, first, challenge, final, verdict) => {
    const [whole, text] = challenge.split(',').map((attribute) => attribute.slice(2))
    const nonce = whole.slice(first.length - 'n,,n=user,r='.length)
    const salt = decodeBase64(fromLatin1(text)) as Uint8Array
    const secret = await deriveScramSecret('pencil', { hash, iterations: 4096, salt })
    await play(
      `${hello('client.example.com')}
      C: AUTH SCRAM-${hash} ${base64(first)}
      S: 334 ${base64(challenge)}
      C: ${base64(final)}
      S: 334 ${base64(verdict)}
      C:
      S: 235 2.7.0 {*}
    `,
      [],
      undefined,
      {
        mechanisms: scram({ nonce: () => nonce }),
        authenticate: { scram: (user) => (user === 'user' ? { ...secret, identity: { account: user } } : null) },
      },
    )
  })

  test('RFC 7628 §4.3: OAUTHBEARER that fails', () =>
    play(
      `${hello('client.example.com')}
      C: AUTH OAUTHBEARER ${base64('n,a=user@example.com,\x01host=server.example.com\x01port=587\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01')}
      S: 334 {*}
      C: AQ==
      S: 535 5.7.8 {*}
    `,
      [],
      undefined,
      { allowInsecureAuth: true, authenticate: { bearer: () => null } },
    ))
})

describe('RFC 5321 appendix D', () => {
  test('D.3: mail that is relayed', () =>
    play(`${hello('bar.com')}
      C: MAIL FROM:<JQP@bar.com>
      S: 250 {*}
      C: RCPT TO:<@foo.com:Jones@XYZ.COM>
      S: 250 {*}
      C: DATA
      S: 354 {*}
      C: Received: from bar.com by foo.com ; Thu, 21 May 1998 05:33:29 -0700
      C: Date: Thu, 21 May 1998 05:33:22 -0700
      C: From: John Q. Public <JQP@bar.com>
      C: Subject: The Next Meeting of the Board
      C: To: Jones@xyz.com
      C:
      C: Bill:
      C: The next meeting of the board of directors will be on Tuesday.
      C: John.
      C: .
      S: 250 {*}
      C: QUIT
      S: 221 {*}
      -- closed --
    `))

  test('D.4: verifying and sending', () =>
    play(
      `${hello('bar.com')}
      C: VRFY Crispin
      S: 250 2.1.5 Mark Crispin <Admin.MRC@foo.com>
      C: MAIL FROM:<EAK@bar.com>
      S: 250 {*}
      C: RCPT TO:<Admin.MRC@foo.com>
      S: 250 {*}
      C: DATA
      S: 354 {*}
      C: Blah blah blah...
      C: .
      S: 250 {*}
      C: QUIT
      S: 221 {*}
      -- closed --
    `,
      [{ commands: new Map([['VRFY', (name) => reply(250, '2.1.5', `Mark ${name} <Admin.MRC@foo.com>`)]]) }],
    ))

  test('§3.5.2: EXPN of a list', () =>
    play(
      `${hello('bar.com')}
      C: EXPN Example-People
      S: 250-2.1.5 Jon Postel <Postel@isi.edu>
      S: 250-2.1.5 Fred Fonebone <Fonebone@physics.foo-u.edu>
      S: 250 2.1.5 Sam Q. Smith <SQSmith@specific.generic.com>
    `,
      [
        {
          commands: new Map([
            [
              'EXPN',
              () =>
                reply(250, '2.1.5', [
                  'Jon Postel <Postel@isi.edu>',
                  'Fred Fonebone <Fonebone@physics.foo-u.edu>',
                  'Sam Q. Smith <SQSmith@specific.generic.com>',
                ]),
            ],
          ]),
        },
      ],
    ))
})

/** A message with parameters of MAIL, and what it left behind. */
const mail = (parameters: string): string => `${hello('client.example.net')}
  C: MAIL FROM:<eljefe@example.net> ${parameters}
  S: 250 {*}
  C: RCPT TO:<topbanana@example.net>
  S: 250 {*}
  C: DATA
  S: 354 {*}
  C: x
  C: .
  S: 250 {*}
  C: QUIT
  S: 221 {*}
  -- closed --
`

describe('parameters of MAIL', () => {
  test('RFC 2852 §4.1: BY', async () => {
    const wanted = { seconds: 120, mode: 'return', trace: false }
    expect(await play(mail('BY=120;R'), [deliverByExtension()], (tx) => tx.get(deliverBy))).toEqual(wanted)
  })
  test('RFC 6710 §8: MT-PRIORITY', async () => {
    const unit = mtPriorityExtension({ highest: () => 9 })
    expect(await play(mail('MT-PRIORITY=6'), [unit], (tx) => tx.get(priority))).toBe(6)
    expect(await play(mail('MT-PRIORITY=-3'), [unit], (tx) => tx.get(priority))).toBe(-3)
  })
  test('RFC 4865 §4: HOLDUNTIL', async () => {
    const login: SmtpHandler = { helo: (_name, session) => session.impersonate({ identity: { account: 'a' } }) }
    const units = [login, futureReleaseExtension({ maximum: 86_400 })]
    const text = mail('HOLDUNTIL=2026-01-01T06:00:00Z')
    expect(await play(text, units, (tx) => tx.get(releaseAt))).toBe(Date.UTC(2026, 0, 1, 6))
  })
  test('RFC 8689 §4.1: REQUIRETLS, behind STARTTLS only', async () => {
    const text = `${hello('mail.example.org')}
      C: MAIL FROM:<roger@example.org> REQUIRETLS
      S: 555 5.5.4 {*}
      C: STARTTLS
      S: 220 {*}
      -- tls --
      C: EHLO mail.example.org
      S: ...
      S: 250 REQUIRETLS
      C: MAIL FROM:<roger@example.org> REQUIRETLS
      C: RCPT TO:<editor@example.net>
      C: DATA
      S: 250 {*}
      S: 250 {*}
      S: 354 {*}
      C: .
      S: 250 {*}
    `
    expect(await play(text, [requireTlsExtension()], (tx) => tx.get(requireTlsNote))).toBe(true)
  })
})

test('RFC 9422 §4: LIMITS are announced and kept', () =>
  play(
    `
    S: 220 {*}
    C: EHLO client.example.com
    S: ...
    S: 250-LIMITS MAILMAX=1 RCPTMAX=2
    S: 250 STARTTLS
    C: MAIL FROM:<a@example.com>
    C: RCPT TO:<b@example.com>
    C: RCPT TO:<c@example.com>
    C: RCPT TO:<d@example.com>
    C: DATA
    S: 250 {*}
    S: 250 {*}
    S: 250 {*}
    S: 452 4.5.3 {*}
    S: 354 {*}
    C: .
    S: 250 {*}
    C: MAIL FROM:<a@example.com>
    S: 421 4.7.0 {*}
    -- closed --
  `,
    [],
    undefined,
    { limits: { transactions: 1, recipients: 2 } },
  ))

test('RFC 1985 §5: a server without ETRN says so', () =>
  play(`${hello('example.org')}
    C: ETRN foo.com
    S: 502 5.5.1 Command not implemented
    C: ETRN
    S: 501 5.5.4 {*}
  `))

describe("Postfix's README files", () => {
  const trusted = { trusted: () => true }

  test('XCLIENT: an address without a name, then one with a name, HELO and PROTO', async () => {
    const seen: string[] = []
    const watch: SmtpHandler = {
      mail: (_tx, { remote, remoteName, helo }) => void seen.push(`${remoteName} [${remote.address}] ${helo}`),
    }
    await play(
      `
      S: 220 {*}
      C: EHLO client.example.com
      S: ...
      S: 250 XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
      C: XCLIENT NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]
      S: 220 {*}
      C: XCLIENT ADDR=168.100.189.2 NAME=spike.porcupine.org HELO=spike.porcupine.org PROTO=ESMTP
      S: 220 {*}
      C: HELO spike.porcupine.org
      S: 250 mx.example.org
      C: MAIL FROM:<wietse@porcupine.org>
      S: 250 {*}
      C: RCPT TO:<user@example.com>
      S: 250 {*}
      C: DATA
      S: 354 {*}
      C: . . .message content. . .
      C: .
      S: 250 {*}
      C: QUIT
      S: 221 {*}
      -- closed --
    `,
      [xclientExtension(trusted), watch],
    )
    expect(seen).toEqual(Array(3).fill('spike.porcupine.org [168.100.189.2] spike.porcupine.org'))
  })

  test('XFORWARD: in several commands', async () => {
    let seen: unknown
    const watch: SmtpHandler = { mail: (_tx, session) => void (seen = [...(session.get(forwarded) ?? [])]) }
    await play(
      `${hello('localhost.example')}
      C: XFORWARD NAME=spike.porcupine.org ADDR=168.100.189.2 PROTO=ESMTP
      S: 250 {*}
      C: XFORWARD HELO=spike.porcupine.org
      S: 250 {*}
      C: MAIL FROM:<wietse@porcupine.org>
      S: 250 {*}
    `,
      [xforwardExtension(trusted), watch],
    )
    expect(seen).toEqual([
      ['NAME', 'spike.porcupine.org'],
      ['ADDR', '168.100.189.2'],
      ['PROTO', 'ESMTP'],
      ['HELO', 'spike.porcupine.org'],
    ])
  })
})

test('RFC 6531 §3.7: mail that is beyond ASCII everywhere', async () => {
  const made = collector()
  await playTranscriptAtAllCuts(
    () => made.server,
    `${hello('[192.0.2.1]')}
    C: MAIL FROM:<阿Q@例.example> SMTPUTF8 BODY=8BITMIME
    C: RCPT TO:<"ü ö"@例.example>
    C: DATA
    S: 250 {*}
    S: 250 {*}
    S: 354 {*}
    C: Subject: 阿Q正传
    C: .
    S: 250 {*}
  `,
  )
  expect(made.messages.map(({ from, to }) => [from, to[0]])).toEqual(
    Array(3).fill(['阿Q@例.example', '"ü ö"@例.example']),
  )
  expect(made.messages[0].text).toBe(latin1(fromUtf8('Subject: 阿Q正传\r\n')))
})

test('a server without handlers for messages takes none', () =>
  playTranscriptAtAllCuts(
    () => createSmtpServer({ hostname: 'mx.example.org', handlers: [] }),
    `${hello('x')}
    C: MAIL FROM:<>
    C: RCPT TO:<a@b>
    C: DATA
    S: 250 {*}
    S: 250 {*}
    S: 354 {*}
    C: .
    S: 554 5.3.5 {*}
  `,
  ))

test('and one with `discard` takes all', () =>
  playTranscriptAtAllCuts(
    () => createSmtpServer({ handlers: [discard()] }),
    `${hello('x')}
    C: MAIL FROM:<>
    C: RCPT TO:<a@b>
    C~ BDAT 0 LAST\\r\\n
    S: 250 {*}
    S: 250 {*}
    S: 250 {*}
  `,
  ))
