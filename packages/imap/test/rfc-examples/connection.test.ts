/**
 * Examples about the connection: RFC 4959 (SASL-IR), RFC 4978 (COMPRESS) and RFC 7888 (LITERAL+, LITERAL-), after their
 * texts. RFC 4978 has them on TLS, which changes nothing here.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import { cramMd5, type TlsInfo } from '@posthouse/wire'
import { playTranscript } from '@posthouse/wire/testing'
import { afterEach, expect, test } from 'vitest'
import { literalMinus, literalPlus, standardExtensions } from '../../src/index.js'
import { listen } from '../../src/node/index.js'
import { testServer } from '../servers.js'
import { playExample } from './play.js'

let close: (() => Promise<unknown>) | undefined
afterEach(() => close?.())

/** Reads up to the end of a line that begins with the tag. */
async function answer(stream: NodeJS.ReadableStream, tag: string): Promise<string> {
  let heard = ''
  while (!(heard.endsWith('\r\n') && heard.split('\r\n').some((line) => line.startsWith(`${tag} `)))) {
    heard += String((await once(stream, 'data'))[0])
  }
  return heard
}

test('RFC 4978 §3: compressed behind the OK, and not twice', async () => {
  const listening = await listen(testServer().server, { port: 0, host: '127.0.0.1' })
  close = () => listening.close()
  const socket = connect(listening.port, '127.0.0.1')
  await answer(socket, '*')
  socket.write('b login alice secret\r\n')
  expect(await answer(socket, 'b')).toContain(' COMPRESS=DEFLATE ')
  socket.write('c compress gzip\r\n')
  expect(await answer(socket, 'c')).toMatch(/^c BAD /)
  socket.write('d compress deflate\r\n')
  expect(await answer(socket, 'd')).toBe('d OK DEFLATE active\r\n')
  // From this point on, everything is compressed.
  const [out, input] = [createDeflateRaw({ flush: constants.Z_SYNC_FLUSH }), createInflateRaw()]
  out.pipe(socket)
  socket.pipe(input)
  out.write('e noop\r\n')
  expect(await answer(input, 'e')).toBe('e OK NOOP completed\r\n')
  out.write('c compress deflate\r\n')
  expect(await answer(input, 'c')).toMatch(/^c NO \[COMPRESSIONACTIVE\] /)
  socket.destroy()
})

const GREETED = `
    S: * OK {*}`

test('RFC 7888 §3: a login in literals that nobody waits for', () =>
  playTranscript(
    testServer({
      authenticate: (user, password) => (user === 'FRED FOOBAR' && password === 'fat man' ? 'alice' : null),
    }).server,
    `${GREETED}
    C: A001 LOGIN {11+}
    C: FRED FOOBAR {7+}
    C: fat man
    S: A001 OK {*}
    C: A002 LOGOUT
    S: * BYE {*}
    S: A002 OK LOGOUT completed
    -- closed --
  `,
  ))

test('RFC 7888 §5: LITERAL- takes up to 4,096 octets so', () => {
  const extensions = [...standardExtensions.filter((one) => one !== literalPlus), literalMinus]
  return playExample(
    `
    C: a CAPABILITY
    S: * CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE {*} LITERAL-
    S: a OK CAPABILITY completed
    C: b APPEND INBOX {4096+}
    C: ${'x'.repeat(4096)}
    S: b OK [APPENDUID {*} 1] APPEND completed
    C: c APPEND INBOX {4097+}
    C: ${'x'.repeat(4097)}
    S: c BAD [TOOBIG] {*}
    C: d APPEND INBOX {4097}
    S: + {*}
    C: ${'x'.repeat(4097)}
    S: d OK [APPENDUID {*} 2] APPEND completed
  `,
    undefined,
    { extensions },
  )
})

const TLS: TlsInfo = {
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  servername: null,
  channelBinding: () => null,
  peerCertificate: { authorized: true, subject: 'CN=alice', altNames: [], fingerprint256: '' },
}

/** A server for encrypted connections, by password and by certificate. */
const encrypted = (text: string): Promise<void> =>
  playTranscript(
    testServer({
      allowInsecureAuth: false,
      authenticate: {
        password: ({ user, password }) => (user === 'test' && password === 'test' ? { account: 'alice' } : null),
        certificate: () => ({ account: 'alice' }),
      },
    }).server,
    text,
    { tls: TLS },
  )

const CAPABILITY = `
    S: * OK {*}
    C: C01 CAPABILITY
    S: * CAPABILITY {*} AUTH=EXTERNAL AUTH=PLAIN {*} SASL-IR {*}
    S: C01 OK CAPABILITY completed`

const LOGGED_IN = `
    S: A01 OK [CAPABILITY {*}] {*}
    C: A02 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: A02 OK STATUS completed`

test('RFC 4959 §4: PLAIN with an initial response, and without one', async () => {
  await encrypted(`${CAPABILITY}
    C: A01 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=${LOGGED_IN}
  `)
  // A space stands behind the "+".
  await encrypted(`${CAPABILITY}
    C: A01 AUTHENTICATE PLAIN
    S~ + \\r\\n
    C: dGVzdAB0ZXN0AHRlc3Q=${LOGGED_IN}
  `)
})

test('RFC 4959 §4: EXTERNAL with an empty initial response, and without one', async () => {
  await encrypted(`${CAPABILITY}
    C: A01 AUTHENTICATE EXTERNAL =${LOGGED_IN}
  `)
  await encrypted(`${CAPABILITY}
    C: A01 AUTHENTICATE EXTERNAL
    S~ + \\r\\n
    C:${LOGGED_IN}
  `)
})

test('RFC 4959 §3: an empty response is one; what is no base64, and what is in quotes, is BAD', () =>
  encrypted(`${CAPABILITY}
    C: A01 AUTHENTICATE PLAIN =
    S: A01 NO [AUTHENTICATIONFAILED] {*}
    C: A02 AUTHENTICATE PLAIN =AAA
    S: A02 BAD {*}
    C: A03 AUTHENTICATE PLAIN AAA=BBB
    S: A03 BAD {*}
    C: A04 AUTHENTICATE PLAIN dGVz*AAA
    S: A04 BAD {*}
    C: A05 AUTHENTICATE PLAIN "dGVzdAB0ZXN0AHRlc3Q="
    S: A05 BAD {*}
  `))

test('RFC 4959 §3: no initial response where the server speaks first', () =>
  playTranscript(
    testServer({
      authenticate: { sharedSecret: () => null },
      mechanisms: [cramMd5()],
    }).server,
    `${GREETED}
    C: A01 AUTHENTICATE CRAM-MD5 dGVzdA==
    S: A01 BAD {*}
    C: A02 AUTHENTICATE CRAM-MD5
    S: + {*}
    C: *
    S: A02 BAD {*}
  `,
  ))
