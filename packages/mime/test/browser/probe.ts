/** Reads a message and tells what it found; the same in Node and in a browser. */

import { MessageScanner, parseMessage } from '../../src/core.js'

const TEXT = `From: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>\r
Subject: =?utf-8?B?R3LDvMOfZQ==?=\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=FC=DFe\r
--b\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
PGI+R3LDvMOfZTwvYj4=\r
--b\r
Content-Type: application/octet-stream; name="a.bin"\r
Content-Transfer-Encoding: base64\r
\r
AAEC/w==\r
--b--\r
`

/** Octets of text in several charsets: each platform's own decoders, and those of this package. */
const CHARSETS: readonly [label: string, octets: string][] = [
  ['utf-8', 'c3bce29883f09f9880ff'],
  ['windows-1252', '80939499'],
  ['koi8-r', 'f0d2c9d7c5d4'],
  ['shift_jis', '93fa967b'],
  ['gb2312', 'd6d0cec4'],
  ['big5', 'a4a4a4e5'],
  ['ks_c_5601-1987', 'c7d1b1b9'],
  ['iso-2022-jp', '1b2442467c4b5c1b2842'],
  ['utf-7', '2b5a6555742d'],
  ['utf-16', 'feff00e9'],
  ['x-none', 'fc'],
]

function charsetTexts(): string[] {
  return CHARSETS.map(([label, octets]) => {
    const encoded = octets.replace(/../g, '=$&')
    return message(
      `Subject: =?${label}?Q?${encoded}?=\r\nContent-Type: text/plain; charset=${label}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${encoded}`,
    )
  }).flatMap((one) => [one.subject, one.text ?? ''])
}

const message = (text: string) => parseMessage(new TextEncoder().encode(text))

/** Long bodies go another way than short ones; this one has its damage in the middle. */
function longBody(): number[] {
  const line = `${'QUJDREVG'.repeat(9)}QUJD\r\n`
  const body = `${line.repeat(2000)}QQ==\r\n!${line.repeat(2000)}QUI`
  const { root } = message(`Content-Transfer-Encoding: base64\r\n\r\n${body}`)
  const octets = root.bytes()
  return [octets.length, octets.reduce((sum, octet, i) => (sum * 31 + octet * (i + 1)) % 1_000_003, 7)]
}

/** What the probe found, as text to compare. */
export function probe(): string {
  const bytes = new TextEncoder().encode(TEXT)
  const read = parseMessage(bytes)
  const scanner = new MessageScanner()
  for (const octet of bytes) scanner.write(Uint8Array.of(octet))
  return JSON.stringify({
    subject: read.subject,
    from: read.from,
    text: read.text,
    html: read.html,
    attachments: read.attachments.map((part) => [part.filename, [...part.bytes()]]),
    parts: [...read.walk()].map((part) => [part.number, part.contentType, part.size, part.lines]),
    streamed: scanner.end().root.children.map((entity) => [entity.bodyStart, entity.bodyEnd]),
    defects: read.defects,
    charsets: charsetTexts(),
    longBody: longBody(),
  })
}
