import { describe, expect, it } from 'vitest'
import { baseSubject } from '../../src/summary/index.js'

describe('base subject (RFC 5256 §2.1)', () => {
  it.each<[string, string, boolean]>([
    ['Hello', 'Hello', false],
    ['Re: Hello', 'Hello', true],
    ['RE:Hello', 'Hello', true],
    ['re : Hello', 'Hello', true],
    ['Fwd: Hello', 'Hello', true],
    ['Fw: Hello', 'Hello', true],
    ['Re[2]: Hello', 'Hello', true],
    ['Re [2] : Hello', 'Hello', true],
    ['Re: Re: fwd: Hello', 'Hello', true],
    ['[list] Hello', 'Hello', false],
    ['[list] Re: [other] Hello', 'Hello', true],
    ['[a] [b] Re: Hello', 'Hello', true],
    ['[list]', '[list]', false],
    ['[a] [b]', '[b]', false],
    ['Hello (fwd)', 'Hello', true],
    ['Hello (fwd) (FWD) ', 'Hello', true],
    ['[Fwd: Hello]', 'Hello', true],
    ['[Fwd: [Fwd: Re: Hello]]', 'Hello', true],
    ['  tabs\tand   blanks ', 'tabs and blanks', false],
    ['Result', 'Result', false],
    ['Re', 'Re', false],
    ['Re: ', '', true],
    ['', '', false],
    ['[not closed Hello', '[not closed Hello', false],
  ])('%s', (subject, base, reply) => {
    expect(baseSubject(subject)).toEqual({ base, reply })
  })
})
