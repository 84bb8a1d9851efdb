/**
 * Only CRLF.CRLF ends DATA: every string over the octets that matter, against a model that is too simple to be wrong,
 * in cuttings. `SMUGGLING_LENGTH=8` tests all strings of eight (about a minute).
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ContentPolicy, ContentReader } from '../src/engine/content.js'
import { engine, octets, rule, run } from './engine-setup.js'

const ALPHABET = '\r\n.a\0'
const LONGEST = Number(process.env.SMUGGLING_LENGTH ?? 7)

interface Model {
  /** Octets consumed when the end was found, or -1. */
  readonly end: number
  readonly message: string
  readonly bareCr: boolean
  readonly bareLf: boolean
  readonly nul: boolean
}

/** DATA as RFC 5321 §4.1.1.4 and §4.5.2 define it, on the whole text at once. */
function model(text: string, policy: ContentPolicy): Model {
  // The CRLF of the DATA command itself may begin the end.
  const at = `\r\n${text}`.indexOf('\r\n.\r\n')
  const lines = (at === -1 ? text : text.slice(0, at)).split('\r\n')
  const message = lines.map((line) => (line.startsWith('.') ? line.slice(1) : line)).join('\r\n')
  const marked = message.replaceAll('\r\n', '\x01')
  let out = ''
  for (const octet of marked) {
    if (octet === '\x01') out += '\r\n'
    else if (octet === '\r') out += policy.bareCr === 'normalize' ? '\r\n' : '\r'
    else if (octet === '\n') out += policy.bareLf === 'normalize' ? '\r\n' : '\n'
    else if (octet === '\0') out += policy.nul === 'normalize' ? '' : '\0'
    else out += octet
  }
  return {
    end: at === -1 ? -1 : at + 3,
    message: out,
    bareCr: marked.includes('\r'),
    bareLf: marked.includes('\n'),
    nul: marked.includes('\0'),
  }
}

function read(chunks: readonly Uint8Array[], policy: ContentPolicy): Model {
  const reader = new ContentReader(true, policy)
  let message = ''
  let before = 0
  const result = (end: number): Model => ({
    end,
    message,
    bareCr: reader.bareCr,
    bareLf: reader.bareLf,
    nul: reader.nul,
  })
  for (const chunk of chunks) {
    for (;;) {
      const piece = reader.read(chunk)
      if (piece === 'more') break
      if (piece === 'end') return result(before + reader.at)
      for (const octet of piece) message += String.fromCharCode(octet)
    }
    before += chunk.length
    reader.at = 0
  }
  return result(-1)
}

function* strings(length: number): Generator<string> {
  const total = ALPHABET.length ** length
  for (let n = 0; n < total; n++) {
    let text = ''
    for (let rest = n, i = 0; i < length; i++, rest = Math.floor(rest / ALPHABET.length)) {
      text += ALPHABET[rest % ALPHABET.length]
    }
    yield text
  }
}

/** All cuttings of short strings; of longer ones whole, octet by octet, and cut once at each place. */
function* cuttings(bytes: Uint8Array): Generator<Uint8Array[]> {
  const places = bytes.length - 1
  if (bytes.length <= 5) {
    for (let mask = 0; mask < 1 << Math.max(0, places); mask++) {
      const chunks: Uint8Array[] = []
      let start = 0
      for (let i = 1; i <= bytes.length; i++) {
        if (i === bytes.length || mask & (1 << (i - 1))) {
          chunks.push(bytes.subarray(start, i))
          start = i
        }
      }
      yield chunks
    }
    return
  }
  yield [bytes]
  yield Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
  for (let i = 1; i <= places; i++) yield [bytes.subarray(0, i), bytes.subarray(i)]
}

describe.each(['reject', 'normalize', 'preserve'] as const)('DATA with the rule %s', (name) => {
  const policy = rule(name)
  test.each(Array.from({ length: LONGEST }, (_, i) => i + 1))('all strings of %i octets in cuttings', (length) => {
    for (const text of strings(length)) {
      const bytes = octets(text)
      const wanted = model(text, policy)
      for (const chunks of cuttings(bytes)) {
        const heard = read(chunks, policy)
        const same =
          heard.end === wanted.end &&
          (wanted.end === -1
            ? // What stands at the end may still become the end of the message: it is held back.
              (wanted.message.startsWith(heard.message) && wanted.message.length - heard.message.length <= 2) ||
              normalizedLater(heard.message, wanted.message)
            : heard.message === wanted.message &&
              heard.bareCr === wanted.bareCr &&
              heard.bareLf === wanted.bareLf &&
              heard.nul === wanted.nul)
        if (!same) expect({ text, chunks: chunks.map((c) => [...c]), ...heard }).toEqual({ text, ...wanted })
      }
    }
  })
})

/** A CR at the very end of what has come so far is not known to be bare yet. */
function normalizedLater(heard: string, wanted: string): boolean {
  return `${heard}\n` === wanted
}

const HEAD = 'EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n'

test.each([
  '\n.\n',
  '\n.\r',
  '\r.\n',
  '\r.\r',
  '\n.\r\n',
  '\r.\r\n',
  '\r\n\0.\r\n',
  '\r\n.\0\r\n',
  '\r\n.\n',
  '\r\n.\r',
  '\r\n.\r\r\n',
  '\r\r\n.\r\r\n',
  '\r\n.\t\r\n',
  '\r\n. \r\n',
])('row 1: %j is no end of a message, and what follows is no command', (trick) => {
  const text = `${HEAD}text${trick}MAIL FROM:<evil@example.com>\r\n.\r\nQUIT\r\n`
  for (const chunks of cuttings(octets(text))) {
    const { log, output } = run(engine(), chunks)
    expect(log.filter((line) => line === 'MAIL')).toHaveLength(1)
    expect(log.at(-1)).toBe('QUIT')
    const harmless = ['\r\n.\t\r\n', '\r\n. \r\n'].includes(trick)
    expect(output.includes('550 5.6.0')).toBe(!harmless)
  }
})

test('every string between two commands: the message ends where the model says, and the rest is commands', () => {
  for (let length = 1; length <= Math.min(5, LONGEST); length++) {
    for (const text of strings(length)) {
      const wanted = model(`${text}\r\n.\r\n`, rule('preserve'))
      const rest = `${text}\r\n.\r\n`.slice(wanted.end)
      const { log } = run(engine({ content: rule('preserve') }), [octets(`${HEAD}${text}\r\n.\r\nNOOP\r\n`)])
      if (rest === '')
        expect(log.slice(4), JSON.stringify(text)).toEqual([`message-end ${wanted.message.length}`, 'NOOP'])
      else expect(log[4], JSON.stringify(text)).toBe(`message-end ${wanted.message.length}`)
    }
  }
})

test('long lines, any octets, any place in memory: as the model says', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '\r\n',
      '\r\n',
      '\r\n.',
      '\r\n..',
      '.',
      '\r',
      '\n',
      '\0',
      '\t',
      '\x0b',
      '\x0e',
      '\xff',
      '\x80\x8d\x8a',
    ),
    fc.integer({ min: 1, max: 90 }).map((length) => 'x'.repeat(length)),
  )
  const text = fc.array(piece, { maxLength: 25 }).map((pieces) => `${pieces.join('')}\r\n.\r\n`)
  const offset = fc.integer({ min: 0, max: 7 })
  const name = fc.constantFrom('reject' as const, 'normalize' as const, 'preserve' as const)
  fc.assert(
    fc.property(text, offset, name, fc.array(fc.nat(500), { maxLength: 3 }), (input, shift, which, places) => {
      const policy = rule(which)
      const memory = new Uint8Array(input.length + shift)
      memory.set(octets(input), shift)
      const bytes = memory.subarray(shift)
      const at = [...places.filter((place) => place < bytes.length), bytes.length].sort((a, b) => a - b)
      const chunks = at.map((end, i) => bytes.subarray(at[i - 1] ?? 0, end)).filter(({ length }) => length > 0)
      expect(read(chunks, policy)).toEqual(model(input, policy))
    }),
    { numRuns: 3_000 },
  )
})
