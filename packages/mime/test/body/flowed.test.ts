import { describe, expect, test } from 'vitest'
import { readFlowed, reflow } from '../../src/body/flowed.js'

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
