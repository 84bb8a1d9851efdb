import { createImapServer } from '@posthouse/imap'
import { playTranscript } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { testServer } from './servers.js'

const given = { store: {}, authenticate: (user: string) => user }

test.each([
  [undefined, TypeError, 'createImapServer options are an object'],
  [{ authenticate: given.authenticate }, TypeError, 'createImapServer needs the option store'],
  [{ store: {} }, TypeError, 'createImapServer needs the option authenticate'],
  [{ ...given, hostName: 'a' }, TypeError, 'there is no createImapServer option hostName; there are hostname,'],
  [{ ...given, nul: 'presrve' }, TypeError, 'nul must be one of replace, preserve, not "presrve"'],
  [{ ...given, limits: { mesage: 1 } }, TypeError, 'there is no limit mesage; there are loginLine,'],
  [{ ...given, limits: { message: '64mb' } }, TypeError, 'limits.message must be a number, not "64mb"'],
  [{ ...given, limits: { idle: Number.NaN } }, RangeError, 'limits.idle must be 0 or more, not NaN'],
])('a mistake is said at the start: %o', (options, kind, words) => {
  expect(() => createImapServer(options as never)).toThrow(kind)
  expect(() => createImapServer(options as never)).toThrow(words)
})

test('a message limit of Infinity is none, in the words of RFC 7889', async () => {
  await playTranscript(
    testServer({ limits: { message: Number.POSITIVE_INFINITY } }).server,
    `
    S: * OK {*}
    C: a LOGIN alice secret
    S: a OK [CAPABILITY {*} REPLACE APPENDLIMIT UTF8=ACCEPT {*}] {*}
    C: b STATUS INBOX (APPENDLIMIT)
    S: * STATUS INBOX (APPENDLIMIT NIL)
    S: b OK {*}`,
  )
})
