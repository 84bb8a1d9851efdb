import { latin1 } from '@posthouse/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ResponseWriter, type ThreadAlgorithm, type ThreadedMessage, type ThreadNode } from '../../src/index.js'
import { orderedSubject } from '../../src/session/thread/ordered-subject.js'
import { references } from '../../src/session/thread/references.js'
import { refs } from '../../src/session/thread/refs.js'
import { threadSigns, writeThreads } from '../../src/session/thread/write.js'
import type { TestServer } from '../servers.js'
import { modelReferences } from './model-threads.js'
import { mail, playSelected } from './play.js'

async function told(threads: readonly ThreadNode[]): Promise<string> {
  const out = new ResponseWriter()
  await writeThreads(
    out,
    threadSigns(threads),
    (number) => number,
    () => undefined,
  )
  return latin1(out.take()).trimEnd()
}

/** `3 id <- a b Re: subject @5`: number, identifier, references, subject, date. */
function messages(...lines: readonly string[]): ThreadedMessage[] {
  return lines.map((line, i) => {
    const [, id, from = '', subject = '', date = String(i)] =
      /^(\S+)(?: <- ([^:@]*))?(?: ?: ([^@]*?))?(?: ?@(\d+))?$/.exec(line) ?? []
    return {
      number: i + 1,
      messageId: id === '-' ? null : (id as string),
      references: from.split(' ').filter((one) => one !== ''),
      subject: subject.replace(/^Re: /, ''),
      isReply: subject.startsWith('Re: '),
      sentDate: Number(date),
    }
  })
}

const run = async (algorithm: ThreadAlgorithm, ...lines: readonly string[]): Promise<string> =>
  told(await algorithm.thread(messages(...lines), () => undefined))

test('RFC 5256 §4: how threads are written', async () => {
  const leaf = (number: number, ...children: ThreadNode[]): ThreadNode => ({ number, children })
  expect(await told([])).toBe('* THREAD')
  expect(await told([leaf(2), leaf(3, leaf(6, leaf(4, leaf(23)), leaf(44, leaf(7, leaf(96)))))])).toBe(
    '* THREAD (2)(3 6 (4 23)(44 7 96))',
  )
  expect(await told([{ number: null, children: [leaf(3), leaf(5)] }])).toBe('* THREAD ((3)(5))')
  expect(await told([{ number: null, children: [leaf(3, leaf(4), leaf(5)), leaf(6)] }])).toBe(
    '* THREAD ((3 (4)(5))(6))',
  )
})

describe('REFERENCES', () => {
  test.each([
    ['a chain', ['a', 'b <- a', 'c <- a b'], '(1 2 3)'],
    ['siblings by date', ['a', 'b <- a @9', 'c <- a @5'], '(1 (3)(2))'],
    ['children before their parents', ['c <- a b', 'b <- a', 'a'], '(3 2 1)'],
    ['a message that is not there is left out', ['a', 'c <- a b'], '(1 2)'],
    ['at the top it stands for its children', ['b <- x', 'c <- x'], '((1)(2))'],
    ['an only child takes its place', ['b <- x'], '(1)'],
    ['dummies below dummies go, too', ['b <- x y z', 'c <- x w'], '((1)(2))'],
    ['a loop is not made', ['a <- b', 'b <- a'], '(2 1)'],
    ['a message that answers itself', ['a <- a', 'b <- a'], '(1 2)'],
    ['an identifier used twice counts for the first', ['a', 'a', 'b <- a'], '(1 3)(2)'],
    ['without an identifier', ['-', '-', 'b <- x'], '(1)(2)(3)'],
    ['what a message says of itself wins', ['c <- a b', 'b <- x', 'a', 'x'], '(3)(4 2 1)'],
    ['threads by date', ['a @9', 'b @5', 'c <- a @1'], '(2)(1 3)'],
    ['the same date: in mailbox order', ['a @5', 'b @5'], '(1)(2)'],
    ['one subject: the answer joins', ['a : lunch', 'b : Re: lunch'], '(1 2)'],
    ['the answer came first', ['b : Re: lunch @1', 'a : lunch @2'], '(2 1)'],
    ['one subject, no answer: a dummy', ['a : lunch', 'b : lunch'], '((1)(2))'],
    ['two answers alone: a dummy', ['a : Re: lunch', 'b : Re: lunch'], '((1)(2))'],
    ['a third joins the dummy', ['a : lunch', 'b : lunch', 'c : Re: lunch'], '((1)(2)(3))'],
    ['no subject is not a subject', ['a', 'b'], '(1)(2)'],
    ['a dummy is preferred', ['a : lunch', 'b <- x : lunch', 'c <- x : lunch'], '((1)(2)(3))'],
    ['two dummies become one', ['b <- x : s', 'c <- x : s', 'd <- y : s', 'e <- y : s'], '((1)(2)(3)(4))'],
    ['nothing', [], ''],
  ])('%s', async (_, lines, threads) => {
    expect(await run(references, ...lines)).toBe(`* THREAD${threads === '' ? '' : ` ${threads}`}`)
  })
})

describe('REFS', () => {
  test.each([
    ['subjects do not matter', ['a : lunch', 'b : Re: lunch'], '(1)(2)'],
    ['the thread with the newest message comes last', ['a @1', 'b @2', 'c <- a @9'], '(2)(1 3)'],
    ['also in one that is a dummy', ['b <- x @1', 'c <- x @9', 'd @5'], '(3)((1)(2))'],
  ])('%s', async (_, lines, threads) => {
    expect(await run(refs, ...lines)).toBe(`* THREAD ${threads}`)
  })
})

describe('ORDEREDSUBJECT', () => {
  test.each([
    ['one thread for each subject', ['a : x', 'b : y', 'c : Re: x'], '(1 3)(2)'],
    ['no grandchildren', ['a : x', 'b : x', 'c : x'], '(1 (2)(3))'],
    ['the oldest is the parent', ['a : x @9', 'b : x @1', 'c : y @5'], '(2 1)(3)'],
    ['without a subject', ['a', 'b : y', 'c'], '(1 3)(2)'],
  ])('%s', async (_, lines, threads) => {
    expect(await run(orderedSubject, ...lines)).toBe(`* THREAD ${threads}`)
  })
})

const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'x', 'y')
const anyMessages = fc
  .array(
    fc.record({
      messageId: fc.option(ids, { freq: 8 }),
      references: fc.array(ids, { maxLength: 4 }),
      subject: fc.constantFrom('', 'S', 'T'),
      isReply: fc.boolean(),
      sentDate: fc.nat(5),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((one, i): ThreadedMessage => ({ number: i + 1, ...one })))

test('REFERENCES does what the words of RFC 5256 say, whatever the messages', async () => {
  await fc.assert(
    fc.asyncProperty(anyMessages, async (list) => {
      expect(await told(await references.thread(list, () => undefined))).toBe(modelReferences(list))
    }),
    { numRuns: 3000 },
  )
})

test('every algorithm tells each message once', async () => {
  await fc.assert(
    fc.asyncProperty(anyMessages, fc.constantFrom(references, refs, orderedSubject), async (list, algorithm) => {
      const text = await told(await algorithm.thread(list, () => undefined))
      const numbers = (text.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b)
      expect(numbers).toEqual(list.map(({ number }) => number))
      expect(text.replace(/[^()]/g, '').length % 2).toBe(0)
    }),
  )
})

test('a thread as deep as the mailbox is large; a chain told backwards', async () => {
  const deep = Array.from({ length: 50_000 }, (_, i) => (i === 0 ? 'm0' : `m${i} <- m${i - 1}`))
  const forward = await run(references, ...deep)
  expect(forward).toBe(`* THREAD (${deep.map((_, i) => i + 1).join(' ')})`)
  const backward = await run(references, ...[...deep].reverse())
  expect(backward).toBe(`* THREAD (${deep.map((_, i) => 50_000 - i).join(' ')})`)
})

test('two threads of one subject whose first messages are not there, one with very many answers', async () => {
  const many = Array.from({ length: 150_000 }, (_, i) => ({
    number: i + 1,
    messageId: `m${i}`,
    references: [i < 2 ? 'a' : 'b'],
    subject: 'one',
    isReply: true,
    sentDate: i,
  }))
  const [thread, ...others] = await references.thread(many, () => undefined)
  expect([thread?.number, thread?.children.length, others.length]).toEqual([null, many.length, 0])
})

const mailbox = async (made: TestServer): Promise<void> => {
  const put = (fields: Record<string, string>): Promise<void> => made.deliver(mail(fields, 'x'))
  await put({ 'Message-ID': '<1@x>', Subject: 'one', Date: '1 Jan 2026 00:00:00 +0000' })
  await put({ 'Message-ID': '<2@x>', Subject: 'Re: one', 'In-Reply-To': '<"1"@x>', Date: '3 Jan 2026 00:00:00 +0000' })
  await put({ 'Message-ID': '<3@x>', Subject: 'two', Date: '2 Jan 2026 00:00:00 +0000' })
  await put({ 'Message-ID': '<4@x>', Subject: 'Fwd: ONE', References: '<1@x>', Date: '2 Jan 2026 00:00:00 +0000' })
}

test('THREAD and UID THREAD', () =>
  playSelected(
    `
    C: t1 THREAD REFERENCES UTF-8 ALL
    S: * THREAD (1 (4)(2))(3)
    S: t1 OK THREAD completed
    C: t2 UID THREAD references UTF-8 2:4
    S: * THREAD (3)((4)(2))
    S: t2 OK THREAD completed
    C: t3 THREAD REFS us-ascii ALL
    S: * THREAD (3)(1 (4)(2))
    S: t3 OK THREAD completed
    C: t4 THREAD ORDEREDSUBJECT "UTF-8" ALL
    S: * THREAD (1 (4)(2))(3)
    S: t4 OK THREAD completed
    C: t5 THREAD ORDEREDSUBJECT US-ASCII TEXT "gewp"
    S: * THREAD
    S: t5 OK THREAD completed
    C: t6 THREAD MAGIC UTF-8 ALL
    S: t6 BAD {*}
    C: t7 THREAD REFERENCES KOI8-R ALL
    S: t7 NO [BADCHARSET (US-ASCII UTF-8)] {*}
    C: t8 THREAD REFERENCES UTF-8
    S: t8 BAD {*}
  `,
    mailbox,
  ))
