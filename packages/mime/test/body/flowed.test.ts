import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FlowedParagraph, readFlowed, reflow } from '../../src/body/flowed.js'

describe('RFC 3676', () => {
  test('§4.1: lines that end in a blank go on', () => {
    expect(readFlowed('Worse, when \r\nthey flow \r\nagain.\r\nFixed.\r\n')).toEqual([
      { quoteDepth: 0, text: 'Worse, when they flow again.' },
      { quoteDepth: 0, text: 'Fixed.' },
    ])
  })

  test('§4.2: with DelSp the blank is no text', () => {
    expect(reflow('日本 \r\n語\r\n', { delSp: true })).toBe('日本語\n')
    expect(reflow('two  \r\nwords\r\n', { delSp: true })).toBe('two words\n')
  })

  test('§4.3: the signature line ends a paragraph and never flows', () => {
    expect(readFlowed('text \r\n-- \r\nname \r\nrest\r\n')).toEqual([
      { quoteDepth: 0, text: 'text ' },
      { quoteDepth: 0, text: '-- ' },
      { quoteDepth: 0, text: 'name rest' },
    ])
  })

  test('§4.4: stuffed blanks go away', () => {
    expect(readFlowed(' >not a quote\r\n From me\r\n  two\r\n').map(({ text }) => text)).toEqual([
      '>not a quote',
      'From me',
      ' two',
    ])
  })

  test('§4.5: quote depth, and a paragraph that another depth cuts off', () => {
    const text = '>>> Matthew, \r\n>>> flow.\r\n>> A short \r\n> answer\r\nmine\r\n>\r\n'
    expect(readFlowed(text)).toEqual([
      { quoteDepth: 3, text: 'Matthew, flow.' },
      { quoteDepth: 2, text: 'A short ' },
      { quoteDepth: 1, text: 'answer' },
      { quoteDepth: 0, text: 'mine' },
      { quoteDepth: 1, text: '' },
    ])
    expect(reflow(text)).toBe('>>> Matthew, flow.\n>> A short \n> answer\nmine\n>\n')
  })
})

test('LF, no line end at the end, empty text and empty lines', () => {
  expect(readFlowed('')).toEqual([])
  expect(reflow('a \nb')).toBe('a b\n')
  expect(readFlowed('\n\n')).toEqual([
    { quoteDepth: 0, text: '' },
    { quoteDepth: 0, text: '' },
  ])
})

describe('any text', () => {
  /** A writer by RFC 3676 §4.2 and §4.4, of one's own: lines of `width` at most where there is a blank to break at. */
  function writeFlowed(paragraphs: readonly FlowedParagraph[], delSp: boolean, width: number): string {
    let text = ''
    for (const { quoteDepth, text: paragraph } of paragraphs) {
      for (let at = 0, last = false; !last; ) {
        // With DelSp a line may end anywhere; without, only behind a blank, which is text.
        let end = delSp ? at + width : paragraph.indexOf(' ', at + width) + 1
        // A piece must not look like a signature, which never flows.
        const pieces = [paragraph.slice(at, end) + (delSp ? ' ' : ''), paragraph.slice(end)]
        if (end <= at || paragraph === '-- ' || pieces.includes('-- ')) end = paragraph.length
        last = end >= paragraph.length
        const line = last ? paragraph.slice(at) : pieces[0]!
        const stuffed = quoteDepth > 0 || [' ', '>'].includes(line.charAt(0)) || line.startsWith('From ')
        text += `${'>'.repeat(quoteDepth)}${stuffed ? ' ' : ''}${line}\r\n`
        at = end
      }
    }
    return text
  }

  test.each([false, true])('that was flowed comes back (DelSp %s)', (delSp) => {
    const words = fc.string({
      unit: fc.constantFrom('a', 'b', ' ', ' ', '>', '-', 'From ', '日', '-- '),
      maxLength: 60,
    })
    const paragraph = fc.record({
      quoteDepth: fc.constantFrom(0, 0, 0, 1, 2, 5),
      // A fixed line does not end in a blank, unless it is the signature.
      text: fc.oneof(
        { weight: 9, arbitrary: words.map((text) => text.trimEnd()) },
        { weight: 1, arbitrary: fc.constant('-- ') },
      ),
    })
    fc.assert(
      fc.property(fc.array(paragraph, { maxLength: 8 }), fc.integer({ min: 1, max: 20 }), (paragraphs, width) => {
        expect(readFlowed(writeFlowed(paragraphs, delSp, width), { delSp })).toEqual(paragraphs)
      }),
      { numRuns: 1000 },
    )
  })
})
