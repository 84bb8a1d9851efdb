/** Inputs for fuzzing: seeds that are cut, mixed and damaged, the same in every run for the same number. */

/** A small, fast generator of numbers from 0 up to 1 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** What parsers decide by. */
const DICTIONARY = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  '\0',
  '"',
  '\\',
  '(',
  ')',
  '<',
  '>',
  '[',
  ']',
  '{',
  '}',
  ',',
  ';',
  ':',
  '@',
  '.',
  '=',
  '%',
  "'",
  '*',
  '?',
  '--',
  '=?',
  '?=',
  '=?utf-8?Q?=C3?=',
  '=?utf-8?B?w7w=?=',
  '=?iso-2022-jp?B?GyRC?=',
  '=?x?q?',
  'From ',
  '\xc3\xbc',
  '\xff',
  '\x80',
  '\x1b$B',
  '+APw-',
  '=3D',
  '=\r\n',
  'begin 644 x\r\n',
  '`\r\nend\r\n',
  '> ',
  '-- \r\n',
  'xn--',
  '0',
  '-0000',
  '+0200',
  '--a',
  '--a\r\n',
  '\r\n--a\r\n',
  '\r\n--a--\r\n',
  '\r\n--b\r\n',
  'Content-Type: multipart/mixed; boundary=a\r\n',
  'Content-Type: multipart/digest; boundary="b"\r\n\r\n',
  'Content-Type: message/rfc822\r\n\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Type: text/html; charset=utf-7\r\n',
  "; name*0*=utf-8''%C3",
  '; name*1=x',
  'Subject: ',
  'To: ',
  'Date: Tue, 1 Jul 2025 10:00:00 +0200\r\n',
  'Message-ID: <a@b>\r\n',
  'References: <a@b> <c@d>\r\n',
  'Re: ',
  '[list] ',
  '(fwd)',
  '__proto__: x\r\n',
  'a'.repeat(100),
  ' '.repeat(2000),
]

const SEEDS = [
  'From: A B <a@b.test>\r\nTo: g: "x, y" <x@y.test>, z@y.test;\r\nSubject: =?utf-8?Q?=C3=BC?= x\r\nDate: Tue, 1 Jul 2025 10:00:00 +0200\r\n\r\nbody\r\n',
  'Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\none\r\n--a\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=C3=BC</p>\r\n--a--\r\n',
  'Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--',
  'AAECAwQFBgcICQ==\r\nAAEC\r\n',
  'attachment; filename*0*=utf-8\'\'%C3%BC; filename*1="x y"; size=1',
  'Tue, 1 Jul 2025 10:00:00 +0200 (CEST)',
]

/** A piece of an input in latin1. */
export function inputText(random: () => number): string {
  const pick = <Item>(list: readonly Item[]) => list[Math.floor(random() * list.length)]!
  let text = random() < 0.6 ? pick(SEEDS) : ''
  for (let changes = Math.floor(random() * 12); changes >= 0; changes--) {
    const at = Math.floor(random() * (text.length + 1))
    const kind = random()
    if (kind < 0.55) text = text.slice(0, at) + pick(DICTIONARY) + text.slice(at)
    else if (kind < 0.7) text = text.slice(0, at) + text.slice(at + Math.floor(random() * 20))
    else if (kind < 0.8) text = text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1)
    else if (kind < 0.9) text += text.slice(at)
    else text = pick(SEEDS).slice(0, Math.floor(random() * 60)) + text
  }
  return text.length > 20_000 ? text.slice(0, 20_000) : text
}

/** The octets of characters below 256. */
export function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** The octets in pieces that end anywhere. */
export function pieces(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const list: Uint8Array[] = []
  const longest = random() < 0.3 ? 3 : 1 + Math.floor(random() * 400)
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(random() * longest)
    list.push(bytes.subarray(at, at + size))
    at += size
  }
  return list
}
