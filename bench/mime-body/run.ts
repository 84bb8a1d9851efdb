/**
 * How fast the decoders and encoders are, in MB of input per second, beside Node's own where it has one.
 *
 * Run: `npm run bench mime-body`. Absolute figures are the machine's; the ratios to Node's are ours.
 */

import {
  createBase64Decoder,
  createQuotedPrintableDecoder,
  decodeBase64,
  decodeCharset,
  decodeQuotedPrintable,
  encodeBase64,
  encodeQuotedPrintable,
} from '@posthouse/mime/body'

const ROUND_MS = 150
const ROUNDS = 5

/** Megabytes per second, the median of several rounds. */
function speed(input: Uint8Array, work: (input: Uint8Array) => unknown): number {
  const rates: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now()
    let count = 0
    let elapsed = 0
    while (elapsed < ROUND_MS) {
      work(input)
      count++
      elapsed = performance.now() - start
    }
    if (round > 0) rates.push((input.length * count) / elapsed / 1000)
  }
  return rates.sort((a, b) => a - b)[ROUNDS >> 1]!
}

function repeat(text: string, size: number): Uint8Array {
  return new TextEncoder().encode(text.repeat(Math.ceil(size / text.length)))
}

const octets = Uint8Array.from({ length: 4_000_000 }, (_, i) => (i * 7919 + (i >> 8)) & 255)
const base64 = encodeBase64(octets)
const junk = base64.slice()
for (let i = 1000; i < junk.length; i += 50_000) junk[i] = 0x21
const german = repeat(
  'Gr=C3=BC=C3=9Fe aus K=C3=B6ln, hier ist ein langer Text der dann weiter geht und um=\r\nbricht bis zum Ende.\r\n',
  1e6,
)
const html = repeat(
  '<td style=3D"color:#fff;font-size:12px;padding:0" class=3D"abc"><a href=3D"https://=\r\nexample.com/?a=3D1">x</a></td>\r\n',
  1e6,
)
const prose = repeat('Plain line of text that has nothing special in it, as most of mail has.\r\n', 1e6)
const utf8 = new TextEncoder().encode('Grüße aus Köln, hier ist ein langer Text der dann weiter geht. '.repeat(15_000))
const latin = Uint8Array.from(utf8, (octet) => (octet > 0x7f ? 0xfc : octet))

const native = (input: Uint8Array) => Buffer.from(Buffer.from(input.buffer).toString('latin1'), 'base64')
const chunks = (make: () => { write(b: Uint8Array): Uint8Array; end(): Uint8Array }) => (input: Uint8Array) => {
  const decoder = make()
  for (let at = 0; at < input.length; at += 65_536) decoder.write(input.subarray(at, at + 65_536))
  decoder.end()
}

const cases: [name: string, input: Uint8Array, work: (input: Uint8Array) => unknown][] = [
  ['base64, Buffer.from of the whole', base64, native],
  ['base64, 5 MB', base64, (input) => decodeBase64(input)],
  ['base64, 5 MB in chunks of 64 KB', base64, chunks(createBase64Decoder)],
  ['base64, 5 MB with junk', junk, (input) => decodeBase64(input)],
  ['base64, 1 KB', base64.subarray(0, 1014), (input) => decodeBase64(input)],
  ['base64, 100 octets', base64.subarray(0, 76), (input) => decodeBase64(input)],
  ['base64 encoder, 4 MB', octets, (input) => encodeBase64(input)],
  ['quoted-printable, German', german, (input) => decodeQuotedPrintable(input)],
  ['quoted-printable, HTML', html, (input) => decodeQuotedPrintable(input)],
  ['quoted-printable, nothing encoded', prose, (input) => decodeQuotedPrintable(input)],
  ['quoted-printable, HTML in chunks', html, chunks(createQuotedPrintableDecoder)],
  ['quoted-printable, 1 KB', german.subarray(0, 1000), (input) => decodeQuotedPrintable(input)],
  ['quoted-printable encoder', utf8, (input) => encodeQuotedPrintable(input)],
  ['utf-8, ASCII', prose, (input) => decodeCharset(input, 'utf-8')],
  ['utf-8, German', utf8, (input) => decodeCharset(input, 'utf-8')],
  ['utf-8, German, 200 octets', utf8.subarray(0, 200), (input) => decodeCharset(input, 'utf-8')],
  ['iso-8859-1, German', latin, (input) => decodeCharset(input, 'iso-8859-1')],
]

for (const [name, input, work] of cases)
  console.log(`${name.padEnd(40)} ${speed(input, work).toFixed(0).padStart(6)} MB/s`)
