/** What leaves is read back by the server's own reader, which takes nothing but CRLF for a line end. */
import { concat, fromLatin1, latin1 } from '@posthouse/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ContentPolicy, ContentReader } from '../../src/engine/content.js'
import { ContentWriter, type OutgoingContentRule, type OutgoingFraming } from '../../src/index.js'

const STRICT: ContentPolicy = { bareCr: 'reject', bareLf: 'reject', nul: 'reject' }

/** What a writer makes of pieces; `null` when it refuses the message. */
function written(
  pieces: readonly string[],
  framing: OutgoingFraming,
  rule: OutgoingContentRule = 'normalize',
): string | null {
  const writer = new ContentWriter(framing, rule)
  const out: Uint8Array[] = []
  for (const piece of pieces) writer.write(fromLatin1(piece), out)
  if (!writer.defect) writer.end(out)
  if (writer.defect) {
    // What has left until then must be harmless too.
    const text = latin1(concat(out))
    expect(withoutLineEnds(text)).not.toMatch(/[\r\n\0]/)
    return null
  }
  return latin1(concat(out))
}

/** What a strict server reads of DATA. */
function read(wire: string): string {
  const reader = new ContentReader(true, STRICT)
  const bytes = fromLatin1(wire)
  let text = ''
  for (;;) {
    const piece = reader.read(bytes)
    if (piece === 'more') throw new Error(`${JSON.stringify(wire)} has no end`)
    if (piece === 'end') break
    text += latin1(piece)
  }
  if (reader.at !== bytes.length) throw new Error(`${JSON.stringify(wire)} ends at ${reader.at}`)
  if (reader.refused) throw new Error(`${JSON.stringify(wire)} holds what must not be there`)
  return text
}

function withoutLineEnds(text: string): string {
  return text.replaceAll('\r\n', '')
}

/** What a message should become, in the plainest way. */
function normalized(text: string): string {
  const lines = text.replaceAll('\0', '').replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  const ended = lines === '' || lines.endsWith('\n') ? lines : `${lines}\n`
  return ended.replaceAll('\n', '\r\n')
}

function* strings(alphabet: string, longest: number): Generator<string> {
  const layers = [['']]
  for (let length = 1; length <= longest; length++) {
    layers.push((layers[length - 1] as string[]).flatMap((text) => [...alphabet].map((one) => text + one)))
  }
  for (const layer of layers) yield* layer
}

describe('all strings that matter', () => {
  test('DATA: a strict server reads what was meant, at every cut', () => {
    for (const text of strings('\r\n.a\0', 6)) {
      const whole = written([text], 'stuffed') as string
      if (written([...text], 'stuffed') !== whole) throw new Error(`cuts change ${JSON.stringify(text)}`)
      // A NUL between CR and LF is left out, and then there are two line ends.
      if (text.includes('\r\0')) continue
      const back = read(whole)
      if (back !== normalized(text)) throw new Error(`${JSON.stringify(text)} became ${JSON.stringify(back)}`)
    }
  })

  test('BDAT: the same message as by DATA', () => {
    for (const text of strings('\r\n.a\0', 5)) {
      const whole = written([text], 'counted')
      if (written([...text], 'counted') !== whole) throw new Error(`cuts change ${JSON.stringify(text)}`)
      if (read(written([text], 'stuffed') as string) !== whole) throw new Error(`${JSON.stringify(text)} differs`)
    }
  })

  test('`reject` lets pass what is sound, unchanged, and nothing else', () => {
    for (const text of strings('\r\n.a\0', 5)) {
      const sound = !/[\r\n\0]/.test(withoutLineEnds(text))
      const whole = written([text], 'stuffed', 'reject')
      if ((whole !== null) !== sound) throw new Error(`${JSON.stringify(text)}: ${whole}`)
      if ((written([...text], 'stuffed', 'reject') !== null) !== sound)
        throw new Error(`cuts change ${JSON.stringify(text)}`)
      if (whole !== null && read(whole) !== normalized(text)) throw new Error(JSON.stringify(text))
    }
  })
})

test('any cutting of any message gives the same octets', () => {
  const text = fc.array(fc.constantFrom('\r\n', '.', '\r\n.', '\r', '\n', 'line', '\0', 'x'.repeat(100)), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(text, fc.array(fc.nat(2000)), (parts, places) => {
      const whole = parts.join('')
      const at = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b)
      const pieces = [...at, whole.length].map((end, i) => whole.slice(i === 0 ? 0 : at[i - 1], end))
      for (const framing of ['stuffed', 'counted', 'binary'] as const) {
        expect(written(pieces, framing)).toBe(written([whole], framing))
      }
    }),
  )
})

test('octets are not copied', () => {
  const octets = fromLatin1('.a\r\n..b\r\nlong\r\n'.repeat(3))
  const pieces: Uint8Array[] = []
  new ContentWriter('stuffed', 'normalize').write(octets, pieces)
  expect(pieces.every(({ buffer }) => buffer === octets.buffer)).toBe(true)
})

test('BINARYMIME is not looked at', () => {
  expect(written(['\r', '\n\0.\r'], 'binary')).toBe('\r\n\0.\r')
})
