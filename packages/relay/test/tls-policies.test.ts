/** MTA-STS (RFC 8461), DANE (RFC 7672) and REQUIRETLS (RFC 8689): what is asked of the connection to each server. */
import { describe, expect, test } from 'vitest'
import {
  createTlsReporter,
  type MailServer,
  type RelayEvent,
  readStsPolicy,
  readStsRecord,
  type TlsaRecord,
  type TlsPolicies,
  tlsPolicies,
} from '../src/index.js'
import { matchesSts, type StsPolicy } from '../src/tls/sts-policy.js'
import { type Zone, zoneResolver } from './world.js'

const POLICY = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmx: *.example.net\r\nmax_age: 86400\r\n'
const RECORD = 'v=STSv1; id=20261123;'
const server = (host: string, more: Partial<MailServer> = {}): MailServer => ({
  ...{ host, address: '192.0.2.1', canonical: host, preference: 10, validated: false, secure: false },
  ...more,
})
const signed = { validated: true, secure: true }
const wishes = { required: false, optional: false }
const tlsa = (usage: number, length = 32, selector = 1, matchingType = 1): TlsaRecord => ({
  ...{ usage, selector, matchingType },
  data: new Uint8Array(length).fill(7),
})

/** A web server of policies. */
function web(answer: (url: string) => Response | Promise<Response>) {
  const asked: string[] = []
  const get = (async (url: string) => {
    asked.push(url)
    return answer(url)
  }) as unknown as typeof fetch
  return { get, asked }
}
const textPlain = { headers: { 'content-type': 'text/plain; charset=utf-8' } }
const policyOf = (text: string): StsPolicy => {
  const read = readStsPolicy(text)
  if (typeof read === 'string') throw new Error(read)
  return read
}

function policies(zone: Zone, get?: typeof fetch, now = () => 0): TlsPolicies {
  return tlsPolicies({
    resolver: zoneResolver({ secure: true, ...zone }),
    now,
    fetch: get ?? web(() => Promise.reject(new Error('no network'))).get,
  })
}

describe('texts of MTA-STS', () => {
  test.each([
    [['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
    [['v=STSv1;id=1', 'something else', 'v=spf1 -all'], '1'],
    [['v=STSv1; x=y; id=a1'], 'a1'],
    [['v=STSv1; id=1', 'v=STSv1; id=2'], null],
    [['v=STSv1'], null],
    [['v=STSv1; id=with-dash'], null],
    [[`v=STSv1; id=${'1'.repeat(33)}`], null],
    [['v=STSv2; id=1'], null],
    [[], null],
  ])('record %j', (texts, id) => {
    expect(readStsRecord(texts)).toBe(id)
  })

  test('a policy; lines end with CRLF or LF, unknown fields are left alone, the first of two counts', () => {
    const text = 'version: STSv1\nmode: testing\nmode: enforce\nfuture: x\nmx: MX.Example.org\nmax_age: 99999999999'
    expect(readStsPolicy(text.slice(0, -1))).toMatchObject({
      mode: 'testing',
      mx: ['mx.example.org'],
      maxAge: 31_557_600,
    })
    expect(readStsPolicy('version: STSv1\nmode: none\nmax_age: 0')).toMatchObject({ mode: 'none', mx: [], maxAge: 0 })
  })

  test.each([
    ['', 'it is not of version STSv1'],
    ['version: STSv2\nmode: none\nmax_age: 1', 'it is not of version STSv1'],
    ['version: STSv1\nmax_age: 1', 'the mode is missing'],
    ['version: STSv1\nmode: maybe\nmax_age: 1', 'the mode is maybe'],
    ['version: STSv1\nmode: enforce\nmx: a.test', 'max_age is no number of seconds'],
    ['version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 1e3', 'max_age is no number of seconds'],
    ['version: STSv1\nmode: enforce\nmax_age: 1', 'it names no server'],
    ['<html>', 'a line without a colon'],
  ])('no policy: %j', (text, problem) => {
    expect(readStsPolicy(text)).toBe(problem)
  })

  test.each([
    ['mx.example.org', true],
    ['a.example.net', true],
    ['a.b.example.net', false],
    ['example.net', false],
    ['xexample.net', false],
    ['mx.example.org.evil.test', false],
  ])('%s may be a server of the policy: %s', (host, yes) => {
    expect(matchesSts(policyOf(POLICY), host)).toBe(yes)
  })
})

describe('MTA-STS', () => {
  const txt = { '_mta-sts.example.org': [RECORD] }

  test('enforce: verified, and only servers that the policy names', async () => {
    const { get, asked } = web(() => new Response(POLICY, textPlain))
    const plan = await policies({ txt }, get).plan(
      'example.org',
      [server('mx.example.org'), server('evil.test')],
      25,
      wishes,
    )
    expect(asked).toEqual(['https://mta-sts.example.org/.well-known/mta-sts.txt'])
    expect(plan).toMatchObject({
      type: 'servers',
      servers: [{ server: { host: 'mx.example.org' }, level: 'verified', names: ['mx.example.org'] }],
      results: [{ domain: 'example.org', policy: 'sts', failure: 'validation-failure', mxHost: 'evil.test' }],
    })
  })

  test('enforce, and no server fits: it waits; testing: it goes, and the report will know', async () => {
    const enforced = policies({ txt }, web(() => new Response(POLICY, textPlain)).get)
    expect(await enforced.plan('example.org', [server('evil.test')], 25, wishes)).toMatchObject({
      ...{ type: 'failed', permanent: false, status: '4.7.5' },
      text: 'no server may be used: evil.test: the MTA-STS policy does not name this server',
    })
    const testing = POLICY.replace('enforce', 'testing')
    const tried = policies({ txt }, web(() => new Response(testing, textPlain)).get)
    expect(await tried.plan('example.org', [server('evil.test')], 25, wishes)).toMatchObject({
      servers: [{ level: 'opportunistic', names: [], policy: { type: 'sts', testing: true } }],
    })
  })

  test('is fetched once, and again when its id changes; an old one is in force while the new one cannot be had', async () => {
    let now = 0
    let id = '1'
    let broken = false
    const { get, asked } = web(() => (broken ? new Response('', { status: 500 }) : new Response(POLICY, textPlain)))
    const zone: Zone = { txt: { ...txt } }
    const resolver = { ...zoneResolver(zone), txt: async () => ({ ...EMPTY, records: [`v=STSv1; id=${id}`] }) }
    const { plan } = tlsPolicies({ resolver, fetch: get, now: () => now })
    const level = async (): Promise<unknown> => {
      const found = await plan('example.org', [server('mx.example.org')], 25, wishes)
      return found.type === 'servers' ? [found.servers[0].level, found.results.map(({ failure }) => failure)] : found
    }
    expect(await Promise.all([level(), level()])).toEqual([
      ['verified', []],
      ['verified', []],
    ])
    expect(asked).toHaveLength(1)
    id = '2'
    broken = true
    expect(await level()).toEqual(['verified', ['sts-policy-fetch-error']])
    expect(await level()).toEqual(['verified', ['sts-policy-fetch-error']])
    // Not at once: the policy's server is left alone for five minutes.
    expect(asked).toHaveLength(2)
    now = 86_400_000
    expect(await level()).toEqual(['opportunistic', ['sts-policy-fetch-error']])
    broken = false
    now += 300_000
    expect(await level()).toEqual(['verified', []])
  })

  test('that is being fetched when its id changes is not taken for the new one', async () => {
    let id = '1'
    const come: ((response: Response) => void)[] = []
    const { get } = web(() => new Promise<Response>((resolve) => come.push(resolve)))
    const resolver = { ...zoneResolver({}), txt: async () => ({ ...EMPTY, records: [`v=STSv1; id=${id}`] }) }
    const { plan } = tlsPolicies({ resolver, fetch: get, now: () => 0 })
    const level = async (): Promise<unknown> => {
      const found = await plan('example.org', [server('new.example.org')], 25, wishes)
      return found.type === 'servers' ? found.servers[0].level : found.type
    }
    const first = level()
    await new Promise((resolve) => setImmediate(resolve))
    id = '2'
    const second = level()
    await new Promise((resolve) => setImmediate(resolve))
    come[0](new Response(POLICY, textPlain))
    come[1]?.(new Response(POLICY.replace('mx.example.org', 'new.example.org'), textPlain))
    expect(await Promise.all([first, second])).toEqual(['failed', 'verified'])
  })

  test('is fetched anew in the middle of its life: whoever can keep us from it then does not have it run out', async () => {
    let now = 0
    let answer: Promise<Response> | Response = new Response(POLICY, textPlain)
    const { get, asked } = web(() => answer)
    const { plan } = policies({ txt }, get, () => now)
    const level = async (): Promise<unknown> => {
      const found = await plan('example.org', [server('mx.example.org')], 25, wishes)
      return found.type === 'servers' ? [found.servers[0].level, found.results] : found
    }
    await level()
    now = 43_000_000
    await level()
    expect(asked).toHaveLength(1)
    now = 44_000_000
    answer = new Response('', { status: 500 })
    for (let i = 0; i < 3; i++) expect(await level()).toEqual(['verified', []])
    expect(asked).toHaveLength(2)
    now += 300_000
    let come = (_: Response): void => {}
    answer = new Promise((resolve) => (come = resolve))
    // Nobody waits for it, and there is one question at a time.
    for (let i = 0; i < 3; i++) expect(await level()).toEqual(['verified', []])
    expect(asked).toHaveLength(3)
    come(new Response(POLICY, textPlain))
    await new Promise((resolve) => setImmediate(resolve))
    now = 86_500_000
    answer = Promise.reject(new TypeError('fetch failed'))
    expect(await level()).toEqual(['verified', []])
    await answer.catch(() => {})
  })

  test.each([
    ['not found', () => new Response('no', { status: 404 }), 'sts-policy-fetch-error'],
    ['no connection', () => Promise.reject(new TypeError('fetch failed')), 'sts-policy-fetch-error'],
    ['a page', () => new Response(POLICY, { headers: { 'content-type': 'text/html' } }), 'sts-policy-invalid'],
    ['no policy', () => new Response('version: STSv1\n', textPlain), 'sts-policy-invalid'],
    ['without an end', () => new Response(`${POLICY}${'x: y\n'.repeat(20_000)}`, textPlain), 'sts-policy-invalid'],
  ] as const)('%s: mail goes on, and the report will know', async (_name, answer, failure) => {
    const { plan } = policies({ txt }, web(answer).get)
    expect(await plan('example.org', [server('mx.example.org')], 25, wishes)).toMatchObject({
      servers: [{ level: 'opportunistic' }],
      results: [{ failure, mxHost: null }],
    })
  })

  test('that nobody waits for any more is let go of; whoever else wants it has it fetched again', async () => {
    const first = new AbortController()
    const asked: AbortSignal[] = []
    const get = ((_url: string, { signal }: { readonly signal: AbortSignal }) => {
      asked.push(signal)
      if (asked.length > 1) return Promise.resolve(new Response(POLICY, textPlain))
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }) as unknown as typeof fetch
    const { plan } = policies({ txt }, get)
    const plans = [first.signal, undefined].map((signal) =>
      plan('example.org', [server('mx.example.org')], 25, wishes, signal),
    )
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    first.abort()
    expect(await plans[1]).toMatchObject({ servers: [{ level: 'verified' }], results: [] })
    await plans[0]
    expect(asked).toHaveLength(2)
    await plan('example.org', [server('mx.example.org')], 25, wishes, first.signal)
    expect(asked).toHaveLength(2)
  })

  test('fetches for many domains hear one signal, and nobody warns of a leak', async () => {
    const warnings: string[] = []
    const warn = ({ name }: Error): void => void warnings.push(name)
    process.on('warning', warn)
    const life = new AbortController()
    const names = Array.from({ length: 12 }, (_, i) => `d${i}.test`)
    const records = Object.fromEntries(names.map((name) => [`_mta-sts.${name}`, ['v=STSv1; id=1']]))
    let stopped = 0
    const get = ((_url: string, { signal }: { readonly signal: AbortSignal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error(`${++stopped}`))),
      )) as unknown as typeof fetch
    const { plan } = policies({ txt: records }, get)
    const plans = names.map((name) => plan(name, [server('mx.example.org')], 25, wishes, life.signal))
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    life.abort()
    await Promise.all(plans)
    process.off('warning', warn)
    expect({ stopped, warnings }).toEqual({ stopped: 12, warnings: [] })
  })

  test('a DNS that fails does not undo a policy, and where there is none nothing is fetched', async () => {
    const { get, asked } = web(() => new Response(POLICY, textPlain))
    let fails = false
    const resolver = {
      ...zoneResolver({}),
      async txt() {
        if (fails) throw new Error('SERVFAIL')
        return { ...EMPTY, records: [RECORD] }
      },
    }
    const { plan } = tlsPolicies({ resolver, fetch: get, now: () => 0 })
    await plan('example.org', [server('mx.example.org')], 25, wishes)
    fails = true
    expect(await plan('example.org', [server('mx.example.org')], 25, wishes)).toMatchObject({
      servers: [{ level: 'verified' }],
    })
    expect(await plan('other.test', [server('mx.other.test')], 25, wishes)).toMatchObject({
      servers: [{ level: 'opportunistic' }],
    })
    expect(asked).toHaveLength(1)
  })
})

const EMPTY = { records: [], exists: true, ttl: 60, secure: false }

describe('DANE', () => {
  const named = { tlsa: { '_25._tcp.mx.example.org': [tlsa(3)] } }

  test('records of a signed server: its certificate must be one of them, whatever MTA-STS says', async () => {
    const { get, asked } = web(() => new Response(POLICY, textPlain))
    const zone = { ...named, txt: { '_mta-sts.example.org': [RECORD] } }
    const plan = await policies(zone, get).plan('example.org', [server('mx.example.org', signed)], 25, wishes)
    expect(plan).toMatchObject({
      servers: [
        { level: 'dane', tlsa: [{ usage: 3 }], names: ['mx.example.org', 'example.org'], policy: { type: 'tlsa' } },
      ],
    })
    expect(asked).toEqual([])
  })

  test('neither MX nor address may be unsigned, and the records must be signed, too', async () => {
    const { plan } = policies(named)
    expect(await plan('example.org', [server('mx.example.org', { validated: true })], 25, wishes)).toMatchObject({
      servers: [{ level: 'opportunistic' }],
    })
    const unsigned = policies({ ...named, secure: false })
    expect(await unsigned.plan('example.org', [server('mx.example.org', signed)], 25, wishes)).toMatchObject({
      servers: [{ level: 'opportunistic' }],
    })
  })

  test('the name at the end of CNAMEs comes first, then that of the MX record; the port counts', async () => {
    const zone = { tlsa: { '_25._tcp.alias.test': [tlsa(2)], '_2525._tcp.real.test': [tlsa(3)] } }
    const one = server('alias.test', { ...signed, canonical: 'real.test' })
    expect(await policies(zone).plan('example.org', [one], 25, wishes)).toMatchObject({
      servers: [{ tlsa: [{ usage: 2 }], names: ['alias.test', 'example.org'] }],
    })
    expect(await policies(zone).plan('example.org', [one], 2525, wishes)).toMatchObject({
      servers: [{ tlsa: [{ usage: 3 }], names: ['real.test', 'alias.test', 'example.org'] }],
    })
  })

  test.each([
    ['authorities of the web', [tlsa(0), tlsa(1)]],
    ['digests that are none', [tlsa(3, 31), tlsa(2, 32, 1, 2), tlsa(3, 0, 0, 0)]],
    ['kinds that nobody knows', [tlsa(3, 32, 2), tlsa(3, 32, 1, 3)]],
  ])('records that cannot be used (%s): encrypted, whoever it is', async (_name, records) => {
    const zone = { tlsa: { '_25._tcp.mx.example.org': records } }
    expect(await policies(zone).plan('example.org', [server('mx.example.org', signed)], 25, wishes)).toMatchObject({
      servers: [{ level: 'encrypted' }],
    })
  })

  test('a question that fails: the server is left out, because somebody may be hiding the records', async () => {
    const zone = { broken: ['_25._tcp.mx.example.org'] }
    const servers = [server('mx.example.org', signed), server('other.test')]
    expect(await policies(zone).plan('example.org', servers, 25, wishes)).toMatchObject({
      servers: [{ server: { host: 'other.test' } }],
      results: [{ failure: 'dnssec-invalid', mxHost: 'mx.example.org' }],
    })
    expect(await policies(zone).plan('example.org', servers.slice(0, 1), 25, wishes)).toMatchObject({
      ...{ type: 'failed', permanent: false, status: '4.7.5' },
    })
  })
})

describe('REQUIRETLS', () => {
  const required = { required: true, optional: false }

  test('where DNSSEC or MTA-STS names the server it must be verified; elsewhere the message does not go', async () => {
    const { plan } = policies({})
    expect(await plan('example.org', [server('mx.example.org')], 25, required)).toEqual({
      ...{ type: 'failed', permanent: true, status: '5.7.30', results: [] },
      text: 'REQUIRETLS: neither DNSSEC nor MTA-STS says that mx.example.org may have the message',
    })
    const signedName = server('mx.example.org', { validated: true })
    expect(await plan('example.org', [signedName], 25, required)).toMatchObject({ servers: [{ level: 'verified' }] })
    const txt = { '_mta-sts.example.org': [RECORD] }
    const sts = policies({ txt }, web(() => new Response(POLICY, textPlain)).get)
    expect(await sts.plan('example.org', [server('mx.example.org')], 25, required)).toMatchObject({
      servers: [{ level: 'verified' }],
    })
    // A policy that is only tried out says nothing for sure.
    const tried = policies({ txt }, web(() => new Response(POLICY.replace('enforce', 'testing'), textPlain)).get)
    expect(await tried.plan('example.org', [server('mx.example.org')], 25, required)).toMatchObject({ type: 'failed' })
    const unusable = policies({ tlsa: { '_25._tcp.mx.example.org': [tlsa(1)] } })
    expect(await unusable.plan('example.org', [server('mx.example.org', signed)], 25, required)).toMatchObject({
      type: 'failed',
    })
  })

  test('a DNS that fails does not say that there is no policy: the message waits', async () => {
    const { plan } = policies({ broken: ['_mta-sts.example.org'] })
    expect(await plan('example.org', [server('mx.example.org')], 25, required)).toMatchObject({
      ...{ type: 'failed', permanent: false, status: '4.4.3' },
      text: 'REQUIRETLS: it could not be looked up whether example.org has an MTA-STS policy',
    })
  })

  test('TLS-Required: No arrives where policies are broken', async () => {
    const txt = { '_mta-sts.example.org': [RECORD] }
    const { plan } = policies({ txt }, web(() => new Response(POLICY, textPlain)).get)
    const optional = { required: false, optional: true }
    expect(await plan('example.org', [server('evil.test')], 25, optional)).toMatchObject({
      servers: [{ level: 'opportunistic' }],
    })
  })
})

describe('reports (RFC 8460)', () => {
  test('count sessions by domain, policy and kind of failure', () => {
    let now = Date.UTC(2026, 10, 22)
    const reporter = createTlsReporter({
      organization: 'Relay',
      contact: 'tls@relay.test',
      now: () => now,
      maxFailures: 1,
    })
    const result: Extract<RelayEvent, { type: 'tls' }> = {
      ...{ type: 'tls', domain: 'example.org', policy: 'sts', policyText: ['version: STSv1', 'mode: enforce'] },
      ...{ mxHosts: ['mx.example.org'], mxHost: 'mx.example.org', address: '192.0.2.1', failure: null, detail: null },
    }
    reporter.observe({ type: 'started' })
    reporter.observe(result)
    reporter.observe(result)
    for (let i = 0; i < 3; i++)
      reporter.observe({ ...result, failure: 'certificate-expired', detail: 'it has expired' })
    reporter.observe({ ...result, failure: 'starttls-not-supported' })
    reporter.observe({ ...result, domain: 'other.test', policy: 'no-policy-found', policyText: [], mxHosts: [] })
    now = Date.UTC(2026, 10, 23)
    const [first, second, ...more] = reporter.take()
    expect(more).toEqual([])
    expect(first).toEqual({
      'organization-name': 'Relay',
      'date-range': { 'start-datetime': '2026-11-22T00:00:00Z', 'end-datetime': '2026-11-23T00:00:00Z' },
      'contact-info': 'tls@relay.test',
      'report-id': `${now}_example.org`,
      policies: [
        {
          policy: {
            'policy-type': 'sts',
            'policy-string': ['version: STSv1', 'mode: enforce'],
            'policy-domain': 'example.org',
            'mx-host': ['mx.example.org'],
          },
          summary: { 'total-successful-session-count': 2, 'total-failure-session-count': 4 },
          'failure-details': [
            {
              'result-type': 'certificate-expired',
              'receiving-mx-hostname': 'mx.example.org',
              'receiving-ip': '192.0.2.1',
              'failed-session-count': 3,
              'failure-reason-code': 'it has expired',
            },
          ],
        },
      ],
    })
    expect(second.policies[0].policy).toEqual({ 'policy-type': 'no-policy-found', 'policy-domain': 'other.test' })
    expect(reporter.take()).toEqual([])
  })
})
