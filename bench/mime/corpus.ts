/** Messages of the kinds that mail is made of, the same in every run. */

import { createHash } from 'node:crypto'

export const KINDS = ['attachments', 'small', 'headers'] as const
export type Kind = (typeof KINDS)[number]

/** Octets that compress badly, from a name. */
function noise(name: string, size: number): Buffer {
  const pieces: Buffer[] = []
  for (let i = 0, have = 0; have < size; i++, have += 32)
    pieces.push(createHash('sha256').update(`${name}${i}`).digest())
  return Buffer.concat(pieces).subarray(0, size)
}

function wrap(text: string): string {
  return text.replace(/.{76}/g, '$&\r\n')
}

const WORDS = 'the quick brown fox jumps over a lazy dog while mail is being read by someone who waits for news'.split(
  ' ',
)

function prose(seed: number, words: number, umlauts: boolean): string {
  let text = ''
  for (let i = 0; i < words; i++) {
    const word = WORDS[(seed * 7 + i * i + i) % WORDS.length]!
    text += umlauts && i % 9 === 0 ? `${word}ü ` : `${word} `
    if (i % 12 === 11) text += '\r\n'
  }
  return text
}

function quotedPrintable(text: string): string {
  return text.replace(/[^\t\r\n -~]|=/g, (character) =>
    Array.from(Buffer.from(character), (octet) => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

function head(seed: number, more: string): string {
  return `Return-Path: <sender${seed}@example.org>\r
Received: from mx.example.org (mx.example.org [192.0.2.${seed % 250}])\r
\tby mail.example.com (Postfix) with ESMTPS id 4ZqX9p0Yz${seed}\r
\tfor <reader@example.com>; Tue,  1 Jul 2025 10:00:01 +0200 (CEST)\r
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail;\r
\th=from:to:subject:date; bh=${noise(`bh${seed}`, 32).toString('base64')};\r
\tb=${wrap(noise(`b${seed}`, 192).toString('base64')).replaceAll('\r\n', '\r\n\t ')}\r
From: =?utf-8?Q?J=C3=B6rg_Sender?= <sender${seed}@example.org>\r
To: "Reader, First" <reader@example.com>, Second <second@example.com>\r
Cc: third@example.net\r
Subject: =?utf-8?B?R3LDvMOfZSBhdXMgZGVt?= bench number ${seed}\r
Date: Tue, 1 Jul 2025 10:${String(seed % 60).padStart(2, '0')}:00 +0200\r
Message-ID: <bench.${seed}@example.org>\r
References: <bench.${seed - 1}@example.org>\r
 <bench.${seed - 2}@example.org>\r
MIME-Version: 1.0\r
${more}`
}

function plain(seed: number): string {
  return `${head(seed, 'Content-Type: text/plain; charset=us-ascii\r\n')}\r\n${prose(seed, 120, false)}\r\n`
}

function quoted(seed: number): string {
  const type = 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n'
  return `${head(seed, type)}\r\n${quotedPrintable(prose(seed, 200, true))}\r\n`
}

function alternative(seed: number): string {
  const boundary = `=_alt_${seed}`
  const text = quotedPrintable(prose(seed, 100, true))
  const html = quotedPrintable(
    `<html><body><p>${prose(seed, 100, true).replaceAll('\r\n', '</p>\r\n<p>')}</p></body></html>`,
  )
  return `${head(seed, `Content-Type: multipart/alternative; boundary="${boundary}"\r\n`)}\r
--${boundary}\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
${text}\r
--${boundary}\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
${html}\r
--${boundary}--\r
`
}

function latin(seed: number): string {
  const type = 'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n'
  return `${head(seed, type)}\r\n${prose(seed, 150, true)}\r\n`
}

function attachment(seed: number, size: number): string {
  const boundary = `----=_Part_${seed}`
  return `${head(seed, `Content-Type: multipart/mixed; boundary="${boundary}"\r\n`)}\r
--${boundary}\r
Content-Type: text/plain; charset=utf-8\r
\r
${prose(seed, 60, false)}\r
--${boundary}\r
Content-Type: application/pdf; name="report ${seed}.pdf"\r
Content-Disposition: attachment; filename="report ${seed}.pdf"\r
Content-Transfer-Encoding: base64\r
\r
${wrap(noise(`a${seed}`, size).toString('base64'))}\r
--${boundary}--\r
`
}

/** The messages of a kind. */
export function corpus(kind: Kind): Uint8Array[] {
  if (kind === 'attachments') {
    return [10_000, 50_000, 200_000, 1_000_000, 5_000_000].map((size, i) => Buffer.from(attachment(i, size)))
  }
  if (kind === 'small') {
    const makers = [plain, quoted, alternative, latin]
    return Array.from({ length: 200 }, (_, i) => Buffer.from(makers[i % 4]!(i), i % 4 === 3 ? 'latin1' : 'utf8'))
  }
  const trace = Array.from({ length: 12 }, (_, i) =>
    head(i, '').split('DKIM')[0]!.split('\r\n').slice(1).join('\r\n'),
  ).join('')
  return Array.from({ length: 100 }, (_, i) => Buffer.from(trace + alternative(i)))
}
