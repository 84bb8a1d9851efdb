import { concat, fromLatin1 } from '@posthouse/wire'
import { joinPayload, playEngine } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createImapEngine, DEFAULT_LIMITS, type ImapEngine, type ImapEvent } from '../src/engine/index.js'

const limits = {
  ...DEFAULT_LIMITS,
  line: 120,
  loginLine: 60,
  literal: 30,
  loginLiteral: 10,
  literals: 3,
  literalTotal: 50,
  nonSyncLiteral: 20,
  skipped: 200,
  loginSkipped: 80,
  responseLine: 20,
}

/** Answers as a session would: every kind of answer, chosen by what was said. */
function answer(event: ImapEvent, engine: Pick<ImapEngine, 'send'>): void {
  switch (event.type) {
    case 'command':
      if (event.name === 'IDLE') return engine.send({ type: 'prompt', bytes: fromLatin1('+ idling\r\n') })
      return engine.send({ type: 'completion', bytes: fromLatin1(`${event.tag} OK\r\n`) })
    case 'literal-start':
      if (event.size > 40) return engine.send({ type: 'completion', bytes: fromLatin1(`${event.tag} NO\r\n`) })
      return engine.send({ type: 'accept' })
    case 'message-bytes':
    case 'literal-end':
      return
    case 'command-end':
      return engine.send({ type: 'completion', bytes: fromLatin1(`${event.tag} OK done\r\n`) })
    case 'line':
      return engine.send({ type: 'completion', bytes: fromLatin1('OK line\r\n') })
    case 'refused':
      return engine.send({ type: 'completion', bytes: fromLatin1(`BAD ${event.text}\r\n`) })
  }
}

function run(chunks: readonly Uint8Array[], authenticated: boolean) {
  const engine = createImapEngine({
    limits,
    messageArgument: (name) => (name === 'APPEND' ? 1 : undefined),
    isCommand: (name) => name !== 'BLURDYBLOOP',
  })
  engine.authenticated = authenticated
  const played = playEngine(engine, chunks, answer as never)
  return { events: joinPayload(played.events as ImapEvent[], 'message-bytes', 'bytes'), output: played.output }
}

const piece = fc.oneof(
  fc.constantFrom(
    'a NOOP\r\n',
    'b IDLE\r\nDONE\r\n',
    'b IDLE\r\nsomething that is far too long for a line\r\n',
    'c LOGIN {3}\r\nabc {2}\r\nde\r\n',
    'c LOGIN {3+}\r\nabc {2+}\r\nde\r\n',
    'd APPEND x {5+}\r\nhello {3+}\r\nabc\r\n',
    'd APPEND {1+}\r\nx (\\Seen) {5+}\r\nhello\r\n',
    'e APPEND x {41+}\r\nx NOOP\r\nx NOOP\r\nx NOOP\r\nx NOOP\r\nx NOOP\r\n\r\n',
    'f APPEND x {60}\r\n',
    'g X {25+}\r\ny NOOP\r\ny NOOP\r\n1234567890\r\n',
    'h X {999+}\r\n',
    `i X ${'y'.repeat(150)}\r\n`,
    `i X ${'y'.repeat(130)} {10+}\r\nz NOOP\r\nzz\r\n`,
    'j X {1+}\r\n1{1+}\r\n2{1+}\r\n3{1+}\r\n4\r\n',
    'k NOOP\n',
    'l BLURDYBLOOP {8}\r\nx NOOP\r\n',
    'l BLURDYBLOOP {8+}\r\nx NOOP\r\n {3}\r\n',
    '\r\n',
    'UID',
    '{',
    '}',
    '"',
    ' ',
    '\r',
    '\n',
    '{0+}\r\n',
    '{3}\r\n',
  ),
  fc.string({ maxLength: 20 }),
)

test('any cutting of the same octets gives the same events and output', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      (pieces, sizes, authenticated) => {
        const all = fromLatin1(pieces.join(''))
        const cut: Uint8Array[] = []
        for (let at = 0, i = 0; at < all.length; i++) {
          const size = sizes[i % sizes.length] as number
          cut.push(all.subarray(at, at + size))
          at += size
        }
        const whole = run([all], authenticated)
        expect(run(cut, authenticated)).toEqual(whole)
        expect(
          run(
            [...all].map((octet) => Uint8Array.of(octet)),
            authenticated,
          ),
        ).toEqual(whole)
      },
    ),
    { numRuns: 400 },
  )
})

test('the octets of a message come out as they went in', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.boolean(), (bytes, sync) => {
      const head = fromLatin1(`a APPEND x {${bytes.length}${sync ? '' : '+'}}\r\n`)
      const { events } = run([concat([head, bytes, fromLatin1('\r\nb NOOP\r\n')])], true)
      expect(events.map(({ type }) => type)).toEqual([
        'literal-start',
        'message-bytes',
        'literal-end',
        'command-end',
        'command',
      ])
      expect((events[1] as { bytes: Uint8Array }).bytes).toEqual(Uint8Array.from(bytes))
    }),
  )
})
