import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBase64, encodeQuotedPrintable } from '../../src/body/index.js'
import { latin1 } from '../../src/bytes.js'
import { parseMessage } from '../../src/index.js'
import { createSummarizer, openSummary, type Summary } from '../../src/summary/index.js'
import { readWire, type WireValue } from '../../src/summary/wire.js'
import { cut, places } from '../body/cutting.js'
import { latin1Bytes, latin1Text } from '../support/messages.js'

type Tree = Leaf | Multi | Inner
interface Leaf {
  kind: 'leaf'
  type: string
  encoding: string
  content: Uint8Array
}
interface Multi {
  kind: 'multi'
  subtype: string
  preamble: boolean
  parts: readonly Tree[]
}
interface Inner {
  kind: 'message'
  subject: string
  body: Tree
}

/** What each part number stands for, as offsets: what was written says it, not what was read. */
interface Place {
  /** Its header block and its body. */
  readonly mime: readonly [start: number, end: number]
  readonly body: readonly [start: number, end: number]
  /** Of a message: the header and the body of the message inside. */
  readonly inner?: { readonly header: readonly [number, number]; readonly text: readonly [number, number] }
  readonly decoded: number
}
/** BODYSTRUCTURE, as far as it is about shapes and sizes. */
type Shape = [type: string, size: number, lines: number | null] | { multi: string; parts: Shape[] } | Nested
interface Nested {
  size: number
  lines: number
  inner: Shape
}

/** Writes a message of the tree, and says where everything is. */
function write(root: Tree): { text: string; places: Map<string, Place>; shape: Shape } {
  const found = new Map<string, Place>()
  let text = ''
  let boundaries = 0
  const lines = (start: number) => text.slice(start).split('\n').length - 1

  function message(body: Tree, subject: string, number: string): { header: [number, number]; shape: Shape } {
    const start = text.length
    text += `Subject: ${subject}\r\n`
    // A multipart has the numbers of its message; everything else is part 1 of it.
    const shape = entity(body, start, body.kind === 'multi' ? number : join(number, 1), body.kind !== 'multi')
    const header: [number, number] = [start, text.indexOf('\r\n\r\n', start) + 4]
    return { header, shape }
  }
  function join(number: string, index: number): string {
    return number === '' ? `${index}` : `${number}.${index}`
  }
  function entity(tree: Tree, headerStart: number, number: string, isPart = true): Shape {
    if (tree.kind === 'leaf') {
      const { encoding, content, type } = tree
      const encode = encoding === 'base64' ? encodeBase64 : encoding === '8bit' ? undefined : encodeQuotedPrintable
      text += `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`
      const start = text.length
      text += latin1(encode ? encode(content) : content)
      const range = [start, text.length] as const
      found.set(number, { mime: [headerStart, start], body: range, decoded: content.length })
      return [type, text.length - start, type.startsWith('text/') ? lines(start) : null]
    }
    if (tree.kind === 'message') {
      text += 'Content-Type: message/rfc822\r\n\r\n'
      const start = text.length
      const { header, shape } = message(tree.body, tree.subject, number)
      found.set(number, {
        mime: [headerStart, start],
        body: [start, text.length],
        inner: { header, text: [header[1], text.length] },
        decoded: text.length - start,
      })
      return { size: text.length - start, lines: lines(start), inner: shape }
    }
    const boundary = `b${boundaries++}.`
    text += `Content-Type: multipart/${tree.subtype}; boundary="${boundary}"\r\n\r\n`
    const start = text.length
    if (tree.preamble) text += 'preamble\r\n'
    const parts = tree.parts.map((part, index) => {
      text += `--${boundary}\r\n`
      const shape = entity(part, text.length, join(number, index + 1))
      text += '\r\n'
      return shape
    })
    text += `--${boundary}--`
    if (isPart) {
      found.set(number, { mime: [headerStart, start], body: [start, text.length], decoded: text.length - start })
    }
    return { multi: tree.subtype, parts }
  }
  const { header, shape } = message(root, 'outermost', '')
  found.set('', {
    mime: [-1, -1],
    body: [0, text.length],
    inner: { header, text: [header[1], text.length] },
    decoded: -1,
  })
  return { text, places: found, shape }
}

function readShape(value: WireValue): Shape {
  const list = value as readonly WireValue[]
  if (Array.isArray(list[0])) {
    const parts = list.filter((one, index) => Array.isArray(one) && list.slice(0, index).every(Array.isArray))
    return { multi: list[parts.length] as string, parts: parts.map(readShape) }
  }
  const size = Number(list[6])
  if (list[0] === 'message') return { size, inner: readShape(list[8]!), lines: Number(list[9]) }
  return [`${list[0] as string}/${list[1] as string}`, size, list[0] === 'text' ? Number(list[7]) : null]
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc.string({ unit: fc.constantFrom('a', '\r\n', ' ', '=', '-', '--'), maxLength: 40 }).map(latin1Bytes),
)
const leaf: fc.Arbitrary<Tree> = fc.record({
  kind: fc.constant('leaf' as const),
  type: fc.constantFrom('text/plain', 'text/html', 'image/png', 'application/x-y'),
  encoding: fc.constantFrom('base64', 'quoted-printable', '8bit'),
  content,
})
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({
      kind: fc.constant('multi' as const),
      subtype: fc.constantFrom('mixed', 'alternative', 'signed'),
      preamble: fc.boolean(),
      parts: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('message' as const), subject: fc.constant('inner'), body: tie('tree') }),
  ),
}))

function summaryOf(bytes: Uint8Array, pieces: readonly Uint8Array[]): Summary {
  const summarizer = createSummarizer()
  for (const piece of pieces) summarizer.write(piece)
  const { summary, size } = summarizer.end()
  expect(size).toBe(bytes.length)
  return openSummary(summary)!
}

const range = (pair: readonly [number, number] | undefined) => (pair ? { start: pair[0], end: pair[1] } : null)

describe('sections of any tree (RFC 9051 §6.4.5), however the message was cut', () => {
  it('lie where they were written, and no others are there', () => {
    fc.assert(
      fc.property(tree, places, (root, at) => {
        const { text, places: expected } = write(root)
        const bytes = latin1Bytes(text)
        const summary = summaryOf(bytes, cut(bytes, at))
        const message = parseMessage(bytes)
        for (const [number, place] of expected) {
          const path = number === '' ? [] : number.split('.').map(Number)
          expect(summary.section(path)).toEqual(range(place.body))
          expect(summary.section(path, 'HEADER')).toEqual(range(place.inner?.header))
          expect(summary.section(path, 'TEXT')).toEqual(range(place.inner?.text))
          expect(summary.section(path, 'MIME')).toEqual(path.length === 0 ? null : range(place.mime))
          if (path.length === 0) continue
          expect(summary.part(path)?.decodedSize).toBe(place.decoded)
          const part = message.part(number)!
          expect(latin1Text(part.raw())).toBe(text.slice(...place.body))
          expect(part.bytes().length).toBe(place.decoded)
          expect(part.message && latin1Text(part.message.bytes())).toBe(place.inner ? text.slice(...place.body) : null)
        }
        for (let one = 1; one <= 4; one++) {
          for (const path of [[one], [1, one], [2, one], [one, 1, 1], [1, 1, 1, one]]) {
            if (expected.has(path.join('.'))) continue
            expect(summary.section(path)).toBeNull()
            expect(message.part(path.join('.'))).toBeNull()
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('have the sizes that BODYSTRUCTURE says', () => {
    fc.assert(
      fc.property(tree, places, (root, at) => {
        const { text, shape } = write(root)
        const bytes = latin1Bytes(text)
        const summary = summaryOf(bytes, cut(bytes, at))
        for (const extended of [true, false]) {
          expect(readShape(readWire(latin1Text(summary.bodyStructure(extended))).value)).toEqual(shape)
        }
      }),
      { numRuns: 300 },
    )
  })
})
