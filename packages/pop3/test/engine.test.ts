import { createPop3Engine, DEFAULT_LIMITS, type Pop3Engine, type Pop3Event, parseCommand } from '@posthouse/pop3'
import { fromLatin1, fromUtf8, latin1, ProtocolUsageError } from '@posthouse/wire'
import { playEngine, slices } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const LIMITS = { ...DEFAULT_LIMITS, commandLine: 20, authLine: 40, skippedLine: 60 }

/** A session in small: says yes to everything, starts TLS, takes two responses for an AUTH, sends a message for RETR. */
function answer(event: Pop3Event, engine: Pop3Engine): void {
  const keyword = event.type === 'command' ? event.command.keyword : ''
  if (keyword === 'AUTH') {
    engine.send({ type: 'challenge', data: 'Zm9v' })
    return engine.enterAuth()
  }
  if (keyword === 'RETR') {
    engine.send({ type: 'start', text: 'message follows' })
    engine.send({ type: 'octets', pieces: [fromLatin1('a\r\n'), fromLatin1('b\r\n')] })
    return engine.send({ type: 'end', octets: fromLatin1('.\r\n') })
  }
  if (keyword === 'LIST') return engine.send({ type: 'lines', text: 'two', lines: '1 10\r\n2 20\r\n' })
  if (event.type.startsWith('auth')) engine.leaveAuth()
  engine.send({ type: 'status', ok: event.type === 'command', text: event.type })
  if (keyword === 'STLS') engine.expectTls()
  if (keyword === 'QUIT' || event.type === 'violation') engine.end()
}

function play(chunks: readonly Uint8Array[]) {
  const engine = createPop3Engine(LIMITS, true)
  const { events, output } = playEngine(engine, chunks, (event) => answer(event, engine))
  return { events, output: latin1(output) }
}

const WORDS = [
  ...['STLS\r\n', 'USER a\r\n', 'AUTH PLAIN\r\n', 'AUTH\r\n', '*\r\n', 'AGEAYg==\r\n', 'RETR 1\r\n', 'LIST\r\n'],
  ...['QUIT\r\n', '\r', '\n', '\r\n', ' ', '\0', '\xff', '\x16\x03\x01', 'x'.repeat(50), 'y'.repeat(70)],
  `NOOP ${'x'.repeat(20)}\r\n`,
]

describe('the engine of a server', () => {
  test('any cutting gives the same events and the same output, whatever stands behind STLS', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
        (words, sizes) => {
          const input = fromLatin1(words.join(''))
          const chunks: Uint8Array[] = []
          for (let at = 0, i = 0; at < input.length; i++) {
            chunks.push(input.slice(at, at + sizes[i % sizes.length]))
            at += sizes[i % sizes.length]
          }
          expect(play(chunks)).toEqual(play([input]))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('RFC 2595 §4: STLS is told, and then that there are octets behind it', () => {
    for (const size of [1, 6, 9, 100]) {
      const { events, output } = play(slices(fromLatin1('STLS\r\nUSER a\r\n'), size))
      expect(events.map(({ type }) => type)).toEqual(['command', 'violation'])
      expect(output).toBe('+OK command\r\n-ERR violation\r\n')
    }
  })

  test.each<[string, string, readonly string[]]>([
    ['a bare LF', 'NOOP\nQUIT\r\n', ['violation']],
    ['a command that is too long', `NOOP ${'x'.repeat(20)}\r\nQUIT\r\n`, ['line-too-long', 'command']],
    ['a line longer than any may be', `${'x'.repeat(50)}\r\nQUIT\r\n`, ['line-too-long', 'command']],
    ['the same with a bare LF', `${'x'.repeat(50)}\nQUIT\r\n`, ['violation']],
    ['a line without an end', `${'x'.repeat(100)}\r\nQUIT\r\n`, ['violation']],
    ['octets that are not UTF-8', 'USER j\xf6rg\r\nQUIT\r\n', ['not-text', 'command']],
    ['NUL', 'USER a\0b\r\nQUIT\r\n', ['not-text', 'command']],
    ['a keyword that only looks like one', 'PA\xdf x\r\n', ['not-text']],
  ])('%s', (_name, said, types) => {
    for (const size of [1, 7, 200]) {
      expect(play(slices(fromLatin1(said), size)).events.map(({ type }) => type)).toEqual(types)
    }
  })

  test('an AUTH line may be longer than others', () => {
    const [event] = play([fromLatin1(`auth plain ${'A'.repeat(24)}\r\n`)]).events
    expect(event).toMatchObject({ type: 'command', command: { keyword: 'AUTH', words: ['plain', 'A'.repeat(24)] } })
  })

  test('no text of a reply can become a second line', () => {
    const engine = createPop3Engine(LIMITS, false)
    for (const text of ['a\r\nb', 'a\n', 'a\0']) {
      expect(() => engine.send({ type: 'status', ok: true, text })).toThrow(ProtocolUsageError)
    }
  })

  test('only what was asked is answered, and a message is sent to its end', () => {
    const engine = createPop3Engine(LIMITS, true)
    const ok = { type: 'status', ok: true, text: 'x' } as const
    expect(() => engine.send(ok)).toThrow(ProtocolUsageError)
    engine.receive(fromLatin1('RETR 1\r\nNOOP\r\n'))
    expect(engine.next().type).toBe('command')
    expect(() => engine.send({ type: 'octets', pieces: [] })).toThrow(ProtocolUsageError)
    engine.send({ type: 'start', text: 'x' })
    engine.send({ type: 'octets', pieces: [new Uint8Array(10)] })
    expect([engine.sending, engine.next().type]).toEqual([true, 'paused'])
    engine.send({ type: 'end', octets: fromLatin1('.\r\n') })
    expect([engine.sending, engine.next().type]).toEqual([false, 'command'])
  })
})

test.each<[string, ReturnType<typeof parseCommand>]>([
  ['noop', { keyword: 'NOOP', argument: '', words: [] }],
  ['RETR 1', { keyword: 'RETR', argument: '1', words: ['1'] }],
  ['TOP  1 2 ', { keyword: 'TOP', argument: ' 1 2 ', words: ['1', '2'] }],
  ['PASS  a b ', { keyword: 'PASS', argument: ' a b ', words: ['a', 'b'] }],
  ['USER jörg', { keyword: 'USER', argument: 'jörg', words: ['jörg'] }],
  ['PAß x', null],
  ['', { keyword: '', argument: '', words: [] }],
])('RFC 1939 §3: the command %j', (line, wanted) => {
  expect(parseCommand(fromUtf8(line))).toEqual(wanted)
})
