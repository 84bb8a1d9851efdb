/** RFC 9051 §6.1.1, §6.2 and §7.6: capabilities, TLS and logins. This server is one of rev1, too, and says so first. */
import { type CredentialVerifier, cramMd5, deriveScramSecret, type TlsInfo } from '@posthouse/wire'
import { playTranscript } from '@posthouse/wire/testing'
import { describe, test } from 'vitest'
import { testServer } from '../servers.js'

/** `test` with the password `test`, as `dGVzdAB0ZXN0AHRlc3Q=` says; `SMITH`, and one with spaces. */
const PASSWORDS: readonly (readonly [string, string])[] = [
  ['test', 'test'],
  ['SMITH', 'SESAME'],
  ['FRED FOOBAR', 'fat man'],
]

const server = (verifier: Partial<CredentialVerifier> = {}) =>
  testServer({
    allowInsecureAuth: false,
    authenticate: {
      password: ({ user, password, authorizationId }) => {
        const known = PASSWORDS.some(([name, secret]) => name === user && secret === password)
        return known && (authorizationId ?? user) === user ? { account: 'alice' } : null
      },
      ...verifier,
    },
  }).server

const encrypted = (peerCertificate: TlsInfo['peerCertificate'] = null): TlsInfo => ({
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  servername: null,
  peerCertificate,
  channelBinding: () => null,
})

test('§6.1.1 CAPABILITY: before TLS only what hides the password', () =>
  playTranscript(
    server({
      scram: async (_user, hash) => ({
        identity: { account: 'alice' },
        ...(await deriveScramSecret('test', { hash })),
      }),
    }),
    `
    S: * OK {*}
    C: abcd CAPABILITY
    S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 LOGINDISABLED IMAP4rev2 {*}
    S: abcd OK CAPABILITY completed
    C: efgh STARTTLS
    S: efgh OK Begin TLS negotiation now
    -- tls --
    C: ijkl CAPABILITY
    S: * CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256-PLUS {*} AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN IMAP4rev2 {*}
    S: ijkl OK CAPABILITY completed
  `,
  ))

test('§6.2.1 STARTTLS: PLAIN and LOGIN behind it only, and no second STARTTLS', () =>
  playTranscript(
    server(),
    `
    S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED IMAP4rev2 {*}] imap.example.org ready
    C: a001 CAPABILITY
    S: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED IMAP4rev2 {*}
    S: a001 OK CAPABILITY completed
    C: a002 STARTTLS
    S: a002 OK Begin TLS negotiation now
    -- tls --
    C: a003 CAPABILITY
    S: * CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN IMAP4rev2 {*}
    S: a003 OK CAPABILITY completed
    C: a0035 STARTTLS
    S: a0035 BAD {*}
    C: a004 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
    S: a004 OK [CAPABILITY IMAP4rev1 IMAP4rev2 {*}] Logged in
  `,
  ))

test('§6.2.1 STARTTLS on a port that is encrypted from the start is BAD', () =>
  playTranscript(
    server(),
    `
    S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN IMAP4rev2 {*}] {*}
    C: a001 STARTTLS
    S: a001 BAD {*}
  `,
    { tls: encrypted() },
  ))

describe('§6.2.2 AUTHENTICATE', () => {
  test('an unknown mechanism is NO, as GSSAPI is here; so is PLAIN without TLS', () =>
    playTranscript(
      server(),
      `
      S: * OK {*}
      C: A001 AUTHENTICATE GSSAPI
      S: A001 NO [CANNOT] {*}
      C: A002 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
      S: A002 NO [PRIVACYREQUIRED] {*}
    `,
    ))

  test('with an initial response', () =>
    playTranscript(
      server(),
      `
      S: * OK {*}
      C: A01 STARTTLS
      S: A01 OK Begin TLS negotiation now
      -- tls --
      C: A02 CAPABILITY
      S: * CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN IMAP4rev2 {*}
      S: A02 OK CAPABILITY completed
      C: A03 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
      S: A03 OK [CAPABILITY {*}] Logged in
    `,
    ))

  test('without one: a space follows the +', () =>
    playTranscript(
      server(),
      `
      S: * OK {*}
      C: A01 AUTHENTICATE PLAIN
      S~ + \\r\\n
      C: dGVzdAB0ZXN0AHRlc3Q=
      S: A01 OK [CAPABILITY {*}] Logged in
    `,
      { tls: encrypted() },
    ))

  test('an empty initial response, with EXTERNAL', () =>
    playTranscript(
      server({ certificate: (name) => (name === null ? { account: 'alice' } : null) }),
      `
      S: * OK {*}
      C: C01 CAPABILITY
      S: * CAPABILITY IMAP4rev1 AUTH=EXTERNAL AUTH=PLAIN AUTH=LOGIN IMAP4rev2 {*}
      S: C01 OK CAPABILITY completed
      C: A01 AUTHENTICATE EXTERNAL =
      S: A01 OK [CAPABILITY {*}] Logged in
    `,
      { tls: encrypted({ authorized: true, subject: 'CN=alice', altNames: [], fingerprint256: '' }) },
    ))

  test('what is cancelled or no base64 is BAD, in the command as in an answer', () =>
    playTranscript(
      server(),
      `
      S: * OK {*}
      C: A01 AUTHENTICATE PLAIN
      S: + 
      C: *
      S: A01 BAD {*}
      C: A02 AUTHENTICATE PLAIN
      S: + 
      C: AAA=BBB
      S: A02 BAD {*}
      C: A03 AUTHENTICATE PLAIN =AAA
      S: A03 BAD {*}
      C: A04 AUTHENTICATE PLAIN AAA=BBB
      S: A04 BAD {*}
      C: A05 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
      S: A05 OK {*}
    `,
      { tls: encrypted() },
    ))

  test('an initial response of a mechanism that has none is BAD', () =>
    playTranscript(
      testServer({
        mechanisms: [cramMd5()],
        authenticate: { sharedSecret: () => ({ secret: 'tanstaaftanstaaf', identity: { account: 'alice' } }) },
      }).server,
      `
      S: * OK [CAPABILITY IMAP4rev1 {*}AUTH=CRAM-MD5 {*}
      C: A01 AUTHENTICATE CRAM-MD5 dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
      S: A01 BAD {*}
      C: A02 AUTHENTICATE CRAM-MD5 =
      S: A02 BAD {*}
      C: A03 AUTHENTICATE CRAM-MD5
      S: + {*}
      C: *
      S: A03 BAD {*}
    `,
    ))
})

test('§6.2.3 LOGIN', () =>
  playTranscript(
    server(),
    `
    S: * OK {*}
    C: a001 LOGIN SMITH SESAME
    S: a001 OK [CAPABILITY IMAP4rev1 IMAP4rev2 {*}] Logged in
    C: a002 LOGIN SMITH SESAME
    S: a002 BAD {*}
  `,
    { tls: encrypted() },
  ))

test('§6.2.3, §7.2.2 LOGINDISABLED: the right password is refused without a look at it', () =>
  playTranscript(
    server(),
    `
    S: * OK {*}
    C: a001 LOGIN SMITH SESAME
    S: a001 NO [PRIVACYREQUIRED] {*}
    C: a002 LOGIN SMITH wrong
    S: a002 NO [PRIVACYREQUIRED] {*}
  `,
  ))

test('§7.6: literals wait for a +; what is no command gets none', () =>
  playTranscript(
    server(),
    `
    S: * OK {*}
    C: A001 LOGIN {11}
    S: + {*}
    C: FRED FOOBAR {7}
    S: + {*}
    C: fat man
    S: A001 OK [CAPABILITY {*}] Logged in
    C: A044 BLURDYBLOOP {102856}
    S: A044 BAD {*}
    C: A045 BLURDYBLOOP {9+}
    C: A0 LOGOUT
    S: A045 BAD {*}
    C: A046 NOOP
    S: A046 OK NOOP completed
  `,
    { tls: encrypted() },
  ))
