/**
 * One target per parser of structure, headers and summaries; the decoders have theirs in `fuzz/mime-body`. A target throws when an invariant does not hold; the parser itself must
 * never throw.
 */

import assert from 'node:assert/strict'
import { isAddressGroup, type Message, MessageScanner, parseMessage, ranges } from '@posthouse/mime'
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
import { baseSubject, createSummarizer, openSummary, summarize } from '@posthouse/mime/summary'
import { octetsOf, pieces } from './inputs.js'

export interface Target {
  readonly name: string
  run(text: string, random: () => number): void
}

function index(chunks: readonly Uint8Array[]) {
  const scanner = new MessageScanner()
  for (const chunk of chunks) scanner.write(chunk)
  const { root, defects } = scanner.end()
  return { ranges: [...ranges(root)].map(({ kind, start, end }) => [kind, start, end]), defects }
}

function touch(message: Message): void {
  for (const field of message.headers) assert.equal(typeof field.value, 'string')
  for (const entry of [...message.from, ...message.to, ...message.cc]) {
    const members = isAddressGroup(entry) ? entry.members : [entry]
    for (const one of members) assert.ok(!one.address.includes('\n') && !one.address.includes('\r'))
  }
  assert.ok(message.date === null || !Number.isNaN(message.date.getTime()))
  assert.equal(typeof `${message.subject}${message.text}${message.html}${message.messageId}`, 'string')
  for (const part of message.walk()) {
    assert.equal(typeof `${part.filename}${part.contentId}${part.description}${part.disposition}`, 'string')
    assert.deepEqual(Buffer.concat([...part.chunks(7)]), Buffer.from(part.bytes()))
    assert.equal(message.part(part.number || '0')?.entity ?? part.entity, part.entity)
    const inner = part.message
    if (inner) touch(inner)
  }
  assert.ok(Array.isArray(message.defects))
}

export const TARGETS: readonly Target[] = [
  {
    name: 'index',
    run(text, random) {
      const bytes = octetsOf(text)
      const whole = index([bytes])
      let at = 0
      for (const [, start, end] of whole.ranges) {
        assert.equal(start, at)
        at = end as number
      }
      assert.equal(at, bytes.length)
      assert.deepEqual(index(pieces(bytes, random)), whole)
    },
  },
  { name: 'message', run: (text) => touch(parseMessage(octetsOf(text))) },
  {
    name: 'summary',
    run(text, random) {
      const bytes = octetsOf(text)
      const whole = summarize(bytes)
      const summarizer = createSummarizer()
      for (const piece of pieces(bytes, random)) summarizer.write(piece)
      assert.deepEqual(summarizer.end(), whole)
      const summary = openSummary(whole.summary)
      assert.ok(summary)
      for (const utf8 of [false, true]) {
        for (const list of [
          summary.envelope(utf8),
          summary.bodyStructure(true, utf8),
          summary.bodyStructure(false, utf8),
        ]) {
          assert.deepEqual([list[0], list.at(-1), list.includes(0)], [0x28, 0x29, false])
        }
      }
      for (const field of ['from', 'to', 'cc', 'subject', 'displayfrom', 'displayto'] as const) summary.sortKey(field)
      assert.ok([...summary.preview].length <= 200)
      assert.ok(summary.references.length >= 0 && summary.messageId !== '')
    },
  },
  {
    name: 'header block',
    run(text) {
      const bytes = octetsOf(text)
      const table = scanFields(bytes)
      let at = 0
      for (let i = 0; i < table.count; i++) {
        assert.ok(fieldStart(table, i) >= at)
        at = fieldEnd(table, i)
      }
      assert.ok(at <= bytes.length)
      const kept =
        filterHeader(bytes, ['subject', 'to'], false).length + filterHeader(bytes, ['subject', 'to'], true).length
      assert.ok(kept <= bytes.length + 6)
    },
  },
  {
    name: 'addresses',
    run(text) {
      for (const entry of parseAddressList(text).entries) {
        for (const one of 'group' in entry ? entry.members : [entry]) {
          assert.ok(!one.host.includes('@'))
          assert.ok(!one.mailbox.includes('\n') && !one.host.includes('\n'))
        }
      }
    },
  },
  { name: 'parameters', run: (text) => void parameterTexts(parseStructured(text), iconvCharsets) },
  { name: 'encoded words', run: (text) => void decodeWords(text.replaceAll('\n', ''), iconvCharsets) },
  { name: 'dates', run: (text) => assert.ok(!Number.isNaN(parseDate(text)?.time)) },
  {
    name: 'message ids',
    run: (text) => assert.ok(parseMessageIds(text).every((id) => id !== '' && !id.includes('\n'))),
  },
  { name: 'base subject', run: (text) => assert.ok(baseSubject(text).base.length <= text.length) },
]
