/** Security rows 10 to 13 and 18: what was made to take long takes time in proportion to its length. */

import { test } from 'vitest'
import { checkGrowth, repeated, WORK } from './growth.js'

/** Octets of the smaller input: enough that the clock says something about the fast ones. */
const SIZE = 100_000

/** Which parser, and a piece that is repeated; what stands before `...` comes once. */
const CASES: readonly (readonly [work: string, piece: string])[] = [
  ['index', 'a: b\r\n'],
  ['index', ' \r\n'],
  ['index', '--\r\n'],
  ['index', 'Content-Type: multipart/mixed; boundary=b\r\n...--b\r\n'],
  ['index', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n...--b\r\n'],
  ['index', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n...--b\r\n\r\nx\r\n'],
  ['index', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n...--c\r\n'],
  ['index', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n...--bb\r\n'],
  ['index', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n...\r\n'],
  ['index', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n'],
  ['index', 'Content-Type: text/plain\r\n'],
  ['index', 'Content-Type: a/b...;\r\n x=y'],
  ['index', 'Content-Type: message/rfc822\r\n\r\n'],
  ['message', 'To: a@b, c@d\r\n'],
  ['message', 'Subject: =?utf-8?B?YQ?= =?utf-8?B?Yg?=\r\n'],
  ['summary', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n...--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n'],
  ['fields by name', 'a:\n'],
  ['addresses', '\\('],
  ['addresses', 'a:'],
  ['addresses', '('],
  ['addresses', '()'],
  ['addresses', '<'],
  ['addresses', '<a:'],
  ['addresses', '"\\'],
  ['addresses', '['],
  ['addresses', '=?utf-8?q?'],
  ['addresses', 'a@'],
  ['addresses', 'a@b '],
  ['addresses', 'a @b '],
  ['addresses', 'a. '],
  ['addresses', ','],
  ['addresses', ';'],
  ['parameters', '\\('],
  ['parameters', 'x;(\\('],
  ['parameters', 'x/y; ...;'],
  ['parameters', 'x/y; ... '],
  ['parameters', 'x/y; a=b... '],
  ['parameters', '('],
  ['parameters', 'x/y; a=... ('],
  ['parameters', '='],
  ['parameters', 'x/y; ...a '],
  ['parameters', 'a,'],
  ['parameters', '"\\'],
  ['encoded words', '=?utf-8?Q?'],
  ['encoded words', '=?utf-8?B?YQ?= '],
  ['message ids', '<a'],
  ['base subject', 'Re: '],
  ['base subject', '[a]'],
  ['base subject', '['],
  ['base subject', '(fwd)'],
  ['base subject', '[fwd:'],
  ['base64', 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n'],
  ['base64', 'Q\r\n'],
  ['base64', 'Zg=='],
  ['base64', '!'],
  ['quoted-printable', 'Gr=C3=BC=C3=9Fe aus K=C3=B6ln\r\n'],
  ['quoted-printable', ' '],
  ['quoted-printable', '='],
  ['quoted-printable', `=${' '.repeat(999)}`],
  ['quoted-printable in pieces', ' '],
  ['uuencode', 'begin 644 a\n'],
  ['uuencode', 'begin 644 a\n#0V%T\n'],
  ['uuencode', 'b'],
  ['iso-2022-jp', '\x1b$B'],
  ['utf-7', '+'],
  ['format=flowed', '> a \n'],
  ['format=flowed', '>'],
  ['edits in pieces', 'X: a\n'],
  ['edits in pieces', 'X'],
  ['edits in pieces', 'X:\n '],
  ['reports', '\n'],
  ['reports', 'A: 1\n'],
  ['reports', 'Action: 1\n\n'],
  ['reports', 'A: (\n ('],
]

test.each(CASES)('%s: %j', (name, text) => {
  const work = WORK.find(([one]) => one === name)![1]
  const [head = '', piece] = text.includes('...') ? text.split('...') : ['', text]
  const repeatedPiece = Buffer.from(piece!, 'latin1')
  checkGrowth(name, work, (size) => Buffer.concat([Buffer.from(head, 'latin1'), repeated(repeatedPiece, size)]), SIZE)
})
