import { createDotStuffer, createDotUnstuffer, createPop3ClientEngine, parseStatus } from '@posthouse/pop3'
import { concat, fromLatin1, latin1, ProtocolUsageError } from '@posthouse/wire'
import { playEngine, slices } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

type Asked = readonly [line: string, expects: 'status' | 'lines' | 'challenges']

/** What a server's octets mean to a client that has asked for this, as text, pieces joined. */
function heard(chunks: readonly Uint8Array[], asked: readonly Asked[]): string[] {
  const engine = createPop3ClientEngine()
  for (const [line, expects] of asked) engine.send({ type: 'command', line, expects })
  const told: string[] = []
  let octets: Uint8Array[] = []
  const { events } = playEngine(engine, chunks, () => {})
  for (const event of events) {
    if (event.type === 'octets') {
      octets.push(...event.pieces)
      continue
    }
    if (octets.length > 0) told.push(latin1(concat(octets)))
    octets = []
    if (event.type === 'status') told.push(`${event.ok ? 'ok' : 'no'}:${event.code ?? ''}:${event.text}`)
    else if (event.type === 'challenge') told.push(`challenge:${latin1(event.data)}`)
    else if (event.type === 'violation') told.push(`violation:${event.message}`)
    else told.push(event.type)
  }
  if (octets.length > 0) told.push(latin1(concat(octets)))
  return told
}

const SESSION = [
  '+OK ready\r\n',
  '+OK\r\nUIDL\r\nSASL PLAIN\r\n.\r\n',
  '+ \r\n+ YQ==\r\n-ERR [AUTH] no\r\n',
  '+OK 2 messages\r\n..\r\n...\r\nx\r\n.\ry\r\n\r\n.\r\n',
  '-ERR no such message\r\n',
  '+OK\r\n.\r\n',
].join('')

const ASKED: readonly Asked[] = [
  ['CAPA', 'lines'],
  ['AUTH LOGIN', 'challenges'],
  ['RETR 1', 'lines'],
  ['RETR 2', 'lines'],
  ['LIST', 'lines'],
]

const MEANING = [
  'ok::ready',
  ...['ok::', 'UIDL\r\nSASL PLAIN\r\n', 'end'],
  ...['challenge:', 'challenge:YQ==', 'no:AUTH:no'],
  ...['ok::2 messages', '.\r\n..\r\nx\r\n\ry\r\n\r\n', 'end'],
  'no::no such message',
  ...['ok::', 'end'],
]

describe('the engine of a client', () => {
  test('pipelined commands find their answers, at any cut', () => {
    expect(heard([fromLatin1(SESSION)], ASKED)).toEqual(MEANING)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const octets = fromLatin1(SESSION)
        const chunks: Uint8Array[] = []
        for (let at = 0, i = 0; at < octets.length; i++) {
          const end = at + sizes[i % sizes.length]
          chunks.push(octets.slice(at, end))
          at = end
        }
        expect(heard(chunks, ASKED)).toEqual(MEANING)
      }),
    )
  })

  test.each([
    ['neither +OK nor -ERR', '220 smtp.example ESMTP\r\n', 'violation:the server sent neither +OK nor -ERR'],
    ['+OKAY', '+OKAY\r\n', 'violation:the server sent neither +OK nor -ERR'],
    ['a line without an end', 'x'.repeat(20_000), 'violation:the server sent a line without an end'],
    ['more than was asked', '+OK\r\n+OK\r\n', 'violation:the server answered what nobody asked'],
    ['a challenge nobody asked for', '+ YQ==\r\n', 'violation:the server sent neither +OK nor -ERR'],
  ])('hangs up at %s', (_name, said, wanted) => {
    for (const size of [1, 7, said.length]) expect(heard(slices(fromLatin1(said), size), []).at(-1)).toBe(wanted)
  })

  test('an argument cannot become a command', () => {
    const engine = createPop3ClientEngine()
    for (const line of ['USER a\r\nDELE 1', 'USER a\n', 'USER a\0']) {
      expect(() => engine.send({ type: 'command', line, expects: 'status' })).toThrow(ProtocolUsageError)
    }
    expect(engine.takeOutput()).toEqual([])
  })
})

test.each([
  ['+OK', { ok: true, code: null, text: '' }],
  ['+ok ready', { ok: true, code: null, text: 'ready' }],
  ['-ERR [IN-USE] busy', { ok: false, code: 'IN-USE', text: 'busy' }],
  ['-ERR [sys/temp] later', { ok: false, code: 'SYS/TEMP', text: 'later' }],
  ['-ERR [] x', { ok: false, code: null, text: '[] x' }],
  ['-ERR [open', { ok: false, code: null, text: '[open' }],
  ['-ERRx', null],
  ['', null],
])('RFC 2449 §8: the status %j', (line, wanted) => {
  expect(parseStatus(fromLatin1(line))).toEqual(wanted)
})

test('what was stuffed comes back, whatever it is and however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('.', '\r\n', 'a', '\r\n.', '\r\n.\r\n', '\n', '\r'), { maxLength: 20 }),
      fc.integer({ min: 1, max: 6 }),
      (parts, size) => {
        const message = `${parts.join('')}\r\n`
        const stuffer = createDotStuffer()
        const stuffed = concat([...stuffer.write(fromLatin1(message)), stuffer.end(), fromLatin1('+OK next')])
        const unstuffer = createDotUnstuffer()
        let at = 0
        let back = ''
        for (;;) {
          const bytes = stuffed.subarray(at, at + size)
          const { pieces, end } = unstuffer.read(bytes)
          back += latin1(concat(pieces))
          at += end === -1 ? bytes.length : end
          if (end !== -1) break
        }
        expect(back).toBe(message)
        expect(latin1(stuffed, at)).toBe('+OK next')
      },
    ),
  )
})
