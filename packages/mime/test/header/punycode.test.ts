import { domainToASCII } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePunycode } from '../../src/header/punycode.js'

describe('Punycode', () => {
  it.each([
    // RFC 3492 §7.1
    ['egbpdaj6bu4bxfgehfvwxn', 'ليهمابتكلموشعربي؟'],
    ['ihqwcrb4cv8a8dqg056pqjye', '他们为什么不说中文'],
    ['ihqwctvzc91f659drss3x8bo0yb', '他們爲什麽不說中文'],
    ['4dbcagdahymbxekheh6e0a7fei0b', 'למההםפשוטלאמדבריםעברית'],
    ['b1abfaaepdrnnbgefbadotcwatmq2g4l', 'почемужеонинеговорятпорусски'],
    ['MajiKoi5-783gue6qz075azm5e', 'MajiでKoiする5秒前'],
    ['-> $1.00 <--', '-> $1.00 <-'],
    ['bcher-kva', 'bücher'],
  ])('%s', (encoded, text) => expect(decodePunycode(encoded.toLowerCase())).toBe(text.toLowerCase()))

  it.each(['-abc', 'a-ä', 'bcher-kv', '99999999', 'a'.repeat(64), 'ab-_'])('%s is none', (encoded) => {
    expect(decodePunycode(encoded)).toBeNull()
  })

  it('gives back what the platform encoded', () => {
    const letters = fc.array(fc.constantFrom(...'abcxyz019äöüßñçéжшяλσ中文日本語한글אבج'), {
      minLength: 1,
      maxLength: 12,
    })
    fc.assert(
      fc.property(letters, (list) => {
        const ascii = domainToASCII(list.join(''))
        fc.pre(ascii.startsWith('xn--'))
        const text = decodePunycode(ascii.slice(4))
        expect(text === null ? null : domainToASCII(text)).toBe(ascii)
      }),
    )
  })
})
