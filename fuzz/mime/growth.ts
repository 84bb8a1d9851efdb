/** Linear time: eight times the input may take no more than three doublings at 2.2 times each. */

import { indexMessage, parseMessage } from '@posthouse/mime'
import { createTransferDecoder, decodeCharset, decodeTransfer, findUuencoded, reflow } from '@posthouse/mime/body'
import { iconvCharsets } from '@posthouse/mime/charsets'
import { createHeaderEditor, editHeader } from '@posthouse/mime/edit'
import {
  decodeWords,
  filterHeader,
  parseAddressList,
  parseMessageIds,
  parseStructured,
  unfold,
} from '@posthouse/mime/header'
import { readDeliveryStatus, readFeedbackReport } from '@posthouse/mime/report'
import { baseSubject, openSummary, summarize } from '@posthouse/mime/summary'
import type { Target } from '../loop.js'
import { MESSAGE_PIECES, VALUE_PIECES } from './dictionary.js'

const SMALL = 8192
const FACTOR = 8
const LIMIT = 2.2 ** 3
/** Milliseconds below which the clock says nothing about growth. */
const MEASURABLE = 20
const TRIES = 12

const latin1 = (input: Uint8Array): string => Buffer.from(input).toString('latin1')

/** What must take time in proportion to its input. */
export const WORK: readonly (readonly [name: string, work: (input: Uint8Array) => void])[] = [
  ['index', (input) => void indexMessage(input)],
  [
    'message',
    (input) => {
      const message = parseMessage(input)
      for (const field of message.headers) field.value
      for (const part of message.walk()) void `${part.filename}${part.text()}`
      void [message.from, message.text, message.html, message.attachments, message.defects]
    },
  ],
  [
    'summary',
    (input) => {
      const summary = openSummary(summarize(input).summary)
      void [summary?.bodyStructure(false), summary?.references, summary?.sortKey('displayfrom')]
    },
  ],
  ['fields by name', (input) => void filterHeader(input, latin1(input).replaceAll('a', 'b').split(':'), false)],
  ['addresses', (input) => void parseAddressList(latin1(input))],
  ['parameters', (input) => void parseStructured(latin1(input))],
  ['encoded words', (input) => void decodeWords(unfold(latin1(input)), iconvCharsets, () => 'koi8-r')],
  ['message ids', (input) => void parseMessageIds(latin1(input))],
  ['base subject', (input) => void baseSubject(latin1(input))],
  ['base64', (input) => void decodeTransfer(input, 'base64')],
  ['quoted-printable', (input) => void decodeTransfer(input, 'quoted-printable')],
  [
    'quoted-printable in pieces',
    (input) => {
      const decoder = createTransferDecoder('quoted-printable')
      for (let at = 0; at < input.length; at += 100) decoder.write(input.subarray(at, at + 100))
      decoder.end()
    },
  ],
  ['uuencode', (input) => void findUuencoded(input)],
  ['iso-2022-jp', (input) => void decodeCharset(input, 'iso-2022-jp')],
  ['utf-7', (input) => void decodeCharset(input, 'utf-7')],
  ['format=flowed', (input) => void reflow(latin1(input))],
  ['edits', (input) => void editHeader(input, [{ remove: 'x' }, { replace: { name: 'Subject', value: 'y' } }])],
  [
    'edits in pieces',
    (input) => {
      const editor = createHeaderEditor([{ remove: 'X' }, { replace: { name: 'Subject', value: 'y' } }])
      for (let at = 0; at < input.length; at += 1000) editor.write(input.subarray(at, at + 1000))
      editor.end()
    },
  ],
  [
    'reports',
    (input) => {
      readDeliveryStatus(input)
      readFeedbackReport(input)
    },
  ],
]

/** The piece again and again. */
export function repeated(piece: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size)
  for (let at = 0; at < size; at += piece.length) whole.set(piece.subarray(0, Math.min(piece.length, size - at)), at)
  return whole
}

/** Milliseconds of processor time: others may use the machine. */
function measure(work: (input: Uint8Array) => void, input: Uint8Array): number {
  const started = process.cpuUsage()
  work(input)
  return process.cpuUsage(started).user / 1000
}

/** Throws when eight times the input takes more than three doublings may: `of` makes the input of a size. */
export function checkGrowth(
  name: string,
  work: (input: Uint8Array) => void,
  of: (size: number) => Uint8Array,
  size = SMALL,
): void {
  const large = of(size * FACTOR)
  let most = measure(work, large)
  if (most < MEASURABLE) return
  const small = of(size)
  let least = measure(work, small)
  for (let i = 0; i < TRIES && most > LIMIT * least; i++) {
    most = Math.min(most, measure(work, large))
    least = Math.max(least, measure(work, small))
  }
  if (most > MEASURABLE && most > LIMIT * least) throw new Error(`${name}: ${least} ms, then ${most} ms`)
}

export const growthTarget: Target = {
  name: 'growth',
  dictionary: [...MESSAGE_PIECES, ...VALUE_PIECES],
  run(input, cut) {
    if (input.length === 0) return
    const [name, work] = WORK[cut(WORK.length)]!
    // A beginning that opens something, then one piece again and again.
    const piece = input.subarray(cut(input.length))
    const head = input.subarray(0, input.length - piece.length)
    checkGrowth(name, work, (size) => Buffer.concat([head, repeated(piece, size)]))
  },
}
