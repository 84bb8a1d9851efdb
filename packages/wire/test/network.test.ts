import { addressOctets, networkKey, plainAddress } from '@posthouse/wire'
import { expect, test } from 'vitest'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '32.1.13.184.0.0.0.0'],
  ['2001:db8:0:0:1:2:3:4', '32.1.13.184.0.0.0.0'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['', ''],
  ['nonsense', 'nonsense'],
  ['non:sense', 'non:sense'],
])('the network of %s', (address, key) => expect(networkKey(address)).toBe(key))

test('a wider network of IPv4', () => {
  expect(networkKey('192.0.2.1', 24)).toBe('192.0.2')
  expect(networkKey('::ffff:192.0.2.1', 24)).toBe('192.0.2')
})

test.each([
  ...['1.2.3', '1.2.3.256', '1e1.2.3.4', '0x1.2.3.4', '+1.2.3.4', ' 1.2.3.4', '1..2.3'],
  ...['1::2::3', '12345::', '1:2:3:4:5:6:7:8:9', 'x::', '1g::', '-1::'],
  ...['1.2.3.4:1::', '1.2.3.4::', '1.2.3.4::1', '::1.2.3.4:1'],
])('%j is no address', (address) => expect(addressOctets(address)).toBeNull())

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['::192.0.2.1', '::192.0.2.1'],
  ['2001:db8::FFFF', '2001:db8::FFFF'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['', ''],
])('the plain address of %s', (address, plain) => expect(plainAddress(address)).toBe(plain))
