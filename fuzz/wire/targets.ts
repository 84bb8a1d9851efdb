/** What must hold for the parts of `@posthouse/wire` that read what strangers send. */
import {
  type CredentialVerifier,
  decodeBase64,
  encodeBase64,
  endPointHash,
  latin1,
  parseProxyHeader,
  type SaslContext,
  saslprep,
  standardMechanisms,
} from '@posthouse/wire'
import { check, type Target } from '../loop.js'

const PROXY = [
  ...[
    'PROXY ',
    'TCP4 ',
    'TCP6 ',
    'UNKNOWN',
    '192.0.2.1 ',
    '2001:db8::1 ',
    '65535 ',
    '25',
    '\r\n',
    '\r',
    '::ffff:1.2.3.4 ',
  ],
  ...['\r\n\r\n\0\r\nQUIT\n', '\x21\x11\0\x0c', '\x20\0\0\0', '\x21\x21\0\x24', '\x21\x31\0\xd8', '\x7f\0\0\x01'],
  'PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n',
  '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x30\x39\0\x19',
]

const SASL = [
  ...['\0', 'n,,', 'y,,', 'p=tls-exporter,,', 'a=', 'n=user,r=', 'r=', 'c=biws', ',p=', '=2C', '=3D', 'm=ext,', 'i=1,'],
  ...[
    'user\0',
    '\0user\0secret',
    'user',
    'auth=Bearer ',
    'token',
    '\x01',
    '\x01\x01',
    'host=a\x01',
    'user=b\x01',
    'v=',
  ],
  ...[
    '\xc3\xa9',
    '\xff',
    '\xe2\x80\x8b',
    '=',
    '==',
    'YQ==',
    'AAAA',
    '*',
    '0123456789abcdef0123456789abcdef',
    '\x30\x82',
  ],
]

const context: SaslContext = { service: 'imap', tls: null, secure: true, remote: { address: '192.0.2.1', port: 1 } }
const identity = { account: 'user' }
const keys = {
  salt: Uint8Array.of(1, 2, 3),
  iterations: 4096,
  storedKey: new Uint8Array(20),
  serverKey: new Uint8Array(20),
}
/** Everybody is refused: nothing that is sent can lead to a login. */
const verifier: CredentialVerifier = {
  password: () => null,
  scram: () => ({ ...keys, identity }),
  bearer: () => null,
  certificate: () => null,
  sharedSecret: () => ({ secret: 'a secret that is not in the dictionary', identity }),
}

export const targets: readonly Target[] = [
  {
    name: 'wire: PROXY header',
    dictionary: PROXY,
    run(input, next) {
      const whole = parseProxyHeader(input)
      const part = parseProxyHeader(input.subarray(0, next(input.length + 1)))
      if (whole.type === 'header') {
        check(whole.length > 0 && whole.length <= input.length, 'a header that is longer than what was sent')
        check(parseProxyHeader(input.subarray(0, whole.length - 1)).type === 'incomplete', 'a header read too early')
      }
      // Once it has decided, more octets change nothing.
      if (part.type === 'header')
        check(JSON.stringify(part) === JSON.stringify(whole), 'more octets gave another header')
      if (part.type === 'invalid') check(whole.type === 'invalid', 'more octets made it valid')
    },
  },
  {
    name: 'wire: SASL exchanges',
    dictionary: SASL,
    async run(input, next) {
      for (const mechanism of standardMechanisms({ cramMd5: true })) {
        const exchange = mechanism.start(verifier, context)
        let response: Uint8Array | null = next(4) === 0 ? null : input.subarray(0, next(input.length + 1))
        let steps = 0
        for (;;) {
          const step = await exchange.respond(response)
          check(step.type !== 'success', `${mechanism.name} let a stranger in`)
          if (step.type === 'failure') break
          check(++steps < 10, `${mechanism.name} never ends`)
          response = input.subarray(next(input.length + 1))
        }
      }
    },
  },
  {
    name: 'wire: base64, names, certificates',
    dictionary: SASL,
    run(input) {
      const decoded = decodeBase64(input)
      if (decoded) check(encodeBase64(decoded) === latin1(input), 'another base64 of the same octets was accepted')
      const text = latin1(input)
      const prepared = saslprep(text)
      if (prepared !== null) check(saslprep(prepared) === prepared, 'SASLprep of a prepared name differs')
      endPointHash(input)
    },
  },
]
