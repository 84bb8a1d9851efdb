/**
 * What must hold for the decoders, the editors and the composer of `@posthouse/mime`, whatever the octets are. Each
 * target takes octets and throws when an invariant is broken; it never looks at what the right result would be.
 */

import {
  canonicalCharset,
  capDecoder,
  createCharsetDecoder,
  createTransferDecoder,
  decodeCharset,
  decodeQ,
  decodeTransfer,
  decodeUuencoded,
  encodeBase64,
  encodeQuotedPrintable,
  findUuencoded,
  reflow,
  type TransferEncoding,
} from '@posthouse/mime/body'
import { iconvCharsets } from '@posthouse/mime/charsets'
import { ComposeError, composeBytes } from '@posthouse/mime/compose'
import { createHeaderEditor, editHeader, type HeaderEdit } from '@posthouse/mime/edit'
import { readDeliveryStatus, readDispositionNotification, readFeedbackReport } from '@posthouse/mime/report'
import { check, type Target } from '../loop.js'

function same(one: Uint8Array, two: Uint8Array): boolean {
  return Buffer.compare(one, two) === 0
}

/** All output of a coder that is fed in pieces. */
function inPieces(
  coder: { write(bytes: Uint8Array): Uint8Array; end(): Uint8Array },
  input: Uint8Array,
  cut: (length: number) => number,
): Uint8Array {
  const out: Uint8Array[] = []
  for (let at = 0; at < input.length; ) {
    const end = Math.min(input.length, at + 1 + cut(input.length))
    out.push(coder.write(input.slice(at, end)).slice())
    at = end
  }
  out.push(coder.end())
  return Buffer.concat(out)
}

function transferTarget(encoding: TransferEncoding, dictionary: string[]): Target {
  return {
    name: `decode ${encoding}`,
    dictionary,
    run(input, cut) {
      let damaged = false
      const whole = decodeTransfer(input, encoding, () => {
        damaged = true
      })
      const decoder = createTransferDecoder(encoding)
      check(same(inPieces(decoder, input, cut), whole), 'streaming differs from bulk')
      check(decoder.damaged === damaged, 'streaming and bulk disagree about damage')
      const capped = inPieces(capDecoder(createTransferDecoder(encoding), 10), input, cut)
      check(same(capped, whole.subarray(0, 10)), 'a cap changes what is below it')
    },
  }
}

const CHARSETS = (
  'utf-8 us-ascii x-unknown iso-8859-1 iso-8859-2 windows-1251 koi8-r shift_jis euc-jp gb2312 gb18030 big5 euc-kr ' +
  'iso-2022-jp iso-2022-jp-2 iso-2022-kr iso-2022-cn hz-gb-2312 utf-7 utf-16 utf-16be utf-16le utf-32 cp437 x-mac-ce'
).split(' ')

const EDITS: readonly HeaderEdit[] = [
  { prepend: { name: 'New', value: 'value' } },
  { replace: { name: 'Subject', value: 'other' } },
  { remove: 'X-Gone' },
]

export const targets: readonly Target[] = [
  transferTarget('base64', [
    'QUJD',
    '=',
    '==',
    'Zg==',
    '\r\n',
    '-',
    '_',
    '!',
    'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\r\n',
  ]),
  transferTarget('quoted-printable', [
    '=',
    '=4',
    '=41',
    '=\r\n',
    '= \n',
    ' ',
    '\t',
    '\r\n',
    '\n',
    '\r',
    '=0D',
    ' '.repeat(1030),
  ]),
  transferTarget('uuencode', ['begin 644 a\n', 'end\n', '#0V%T\n', '`\n', 'M', ' ', '\r\n', 'x'.repeat(600)]),
  {
    name: 'decode charsets',
    dictionary: [
      '\x1b$B',
      '\x1b(B',
      '\x1b$)C',
      '\x1bN',
      '\x0e',
      '\x0f',
      '~{',
      '~}',
      '+AGE-',
      '\xef\xbb\xbf',
      '\xfe\xff',
      '\xa4\xa2',
      '\xf0\x9f',
    ],
    run(input, cut) {
      const label = CHARSETS[cut(CHARSETS.length)]!
      const whole = decodeCharset(input, label, iconvCharsets)
      const decoder = createCharsetDecoder(label, iconvCharsets)
      let text = ''
      for (let at = 0; at < input.length; ) {
        const end = Math.min(input.length, at + 1 + cut(input.length))
        text += decoder.write(input.slice(at, end))
        at = end
      }
      text += decoder.end()
      check(text === whole.text, `${label}: streaming differs from bulk`)
      check(decoder.defect === whole.defect, `${label}: streaming and bulk disagree about the defect`)
      check(text.length <= input.length * 2, `${label}: the text is longer than the octets allow`)
    },
  },
  {
    name: 'encode and decode',
    dictionary: ['\r\n', '\n', '\r', ' ', 'From ', '.', '=', '\0', '\xff'],
    run(input) {
      check(same(decodeTransfer(encodeBase64(input), 'base64'), input), 'base64 does not come back')
      for (const binary of [false, true]) {
        const encoded = encodeQuotedPrintable(input, { binary })
        check(same(decodeTransfer(encoded, 'quoted-printable'), input), 'quoted-printable does not come back')
      }
    },
  },
  {
    name: 'text formats and names',
    dictionary: ['begin 644 x\n', 'end\n', '> ', '-- \n', ' \n', '=?', '_', '=41'],
    run(input) {
      let end = 0
      for (const file of findUuencoded(input)) {
        const inOrder = end <= file.start && file.start < file.bodyStart && file.bodyStart <= file.bodyEnd
        check(inOrder && file.bodyEnd <= file.end && file.end <= input.length, 'ranges of files are out of order')
        end = file.end
        decodeUuencoded(input.subarray(file.bodyStart, file.bodyEnd))
      }
      const text = Buffer.from(input).toString('latin1')
      check(decodeQ(text).length <= input.length, 'Q grows')
      check(canonicalCharset(text).length <= 40, 'a charset name of any length')
      reflow(text)
      reflow(text, { delSp: true })
    },
  },
  {
    name: 'edit headers',
    dictionary: [
      'Subject: x\r\n',
      'X-Gone: y\r\n',
      ' folded\r\n',
      '\r\n',
      '\n',
      '\r',
      ':',
      'From me\r\n',
      'X-Gone',
      'Content-Type: multipart/x; boundary=b\r\n',
      '--b\r\n',
    ],
    run(input, cut) {
      const whole = editHeader(input, EDITS)
      check(same(inPieces(createHeaderEditor(EDITS), input, cut), whole), 'streaming differs from bulk')
      check(same(inPieces(createHeaderEditor([]), input, cut), input), 'no edits change something')
    },
  },
  {
    name: 'read reports',
    dictionary: [
      'Action: failed\r\n',
      'Status: 5.1.1\r\n',
      'Final-Recipient: utf-8; ',
      '\\x{41}',
      '(',
      ')',
      ';',
      '\r\n\r\n',
      ' ',
    ],
    run(input) {
      readDeliveryStatus(input)
      readDispositionNotification(input)
      readFeedbackReport(input)
    },
  },
  {
    name: 'compose',
    dictionary: [
      '\r\n',
      '\r',
      '\n',
      '\0',
      ': ',
      'a@b',
      '<',
      '>',
      '"',
      '\\',
      ',',
      ';',
      '=?',
      '--=_id0',
      '\xc3\xbc',
      ' ',
    ],
    async run(input, cut) {
      const text = Buffer.from(input).toString(cut(2) === 0 ? 'utf8' : 'latin1')
      const place = cut(9)
      const content = [
        { subject: text },
        { to: text },
        { to: { name: text, address: 'a@b' } },
        { to: { address: text } },
        { messageId: text },
        { headers: { 'X-Any': text } },
        { text, html: text },
        { attachments: [{ content: input, filename: text, contentType: 'text/plain' }] },
        { text: '', attachments: [{ content: input, contentType: 'message/rfc822' }] },
      ][place]!
      let count = 0
      const settings = { smtputf8: cut(2) === 0, createId: () => `id${count++}`, now: () => new Date(0) }
      let message: Uint8Array
      try {
        message = await composeBytes({ from: 'a@example.org', ...content }, settings)
      } catch (error) {
        if (error instanceof ComposeError) return
        throw error
      }
      const written = Buffer.from(message).toString('latin1')
      const header = written.slice(0, written.indexOf('\r\n\r\n'))
      for (const line of header.split('\r\n')) {
        check(!/[\r\n\0]/.test(line) && line.length <= 998, `a header line that is none: ${JSON.stringify(line)}`)
        check(/^[!-9;-~]+:|^[ \t]/.test(line), `neither a field nor a folded line: ${JSON.stringify(line)}`)
      }
      check(written.endsWith('\n'), 'the last line has no end')
      if (place === 8) check(written.includes(Buffer.from(input).toString('latin1')), 'an embedded message was changed')
    },
  },
]
