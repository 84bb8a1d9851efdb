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

/** What the probe found, as text to compare. */
export function probe(): string {
  const bytes = new TextEncoder().encode(TEXT)
  const message = parseMessage(bytes)
  const scanner = new MessageScanner()
  for (const octet of bytes) scanner.write(Uint8Array.of(octet))
  return JSON.stringify({
    subject: message.subject,
    from: message.from,
    text: message.text,
    html: message.html,
    attachments: message.attachments.map((part) => [part.filename, [...part.bytes()]]),
    parts: [...message.walk()].map((part) => [part.number, part.contentType, part.size, part.lines]),
    streamed: scanner.end().root.children.map((entity) => [entity.bodyStart, entity.bodyEnd]),
    defects: message.defects,
  })
}
