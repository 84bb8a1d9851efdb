/** How connections are encrypted: what `tlsPolicies` asks for, over sockets. */
import { createHash, X509Certificate } from 'node:crypto'
import { requireTlsExtension, requireTlsNote, type SmtpHandler } from '@posthouse/smtp'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type MailResolver, type RelayOptions, type TlsaRecord, tlsPolicies } from '../src/index.js'
import { authority, selfSigned, signedBy, type TestIdentity } from './certificates.js'
import {
  HELLO,
  octets,
  type Sink,
  startSink,
  startTestRelay,
  type TestRelay,
  type Zone,
  zoneResolver,
} from './world.js'

const HOST = 'mx.example.org'
const SECOND = 'mx2.example.org'
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

let own: TestIdentity
let ca: TestIdentity
let signed: TestIdentity
beforeAll(() => {
  own = selfSigned(HOST)
  ca = authority()
  signed = chain(signedBy(ca, HOST))
})

/** A server shows its authority with its own certificate. */
const chain = (leaf: TestIdentity): TestIdentity => ({ ...leaf, cert: leaf.cert + ca.cert })
const spki = (cert: string): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' }))
      .digest(),
  )
const record = (usage: number, data: Uint8Array, selector = 1, matchingType = 1): TlsaRecord => ({
  ...{ usage, selector, matchingType, data },
})

interface Case {
  readonly identity?: TestIdentity
  readonly tlsa?: readonly TlsaRecord[]
  /** The mode of an MTA-STS policy that names the server. */
  readonly sts?: 'enforce' | 'testing'
  /** Authorities that are trusted. */
  readonly ca?: string
  readonly handlers?: readonly SmtpHandler[]
  /** The name at the end of the CNAMEs of the server's: the TLSA records are found there. */
  readonly canonical?: string
  /** A second, worse server: what it understands, or `null` when nobody is there. */
  readonly second?: { readonly identity: TestIdentity; readonly handlers: readonly SmtpHandler[] } | null
}

async function world(one: Case, more: Partial<RelayOptions> = {}): Promise<TestRelay & { sink: Sink; other: Sink }> {
  const sink = await startSink({
    before: one.handlers ?? [],
    ...(one.identity && { tls: one.identity }),
  })
  opened.push(sink)
  const { canonical = HOST, second } = one
  const zone: Zone = {
    mx: {
      'example.org': [[10, HOST], ...(second === undefined ? [] : [[20, SECOND] as const])],
      'home.test': [[10, 'mx.home.test']],
    },
    a: { [HOST]: ['127.0.0.1'], 'mx.home.test': ['127.0.0.1'], [SECOND]: ['127.0.0.2'] },
    secure: Boolean(one.tlsa),
    ...(one.tlsa && { tlsa: { [`_${sink.port}._tcp.${canonical}`]: one.tlsa } }),
    ...(one.sts && { txt: { '_mta-sts.example.org': ['v=STSv1; id=1'] } }),
  }
  const policy = `version: STSv1\nmode: ${one.sts}\nmx: ${HOST}\nmx: ${SECOND}\nmax_age: 86400\n`
  const known = zoneResolver(zone)
  const resolver: MailResolver = {
    ...known,
    addresses: async (host, family) => ({
      ...(await known.addresses(host, family)),
      ...(host === HOST && { name: canonical }),
    }),
  }
  const fetch = (async () => new Response(policy, { headers: { 'content-type': 'text/plain' } })) as unknown
  const test = await startTestRelay({
    port: sink.port,
    resolver,
    tls: tlsPolicies({ resolver, fetch: fetch as typeof globalThis.fetch }),
    ...(one.ca !== undefined && { sessions: { ca: one.ca } }),
    ...more,
  })
  opened.push(test.relay)
  if (!second) return { ...test, sink, other: sink }
  const { identity: tls, handlers: before } = second
  const other = await startSink({ host: '127.0.0.2', port: sink.port, tls, before })
  opened.push(other)
  return { ...test, sink, other }
}

const send = ({ relay }: TestRelay, envelope = {}) =>
  relay.submit({
    envelope: { reversePath: 'alice@home.test', ...envelope },
    recipients: ['bob@example.org'],
    message: HELLO,
  })

describe('arrives, encrypted', () => {
  test.each<[string, () => Case]>([
    ['without a policy, whatever the certificate', () => ({ identity: own })],
    ['DANE-EE: a key of its own', () => ({ identity: own, tlsa: [record(3, spki(own.cert))] })],
    [
      'DANE-EE: one of several records',
      () => ({ identity: own, tlsa: [record(3, spki(ca.cert)), record(3, spki(own.cert))] }),
    ],
    [
      'DANE-EE: the whole certificate',
      () => ({ identity: own, tlsa: [record(3, new Uint8Array(new X509Certificate(own.cert).raw), 0, 0)] }),
    ],
    [
      'DANE-EE: names and dates do not matter',
      () => ({ identity: signedBy(ca, 'other.test', true), tlsa: null as never }),
    ],
    ['DANE-TA: below an authority', () => ({ identity: signed, tlsa: [record(2, spki(ca.cert))] })],
    [
      'DANE-TA: an authority that only DNS shows',
      () => ({
        identity: signedBy(ca, HOST),
        tlsa: [record(2, new Uint8Array(new X509Certificate(ca.cert).raw), 0, 0)],
      }),
    ],
    ['MTA-STS', () => ({ identity: signed, sts: 'enforce', ca: ca.cert })],
    ['MTA-STS that is tried out', () => ({ identity: signed, sts: 'testing', ca: ca.cert })],
  ])('%s', async (_name, make) => {
    const made = make()
    const one = made.tlsa === null ? { ...made, tlsa: [record(3, spki(made.identity?.cert ?? ''))] } : made
    const test = await world(one)
    await send(test)
    const [received] = await test.sink.count(1)
    expect(received.session.tls).not.toBe(null)
    await test.seen('delivered')
    const policy = one.tlsa ? 'tlsa' : one.sts ? 'sts' : 'no-policy-found'
    expect(test.of('tls')).toMatchObject([{ domain: 'example.org', policy, failure: null, mxHost: HOST }])
  })
})

test('DANE: the server is asked for the name that its TLSA records are of (RFC 7672 §8.1)', async () => {
  const test = await world({ identity: own, tlsa: [record(3, spki(own.cert))], canonical: 'real.example.org' })
  await send(test)
  const [{ session }] = await test.sink.count(1)
  expect(session.tls?.servername).toBe('real.example.org')
})

describe('does not arrive, and waits', () => {
  test.each<[string, string, () => Case]>([
    ['DANE-EE: another key', 'tlsa-invalid', () => ({ identity: own, tlsa: [record(3, spki(ca.cert))] })],
    ['DANE-TA: not its authority', 'tlsa-invalid', () => ({ identity: own, tlsa: [record(2, spki(ca.cert))] })],
    [
      'DANE-TA: another name',
      'certificate-host-mismatch',
      () => ({ identity: chain(signedBy(ca, 'other.test')), tlsa: [record(2, spki(ca.cert))] }),
    ],
    [
      'DANE-TA: expired',
      'certificate-expired',
      () => ({ identity: chain(signedBy(ca, HOST, true)), tlsa: [record(2, spki(ca.cert))] }),
    ],
    ['DANE: no STARTTLS', 'starttls-not-supported', () => ({ tlsa: [record(3, spki(own.cert))] })],
    ['MTA-STS: nobody trusts it', 'certificate-not-trusted', () => ({ identity: own, sts: 'enforce' })],
    [
      'MTA-STS: another name',
      'certificate-host-mismatch',
      () => ({ identity: chain(signedBy(ca, 'other.test')), sts: 'enforce', ca: ca.cert }),
    ],
    [
      'MTA-STS: expired',
      'certificate-expired',
      () => ({ identity: chain(signedBy(ca, HOST, true)), sts: 'enforce', ca: ca.cert }),
    ],
    ['MTA-STS: no STARTTLS', 'starttls-not-supported', () => ({ sts: 'enforce' })],
  ])('%s', async (_name, failure, make) => {
    const test = await world(make())
    await send(test)
    const { failure: why } = await test.seen('deferred')
    expect(why.status.startsWith('4.7.')).toBe(true)
    expect(test.of('tls')).toMatchObject([{ failure }])
    expect(test.sink.received).toEqual([])
  })
})

test('MTA-STS that is tried out: it arrives although nobody trusts the server, and the report will know', async () => {
  const test = await world({ identity: own, sts: 'testing' })
  await send(test)
  await test.sink.count(1)
  await test.seen('delivered')
  expect(test.of('tls')).toMatchObject([{ policy: 'sts', failure: 'certificate-not-trusted' }])
})

describe('REQUIRETLS', () => {
  test.each<[string, () => Case]>([
    ['MTA-STS', () => ({ identity: signed, sts: 'enforce', ca: ca.cert })],
    ['DANE, whatever the web thinks of its certificate', () => ({ identity: own, tlsa: [record(3, spki(own.cert))] })],
  ])('goes to a server that is verified and understands it, and says so: %s', async (_name, make) => {
    const test = await world({ ...make(), handlers: [requireTlsExtension()] })
    await send(test, { requireTls: true })
    const [{ transaction }] = await test.sink.count(1)
    expect(transaction.get(requireTlsNote)).toBe(true)
  })

  test.each<[string, string, () => Case]>([
    ['a server that does not understand it', '5.7.30', () => ({ identity: signed, sts: 'enforce', ca: ca.cert })],
    ['a server that nobody vouches for', '5.7.30', () => ({ identity: signed, ca: ca.cert })],
  ])('%s: it comes back, without its body and on the same terms', async (_name, status, make) => {
    const test = await world(make())
    await send(test, { requireTls: true, ret: 'FULL' })
    const { failure } = await test.seen('failed')
    expect(failure.status).toBe(status)
    const { message } = await test.seen('notice')
    await test.seen('failed', (event) => event.message === message)
    await test.seen('notice.nobody', ({ about }) => about === message)
    expect(test.sink.received).toEqual([])
  })

  describe('a server that does not understand it leads to the next one (RFC 8689 §4.2.1)', () => {
    const first = (): Case => ({ identity: signed, sts: 'enforce', ca: ca.cert })
    const second = (...handlers: readonly SmtpHandler[]) => ({ identity: chain(signedBy(ca, SECOND)), handlers })

    test('which does', async () => {
      const test = await world({ ...first(), second: second(requireTlsExtension()) })
      await send(test, { requireTls: true })
      const [{ transaction }] = await test.other.count(1)
      expect(transaction.get(requireTlsNote)).toBe(true)
      await test.seen('delivered')
      expect(test.sink.received).toEqual([])
    })

    test('which does not either: it comes back', async () => {
      const test = await world({ ...first(), second: second() })
      await send(test, { requireTls: true })
      const { failure } = await test.seen('failed')
      expect(failure).toMatchObject({ status: '5.7.30', text: 'the server has no REQUIRETLS' })
      expect(failure.remote).toContain(SECOND)
    })

    test('which is not there: it waits', async () => {
      const test = await world({ ...first(), second: null })
      await send(test, { requireTls: true })
      const { failure } = await test.seen('deferred')
      expect(failure).toMatchObject({ status: '4.7.30', text: 'the server has no REQUIRETLS' })
      expect(failure.remote).toContain(HOST)
    })
  })

  test('a certificate that nobody vouches for: others without REQUIRETLS go there all the same', async () => {
    // DNSSEC names the server, and no policy says how it is to be encrypted.
    const test = await world({ identity: own, tlsa: [] })
    await send(test, { requireTls: true })
    await test.seen('deferred')
    expect(test.of('destination.blocked')).toEqual([])
    await send(test)
    await test.sink.count(1)
  })

  test('TLS-Required: No in the header arrives where the policy is broken', async () => {
    const test = await world({ identity: own, tlsa: [record(3, spki(ca.cert))] })
    await test.relay.submit({
      envelope: { reversePath: null },
      recipients: ['bob@example.org'],
      message: octets('TLS-Required: No\nSubject: help\n\nYour TLS is broken\n'),
    })
    await test.sink.count(1)
  })
})
