/** RFC 3030 §2: BDAT in every order with what else may be said, against a model. Each chunk holds a command. */
import { expect, test } from 'vitest'
import { engine, octets, rule, run } from './engine-setup.js'

/** Octets of a message at most: the second chunk of six is one too many. */
const LIMIT = 10

const ACTIONS = new Map([
  ['EHLO', 'EHLO x\r\n'],
  ['MAIL', 'MAIL FROM:<a@b>\r\n'],
  ['RCPT', 'RCPT TO:<c@d>\r\n'],
  ['DATA', 'DATA\r\n.\r\n'],
  ['RSET', 'RSET\r\n'],
  ['BDAT', 'BDAT 6\r\nQUIT\r\n'],
  ['LAST', 'BDAT 6 LAST\r\nQUIT\r\n'],
  ['ZERO', 'BDAT 0 LAST\r\n'],
  ['HUGE', `BDAT 16 LAST\r\n.\r\nQUIT\r\nQUIT\r\n\0`],
])

/** The replies to a dialogue, and what messages were complete. */
function model(actions: readonly string[]): { codes: number[]; messages: number[] } {
  let state: 'greeted' | 'mail' | 'rcpt' | 'chunking' | 'failed' = 'greeted'
  let size = 0
  const codes: number[] = []
  const messages: number[] = []
  const chunk = (octets: number, last: boolean): number => {
    if (state !== 'rcpt' && state !== 'chunking') return 503
    if (state === 'rcpt') size = 0
    size += octets
    const fits = size <= LIMIT
    if (last) messages.push(fits ? size : -1)
    state = last ? 'greeted' : fits ? 'chunking' : 'failed'
    return fits ? 250 : 552
  }
  for (const action of actions) {
    switch (action) {
      case 'EHLO':
      case 'RSET':
        state = 'greeted'
        codes.push(250)
        break
      case 'MAIL':
        codes.push(state === 'greeted' ? 250 : 503)
        if (state === 'greeted') state = 'mail'
        break
      case 'RCPT':
        codes.push(state === 'mail' || state === 'rcpt' ? 250 : 503)
        if (state === 'mail') state = 'rcpt'
        break
      case 'DATA':
        // Where there is no message, its dot is a command, to which `run` says yes as to any other.
        codes.push(...(state === 'rcpt' ? [354, 250] : [503, 250]))
        if (state !== 'rcpt') break
        state = 'greeted'
        messages.push(0)
        break
      case 'HUGE':
        codes.push(chunk(16, true))
        break
      default:
        codes.push(chunk(action === 'ZERO' ? 0 : 6, action !== 'BDAT'))
    }
  }
  return { codes, messages }
}

/** What the engine makes of it; `QUIT` is never said, so it must never be heard. */
function heard(actions: readonly string[], cut: boolean): { codes: number[]; messages: number[] } {
  const bytes = octets(`EHLO x\r\n${actions.map((action) => ACTIONS.get(action)).join('')}NOOP\r\n`)
  const made = engine({ limits: { messageSize: LIMIT }, content: rule('preserve') })
  const { log, output } = run(made, cut ? Array.from(bytes, (_, i) => bytes.slice(i, i + 1)) : [bytes])
  expect(log).not.toContain('QUIT')
  expect(log.at(-1)).toBe('NOOP')
  const lines = output.split('\r\n').map((line) => Number(line.slice(0, 3)))
  const ends = log.filter((line) => line.startsWith('message-end'))
  return {
    // Without the greeting, the first EHLO, and NOOP.
    codes: lines.slice(2, -2),
    messages: ends.map((line) => (line.includes('oversize') ? -1 : Number(line.split(' ')[1]))),
  }
}

function* sequences(length: number): Generator<string[]> {
  if (length === 0) return yield []
  for (const before of sequences(length - 1)) for (const action of ACTIONS.keys()) yield [...before, action]
}

test.each([1, 2, 3, 4])('all orders of %i, behind a transaction that has begun and without one', (length) => {
  for (const actions of sequences(length)) {
    for (const all of [actions, ['MAIL', 'RCPT', ...actions]]) {
      const wanted = model(all)
      for (const cut of length < 4 ? [false, true] : [false]) {
        const seen = heard(all, cut)
        if (JSON.stringify(seen) !== JSON.stringify(wanted)) expect({ all, ...seen }).toEqual({ all, ...wanted })
      }
    }
  }
})

test.each([
  ['a tab', 'BDAT\t6 LAST'],
  ['a control character behind it', 'BDAT 6 LAST\0'],
  ['small letters and a control character', 'bdat 6 LAST\x0b'],
  ['octets that are no UTF-8', 'BDAT 6 LAST \xff'],
  ['more blanks than a line may have', `BDAT 6 LAST${' '.repeat(2_100)}`],
  ['more blanks than are looked at', `BDAT 6 LAST${' '.repeat(12_300)}`],
])('a BDAT that nobody can read is the end, as nobody knows how many octets follow: %s', (_name, line) => {
  const bytes = octets(`EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n${line}\r\nQUIT\r\n`)
  for (const chunks of [[bytes], Array.from(bytes, (_, i) => bytes.slice(i, i + 1))]) {
    const { log } = run(engine(), chunks)
    expect(log.slice(0, 3)).toEqual(['EHLO', 'MAIL', 'RCPT'])
    expect(log.slice(3)).toEqual([expect.stringMatching(/^refused \w* 500 close$/)])
  }
})
