import { expect, test } from 'vitest'
import { capDecoder, createTransferDecoder, decodeTransfer, transferEncoding } from '../../src/body/transfer.js'
import { fromLatin1, latin1 } from '../../src/bytes.js'
import { cut, feed } from './cutting.js'

test.each([
  ['7bit', 'identity'],
  ['8BIT', 'identity'],
  [' Binary ', 'identity'],
  ['', 'identity'],
  ['BASE64', 'base64'],
  ['Quoted-Printable', 'quoted-printable'],
  ['x-uuencode', 'uuencode'],
  ['x-unheard-of', 'unknown'],
  ['__proto__', 'unknown'],
] as const)('%j is %s', (value, encoding) => {
  expect(transferEncoding(value)).toBe(encoding)
})

test.each([
  ['identity', 'a=20b', 'a=20b'],
  ['unknown', 'a=20b', 'a=20b'],
  ['base64', 'Zm9v', 'foo'],
  ['quoted-printable', 'a=20b', 'a b'],
  ['uuencode', '#0V%T\r\n', 'Cat'],
] as const)('%s, whole and in pieces', (encoding, encoded, plain) => {
  const bytes = fromLatin1(encoded)
  expect(latin1(decodeTransfer(bytes, encoding))).toBe(plain)
  expect(latin1(feed(createTransferDecoder(encoding), cut(bytes, [1, 3])))).toBe(plain)
})

test('security row 18: a decoder with a cap gives no more than the cap', () => {
  const decoder = capDecoder(createTransferDecoder('base64'), 10)
  expect(latin1(decoder.write(fromLatin1('MDEyMzQ1')))).toBe('012345')
  expect(decoder.truncated).toBe(false)
  expect(latin1(decoder.write(fromLatin1('Njc4OWFi')))).toBe('6789')
  expect(decoder.truncated).toBe(true)
  expect(decoder.write(fromLatin1('MDEy')).length).toBe(0)
  expect(decoder.end().length).toBe(0)
  const exact = capDecoder(createTransferDecoder('base64'), 3)
  expect(latin1(exact.write(fromLatin1('MDEy')))).toBe('012')
  expect(exact.truncated).toBe(false)
})
