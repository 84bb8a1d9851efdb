import { checkNumber, checkOneOf, checkOptions, type OptionTable, withLimits } from '@posthouse/wire'
import { createTlsIdentity, listen, openConnection } from '@posthouse/wire/node'
import { describe, expect, test } from 'vitest'

interface Options {
  readonly must: string
  readonly may?: number
}

const OPTIONS: OptionTable<Options> = { must: 1, may: 0 }

describe('options', () => {
  test.each([
    [{ must: '' }, null],
    [{ must: '', may: undefined }, null],
    [{ must: '', my: 1 }, 'there is no start option my; there are must, may'],
    [{ may: 1 }, 'start needs the option must'],
    [{ must: null }, 'start needs the option must'],
    [undefined, 'start options are an object of must, may, not undefined'],
    ['a', 'start options are an object of must, may, not "a"'],
  ])('%j: %s', (options, message) => {
    const check = () => checkOptions('start', options as Options, OPTIONS)
    if (message === null) check()
    else expect(check).toThrow(new TypeError(message))
  })

  test('one of several', () => {
    checkOneOf('nul', 'a', ['a', 'b'])
    checkOneOf('nul', undefined, ['a', 'b'])
    expect(() => checkOneOf('nul', true, ['a', 'b'])).toThrow(new TypeError('nul must be one of a, b, not true'))
    // What is in an object may be a secret.
    expect(() => checkOneOf('nul', { key: 'secret' }, ['a'])).toThrow('not an object')
  })

  test('a number in its range', () => {
    for (const good of [0, 1, 65_535, undefined]) checkNumber('port', good, 0, 65_535)
    const low = new RangeError('port must be 0 to 65535, not -1')
    expect(() => checkNumber('port', -1, 0, 65_535)).toThrow(low)
    expect(() => checkNumber('port', '25')).toThrow(new TypeError('port must be a number, not "25"'))
  })
})

describe('limits', () => {
  const defaults = Object.freeze({ size: 10, count: 5, pace: null as number | null })
  const limits = (given: object | undefined) => withLimits(defaults, given as Partial<typeof defaults>, ['count'])

  test.each([
    [undefined, {}],
    [{}, {}],
    [{ size: 0 }, { size: 0 }],
    [
      { size: Number.POSITIVE_INFINITY, count: 1 },
      { size: Number.POSITIVE_INFINITY, count: 1 },
    ],
    [{ size: undefined }, {}],
    [{ pace: null }, {}],
    [{ pace: 3 }, { pace: 3 }],
  ])('%j', (given, changed) => {
    expect(limits(given)).toEqual({ ...defaults, ...changed })
  })

  test.each([
    [{ siz: 1 }, new TypeError('there is no limit siz; there are size, count, pace')],
    [JSON.parse('{ "__proto__": 1 }'), new TypeError('there is no limit __proto__; there are size, count, pace')],
    [{ size: '10mb' }, new TypeError('limits.size must be a number, not "10mb"')],
    [{ size: null }, new TypeError('limits.size must be a number, not null')],
    [{ size: 1n }, new TypeError('limits.size must be a number, not 1')],
    [{ size: Number.NaN }, new RangeError('limits.size must be 0 or more, not NaN')],
    [{ pace: -1 }, new RangeError('limits.pace must be 0 or more, not -1')],
    [{ count: 0 }, new RangeError('limits.count must be 1 or more, not 0')],
    [5, new TypeError('limits are an object of size, count, pace, not 5')],
  ])('a mistake: %o', (given, error) => {
    expect(() => limits(given)).toThrow(error)
  })
})

const nobody = { name: 'none', connect: () => Promise.reject(new Error('not asked')) as never }

describe('listen', () => {
  test.each([
    [{ port: '2525' }, 'port must be a number, not "2525"'],
    [{ port: null }, 'port must be a number, not null'],
    [{ port: 65_536 }, 'port must be 0 to 65535, not 65536'],
    [{ port: Number.NaN }, 'port must be 0 to 65535, not NaN'],
    [{ port: 0, implicitTLS: true }, 'there is no listen option implicitTLS; there are host, port,'],
    [{ port: 0, maxConnections: Number.NaN }, 'maxConnections must be 0 or more, not NaN'],
    [{ port: 0, handshakeTimeout: '30s' }, 'handshakeTimeout must be a number, not "30s"'],
    [{ port: 0, tls: true }, 'TLS needs a certificate: give `cert` and `key`, or `pfx`'],
    [undefined, 'listen options are an object'],
  ])('%j', async (options, message) => {
    await expect(listen(nobody, options as never)).rejects.toThrow(message)
  })

  test.each([undefined, {}, { handlers: [] }])('serves no %j', async (server) => {
    await expect(listen(server as never, { port: 0 })).rejects.toThrow('listen needs a server')
  })
})

describe('PEM', () => {
  test.each([
    [{ cert: '/etc/cert.pem', key: '/etc/key.pem' }, '`cert`'],
    [{ cert: ['./cert.pem'], key: '' }, '`cert`'],
    [{ cert: '-----BEGIN CERTIFICATE-----', key: 'MIIsecret' }, '`key`'],
    [{ pfx: Buffer.from('x'), ca: '/etc/ca.pem' }, '`ca`'],
  ])('%j is none', async (material, name) => {
    const make = () => createTlsIdentity(material as never)
    if ('key' in material && material.key === '') return expect(make).toThrow('needs the `key`')
    expect(make).toThrow(TypeError)
    expect(make).toThrow(`TLS: ${name} must be PEM`)
    expect(make).not.toThrow('secret')
  })

  test('of a host', () => {
    const make = () => createTlsIdentity({ cert: '-', key: '-', hosts: new Map([['a.test', { cert: 'a', key: 'b' }]]) })
    expect(make).toThrow('TLS: `cert` must be PEM')
  })

  test('of a client, before it connects', async () => {
    await expect(openConnection({ port: 1, tls: { ca: '/etc/ca.pem' } })).rejects.toThrow('TLS: `ca` must be PEM')
  })
})
