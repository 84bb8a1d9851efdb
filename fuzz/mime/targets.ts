/**
 * One target per parser of structure, headers and summaries; the decoders have theirs in `fuzz/mime-body`. A target
 * throws when an invariant does not hold; the parser itself must never throw.
 */

import assert from 'node:assert/strict'
import { isAddressGroup, type Message, MessageScanner, type Part, parseMessage, ranges } from '@posthouse/mime'
import { iconvCharsets } from '@posthouse/mime/charsets'
import {
  decodeWords,
  fieldEnd,
  fieldStart,
  filterHeader,
  parameterTexts,
  parseAddressList,
  parseDate,
  parseMessageIds,
  parseStructured,
  scanFields,
} from '@posthouse/mime/header'
import { baseSubject, createSummarizer, openSummary, type Summary, summarize } from '@posthouse/mime/summary'
import type { Target } from '../loop.js'
import { MESSAGE_PIECES, VALUE_PIECES } from './dictionary.js'

type Cut = (length: number) => number

function* pieces(input: Uint8Array, cut: Cut): Generator<Uint8Array> {
  const longest = 1 + cut(cut(3) === 0 ? 3 : 400)
  for (let at = 0; at < input.length; ) {
    const end = Math.min(input.length, at + 1 + cut(longest))
    yield input.slice(at, end)
    at = end
  }
}

function index(chunks: Iterable<Uint8Array>) {
  const scanner = new MessageScanner()
  for (const chunk of chunks) scanner.write(chunk)
  const { root, defects } = scanner.end()
  return { ranges: [...ranges(root)].map(({ kind, start, end }) => [kind, start, end] as const), defects }
}

function touchPart(message: Message, part: Part): void {
  assert.equal(typeof `${part.filename}${part.contentId}${part.description}${part.disposition}${part.text()}`, 'string')
  assert.deepEqual(Buffer.concat([...part.chunks(7)]), Buffer.from(part.bytes()))
  assert.equal(message.part(part.number || '0')?.entity ?? part.entity, part.entity)
  if (part.message) touch(part.message)
}

function touch(message: Message): void {
  for (const field of message.headers) assert.equal(typeof field.value, 'string')
  for (const entry of [...message.from, ...message.to, ...message.cc]) {
    const members = isAddressGroup(entry) ? entry.members : [entry]
    for (const one of members) assert.ok(!one.address.includes('\n') && !one.address.includes('\r'))
  }
  assert.ok(message.date === null || !Number.isNaN(message.date.getTime()))
  assert.equal(typeof `${message.subject}${message.text}${message.html}${message.messageId}`, 'string')
  const leaves = [...message.walk()].filter((part) => !part.isMultipart)
  const { text, html, attachments } = message.bodies
  assert.equal(new Set([...text, ...html, ...attachments]).size, leaves.length, 'a leaf is neither shown nor attached')
  for (const part of message.walk()) touchPart(message, part)
  assert.ok(Array.isArray(message.defects))
}

function checkLists(summary: Summary): void {
  for (const utf8 of [false, true]) {
    for (const list of [summary.envelope(utf8), summary.bodyStructure(true, utf8), summary.bodyStructure(false, utf8)])
      assert.deepEqual([list[0], list.at(-1), list.includes(0)], [0x28, 0x29, false])
  }
}

function checkParts(summary: Summary, message: Message): void {
  for (const part of message.walk()) {
    if (part.number === '') continue
    const row = summary.part(part.number.split('.').map(Number))
    assert.deepEqual([row?.start, row?.end], [part.entity.bodyStart, part.entity.bodyEnd])
    if (row?.decodedSize !== null) assert.equal(row?.decodedSize, part.bytes().length)
  }
}

/** The input as a header value: octets as latin1. */
function value(name: string, run: (text: string) => void): Target {
  return { name, dictionary: VALUE_PIECES, run: (input) => run(Buffer.from(input).toString('latin1')) }
}

export const targets: readonly Target[] = [
  {
    name: 'index',
    dictionary: MESSAGE_PIECES,
    run(input, cut) {
      const whole = index([input])
      let at = 0
      for (const [, start, end] of whole.ranges) {
        assert.equal(start, at, 'a gap between ranges')
        at = end
      }
      assert.equal(at, input.length, 'octets behind the last range')
      assert.deepEqual(index(pieces(input, cut)), whole, 'streaming differs from bulk')
    },
  },
  { name: 'message', dictionary: MESSAGE_PIECES, run: (input) => touch(parseMessage(input)) },
  {
    name: 'summary',
    dictionary: MESSAGE_PIECES,
    run(input, cut) {
      const whole = summarize(input)
      const summarizer = createSummarizer()
      for (const piece of pieces(input, cut)) summarizer.write(piece)
      assert.deepEqual(summarizer.end(), whole, 'streaming differs from bulk')
      const summary = openSummary(whole.summary)
      assert.ok(summary)
      checkLists(summary)
      checkParts(summary, parseMessage(input))
      for (const field of ['from', 'to', 'cc', 'subject', 'displayfrom', 'displayto'] as const) summary.sortKey(field)
      assert.ok([...summary.preview].length <= 200)
      assert.ok(summary.references.length >= 0 && summary.messageId !== '')
    },
  },
  {
    name: 'header block',
    dictionary: MESSAGE_PIECES,
    run(input) {
      const table = scanFields(input)
      let at = 0
      for (let i = 0; i < table.count; i++) {
        assert.ok(fieldStart(table, i) >= at)
        at = fieldEnd(table, i)
      }
      assert.ok(at <= input.length)
      const names = ['subject', 'to']
      const kept = filterHeader(input, names, false).length + filterHeader(input, names, true).length
      assert.ok(kept <= input.length + 6)
    },
  },
  value('addresses', (text) => {
    for (const entry of parseAddressList(text).entries) {
      for (const one of 'group' in entry ? entry.members : [entry]) {
        assert.ok(!one.host.includes('@'))
        assert.ok(!one.mailbox.includes('\n') && !one.host.includes('\n'))
      }
    }
  }),
  value('parameters', (text) => void parameterTexts(parseStructured(text), iconvCharsets, () => 'koi8-r')),
  value('encoded words', (text) => void decodeWords(text.replaceAll('\n', ''), iconvCharsets, () => 'iso-2022-jp')),
  value('dates', (text) => assert.ok(!Number.isNaN(parseDate(text)?.time))),
  value('message ids', (text) => assert.ok(parseMessageIds(text).every((id) => id !== '' && !id.includes('\n')))),
  value('base subject', (text) => assert.ok(baseSubject(text).base.length <= text.length)),
]
