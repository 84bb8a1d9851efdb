/** Properties of the engine: what comes out does not depend on how the input is cut. */
import { latin1, ProtocolUsageError } from '@posthouse/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { replies, reply } from '../src/index.js'
import { engine, octets, rule, run } from './engine-setup.js'

/** Pieces of dialogues, sound and unsound. */
const PIECES = [
  'EHLO x\r\n',
  'HELO x\r\n',
  'LHLO x\r\n',
  'MAIL FROM:<a@b>\r\n',
  'MAIL FROM:<a@b> BODY=BINARYMIME\r\n',
  'RCPT TO:<c@d>\r\n',
  'DATA\r\n',
  'BDAT 4\r\nab\r\n',
  'BDAT 3 LAST\r\nabc',
  'BDAT 0 LAST\r\n',
  'BDAT x\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'AUTH PLAIN\r\n',
  '*\r\n',
  'AAAA\r\n',
  'line\r\n',
  '..\r\n',
  '.',
  '.\r\n',
  '\r\n',
  '\r',
  '\n',
  '\0',
  `${'x'.repeat(70)}\r\n`,
  'x'.repeat(130),
  'QUIT\r\n',
  'é\r\n',
]
const LIMITS = { commandLine: 60, authLine: 100, messageSize: 40, skippedLine: 300, discardedMessage: 200 }

const dialogue = fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => pieces.join(''))

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  const chunks: Uint8Array[] = []
  let start = 0
  for (const end of [...at, bytes.length]) {
    if (end > start) chunks.push(bytes.slice(start, end))
    start = Math.max(start, end)
  }
  return chunks
}

describe.each(['smtp', 'lmtp'] as const)('%s', (dialect) => {
  test.each(['reject', 'normalize', 'preserve'] as const)(
    'any cutting gives the same events, message and output (%s)',
    (content) => {
      fc.assert(
        fc.property(dialogue, fc.array(fc.nat(5_000), { maxLength: 20 }), (text, places) => {
          const make = () => engine({ dialect, limits: LIMITS, content: rule(content) })
          const bytes = octets(
            `${dialect === 'smtp' ? 'EHLO' : 'LHLO'} x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n${text}`,
          )
          const whole = run(make(), [bytes])
          expect(run(make(), cut(bytes, places))).toEqual(whole)
          expect(run(make(), cut(bytes, Array.from(bytes.keys())))).toEqual(whole)
        }),
        { numRuns: 400 },
      )
    },
  )
})

test('message octets are views of what was received, not copies', () => {
  const made = engine()
  const chunk = octets('EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhello\r\n..dots\r\n.\r\n')
  made.send(reply(220, null, 'x'))
  made.receive(chunk)
  const views: Uint8Array[] = []
  for (let event = made.next(); event.type !== 'need-data'; event = made.next()) {
    if (event.type === 'message-octets') views.push(event.octets)
    else if (event.type === 'message-end') made.send(replies.accepted())
    else if (event.type === 'command') {
      made.send(event.command.verb === 'DATA' ? replies.startMailInput() : replies.ok())
    }
  }
  expect(views.map((view) => latin1(view))).toEqual(['hello\r\n', '.dots\r\n'])
  for (const view of views) expect(view.buffer).toBe(chunk.buffer)
})

describe('answers that the state does not allow', () => {
  test('a reply that nobody asked for', () => {
    const made = engine()
    made.send(reply(220, null, 'x'))
    expect(() => made.send(replies.ok())).toThrow(ProtocolUsageError)
  })
  test('several replies to a command', () => {
    const made = engine()
    expect(() => made.send([replies.ok()])).toThrow(ProtocolUsageError)
  })
  test('another number of replies than LMTP has recipients', () => {
    const made = engine({ dialect: 'lmtp' })
    made.send(reply(220, null, 'x'))
    made.receive(octets('LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 0 LAST\r\n'))
    for (let event = made.next(); event.type !== 'message-end'; event = made.next()) {
      if (event.type === 'command') made.send(replies.ok())
    }
    expect(() => made.send([replies.ok(), replies.ok()])).toThrow(ProtocolUsageError)
    made.send([replies.accepted()])
    expect(made.state).toBe('greeted')
  })
  test('nothing is said until somebody greets', () => {
    const made = engine()
    made.receive(octets('EHLO x\r\n'))
    expect(made.next().type).toBe('paused')
    made.send(reply(220, null, 'x'))
    expect(made.next().type).toBe('command')
    expect(made.next().type).toBe('paused')
  })
})
