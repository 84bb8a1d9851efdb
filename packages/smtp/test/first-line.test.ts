/** What we put in front of a message takes nothing of it in, and the message keeps what it shows. */
import { openSummary, summarize } from '@posthouse/mime/summary'
import { latin1 } from '@posthouse/wire'
import { connectInMemory } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { createSmtpServer, deliverTo, onMessage, type ReceivedMessage, type SmtpHandler } from '../src/index.js'
import { inFrontOf } from '../src/session/first-line.js'
import { collector, fakeStore } from './servers.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('what goes in front', () => {
  test.each<[string, string, string | null]>([
    ['a field', 'Subject: x', ''],
    ['a field without a value', 'X:', ''],
    ['a blank before the colon', 'From : a@example.org', ''],
    ['an empty line', '\r\n', ''],
    ['a line of an mbox file', 'From a@example.org Mon', ''],
    ['one in quotes', '>From a@example.org Mon', ''],
    ['a continuation of nothing', ' for <x@example.org>', '\r\n'],
    ['one by a tab', '\tfor', '\r\n'],
    ['text', 'Hello Bob,', '\r\n'],
    ['one word', 'Hello\r\n', '\r\n'],
    ['a colon', ': x', '\r\n'],
    ['a name that is too long', 'x'.repeat(998), '\r\n'],
    ['it may be a field', 'Subject', null],
    ['it may be one with a blank', 'From ', null],
  ])('%s', (_name, start, front) => {
    const found = inFrontOf(bytes(start))
    expect(found && latin1(found)).toBe(front)
  })
})

async function dialogue(handlers: readonly SmtpHandler[], message: string, cut: (rest: string) => string[]) {
  const connection = connectInMemory(createSmtpServer({ hostname: 'mx.example.org', handlers }))
  let said = ''
  const hear = async (what: string): Promise<void> => {
    while (!said.includes(what) && !connection.closed) {
      await connection.output()
      said += latin1(connection.take())
    }
  }
  await hear('220 ')
  connection.send(bytes('EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n'))
  await hear('354 ')
  for (const piece of cut(`${message}.\r\n`)) connection.send(bytes(piece))
  await hear('250 2.0.0')
  connection.end()
}

const FORGED = ' for <ceo@example.org>\r\nSubject: x\r\n\r\ntext\r\n'
const MESSAGES: readonly (readonly [name: string, message: string, stored: string])[] = [
  ['a continuation of nothing', FORGED, `\r\n${FORGED}`],
  ['text', 'Hello Bob,\r\n\r\nBye\r\n', '\r\nHello Bob,\r\n\r\nBye\r\n'],
  ['one word', 'Hello\r\n', '\r\nHello\r\n'],
  ['a field', 'Subject: x\r\n\r\ntext\r\n', 'Subject: x\r\n\r\ntext\r\n'],
  ['an mbox line', 'From a@b Mon\r\nSubject: x\r\n\r\n', 'From a@b Mon\r\nSubject: x\r\n\r\n'],
]
const CUTS: readonly (readonly [name: string, cut: (text: string) => string[]])[] = [
  ['at once', (text) => [text]],
  ['octet by octet', (text) => [...text]],
]

describe.each(CUTS)('stored, %s', (_name, cut) => {
  test.each(MESSAGES)('%s', async (_what, message, stored) => {
    const store = fakeStore(['b@example.org'])
    const seen: ReceivedMessage[] = []
    const look: SmtpHandler = { needs: ['octets', 'summary'], message: (one) => void seen.push(one) }
    await dialogue([look, deliverTo(store)], message, cut)
    const [{ text }] = store.delivered
    const fields = text.slice(0, text.length - stored.length)
    expect(fields).toMatch(/^Return-Path: [^\r]*\r\nDelivered-To: [^\r]*\r\nReceived: [^\r]*\r\n(\t[^\r]*\r\n)+$/)
    expect(text.slice(fields.length)).toBe(stored)
    // The summary is one of the octets that are stored.
    const [one] = seen
    expect(one.size).toBe(stored.length)
    const { summary, header } = summarize(bytes(stored))
    expect([one.summary, one.header]).toEqual([summary, header])
    expect(openSummary(summary)?.subject).toBe(message === MESSAGES[3][1] || message === MESSAGES[4][1] ? 'x' : '')
  })
})

test('who only takes octets gets them as they came', async () => {
  const { messages } = collector()
  const keep = onMessage(({ octets }) => void messages.push({ text: latin1(octets()), from: null, to: [] }))
  await dialogue([keep], FORGED, CUTS[0][1])
  expect(messages.map(({ text }) => text)).toEqual([FORGED])
})
