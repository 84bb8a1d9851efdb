import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Part, parseMessage } from '../../src/index.js'
import { createSummarizer, openSummary, type Summary, summarize } from '../../src/summary/index.js'
import { cut, places } from '../body/cutting.js'
import { hostileMessage, latin1Bytes } from '../support/messages.js'

function summaryOf(pieces: readonly Uint8Array[]): Summary {
  const summarizer = createSummarizer()
  for (const piece of pieces) summarizer.write(piece)
  return openSummary(summarizer.end().summary)!
}

/** The parts of a message that have a number, messages inside included. */
function* numbered(part: Part): Generator<Part> {
  if (part.number !== '') yield part
  for (const child of part.children) yield* numbered(child)
}

/** Decoded octets of each numbered part, by the summary and by decoding. */
function sizes(bytes: Uint8Array, summary: Summary): [number: string, summarised: number | null, decoded: number][] {
  return [...numbered(parseMessage(bytes).root)].map((part) => [
    part.number,
    summary.part(part.number.split('.').map(Number))!.decodedSize,
    part.bytes().length,
  ])
}

const ENCODINGS = ['base64', 'quoted-printable', 'Base64', '7bit', 'x-uuencode', 'x-unknown']

/** Pieces that matter to decoders and to who looks for boundaries. */
const body = fc
  .array(
    fc.oneof(
      fc.constantFrom('\r\n', '\n', '\r', ' ', '\t', '=', '==', '=\r\n', '= \n', '=4', '=41', 'QUJD', 'QUI=', 'Q', '-'),
      fc.constantFrom('--', '\r\n--', '\n--x', '!', '_', '\0', '\xff', ' '.repeat(1100), 'QUJD'.repeat(19)),
      fc.constantFrom(`${'QUJD'.repeat(19)}\r\n`.repeat(20), 'Q'.repeat(70_000), `${'soft line=\r\n'.repeat(300)}`),
    ),
    { maxLength: 12 },
  )
  .map((list) => list.join(''))

const message = fc
  .array(fc.tuple(fc.constantFrom(...ENCODINGS), body, fc.constantFrom('\r\n--b\r\n', '\n--b\n')), { maxLength: 4 })
  .map((parts) => {
    const texts = parts.map(
      ([encoding, text, delimiter]) => `${delimiter}Content-Transfer-Encoding: ${encoding}\r\n\r\n${text}`,
    )
    return latin1Bytes(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${texts.join('')}\r\n--b--\r\n`)
  })

/** What the summary must say where the encoding is not one of those that are decoded. */
const UNCOUNTED = new Set(['x-uuencode', 'x-unknown'])

describe('decodedSize is the number of octets that decoding gives', () => {
  it('of every part of generated messages, whatever the cutting', () => {
    fc.assert(
      fc.property(message, places, (bytes, cuts) => {
        const whole = openSummary(summarize(bytes).summary)!
        for (const [number, summarised, decoded] of sizes(bytes, whole)) {
          const { encoding } = whole.part(number.split('.').map(Number))!
          expect(summarised).toBe(UNCOUNTED.has(encoding) ? null : decoded)
        }
        expect(sizes(bytes, summaryOf(cut(bytes, cuts)))).toEqual(sizes(bytes, whole))
      }),
      { numRuns: 60 },
    )
  })

  it('fed octet by octet', () => {
    const short = message.filter((bytes) => bytes.length < 5000)
    fc.assert(
      fc.property(short, (bytes) => {
        const octets = cut(bytes, [...bytes.keys()])
        expect(sizes(bytes, summaryOf(octets))).toEqual(sizes(bytes, openSummary(summarize(bytes).summary)!))
      }),
      { numRuns: 12 },
    )
  })

  it('of messages that have everything in them that can be wrong', () => {
    const encoded = fc.constantFrom('base64', 'quoted-printable').map((one) => `Content-Transfer-Encoding: ${one}\r\n`)
    fc.assert(
      fc.property(encoded, hostileMessage, places, (field, text, cuts) => {
        const bytes = latin1Bytes(field + text)
        const summary = summaryOf(cut(bytes, cuts))
        for (const [, summarised, decoded] of sizes(bytes, summary)) expect(summarised).toBe(decoded)
      }),
    )
  })

  it('without the line break that belongs to the boundary', () => {
    const part = 'Content-Transfer-Encoding: quoted-printable\r\n\r\na=20\r\n\r\n'
    const text = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${part}--b\r\n${part}--b--\r\n`
    const summary = summaryOf([latin1Bytes(text)])
    expect([summary.part([1])?.decodedSize, summary.part([2])?.decodedSize]).toEqual([4, 4])
  })

  it('of a multipart and of a message as they stand, whatever encoding they claim', () => {
    const inner = 'Subject: x\r\n\r\nabc'
    const multipart = `Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\nx\r\n--b--`
    const text = `Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n${multipart}\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--o--`
    const summary = summaryOf([latin1Bytes(text)])
    expect([summary.part([1])?.decodedSize, summary.part([2])?.decodedSize]).toEqual([15, inner.length])
  })
})
