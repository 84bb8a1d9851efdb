import { milter } from '@posthouse/milter'
import { milterAt } from '@posthouse/milter/node'
import { expect, test } from 'vitest'

const connect = milterAt('inet:11332@127.0.0.1')

test.each([
  [{}, TypeError, 'milter needs the option connect'],
  [{ connect: 'inet:11332@127.0.0.1' }, TypeError, "as milterAt('inet:11332@127.0.0.1') makes one"],
  [{ connect, whendown: 'accept' }, TypeError, 'there is no milter option whendown; there are connect,'],
  [{ connect, whenDown: 'reject it' }, TypeError, 'whenDown must be one of accept, tempfail, reject, not "reject it"'],
  [{ connect, quarantine: true }, TypeError, 'quarantine must be one of reject, note, not true'],
  [{ connect, limits: { packets: 1 } }, TypeError, 'there is no limit packets; there are connect,'],
  [{ connect, limits: { packet: -1 } }, RangeError, 'limits.packet must be 0 or more, not -1'],
])('a mistake is said at the start: %o', (options, kind, words) => {
  expect(() => milter(options as never)).toThrow(kind)
  expect(() => milter(options as never)).toThrow(words)
})
