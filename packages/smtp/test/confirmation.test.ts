/** Success with additional data of the server (RFC 4954 §4): a proof that is not confirmed is none. */
import { fromLatin1, plain, type SaslMechanism } from '@posthouse/wire'
import { describe, test } from 'vitest'
import { requireAuth } from '../src/index.js'
import { EHLO, play } from './dialogues.js'
import { checkPassword } from './servers.js'

/** As SCRAM, without its arithmetic: alice has proven who she is, and the server's last words wait to be confirmed. */
const proof: SaslMechanism = {
  name: 'PROOF',
  available: () => true,
  start: () => ({
    respond: () => ({ type: 'success', identity: { account: 'alice' }, data: fromLatin1('v=ok') }),
  }),
}
const options = {
  authenticate: checkPassword,
  allowInsecureAuth: true,
  mechanisms: [proof, plain],
  limits: { authFailures: 10, commandLine: 512, authLine: 600 },
}
const PROVEN = `${EHLO}
  C: AUTH PROOF eA==
  S: 334 dj1vaw==
`
const NOBODY = `
  C: MAIL FROM:<a@example.org>
  S: 530 5.7.0 Authentication required
`

function dialogue(text: string): Promise<unknown> {
  return play(text, [requireAuth()], () => {}, options)
}

test('the empty response confirms', () =>
  dialogue(`${PROVEN}
    C:
    S: 235 2.7.0 Authentication succeeded
    C: MAIL FROM:<a@example.org>
    S: 250 2.1.0 Sender OK
  `))

describe.each([
  ['something else', 'Z2FyYmFnZQ==', '535 5.7.8 Authentication credentials invalid'],
  ['no base64', '!', '501 5.5.2 Not base64'],
  ['a cancellation', '*', '501 5.7.0 Authentication cancelled'],
  ['a line that is too long', 'x'.repeat(700), '500 5.5.6 Authentication line too long'],
])('%s does not', (_what, response, answer) => {
  const spoilt = `${PROVEN}
    C: ${response}
    S: ${answer}
  `
  test('and nobody is logged in', () => dialogue(spoilt + NOBODY))

  test('nor does an empty response to another login', () =>
    dialogue(`${spoilt}
      C: AUTH PLAIN
      S: 334 
      C:
      S: 535 5.7.8 Authentication credentials invalid
      ${NOBODY}
    `))

  test('and another login is judged by itself', () =>
    dialogue(`${spoilt}
      C: AUTH PLAIN
      S: 334 
      C: AGJvYgBzZWNyZXQ=
      S: 235 2.7.0 Authentication succeeded
    `))
})

const broken = (): never => {
  throw new Error('no directory')
}
test.each<[string, Partial<SaslMechanism>, string]>([
  ['does not begin', { start: broken }, '454 4.7.0 Temporary authentication failure'],
  ['does not go on', { start: () => ({ respond: broken }) }, '454 4.7.0 Temporary authentication failure'],
  ['cannot say whether it is there', { available: broken }, '504 5.5.4 {*}'],
])('a mechanism that %s costs one command, and nobody else anything', (_what, part, answer) =>
  play(
    `${EHLO}
      C: AUTH BROKEN eA==
      S: ${answer}
      C: AUTH PLAIN AGJvYgBzZWNyZXQ=
      S: 235 2.7.0 Authentication succeeded
    `,
    [],
    () => {},
    { ...options, mechanisms: [{ ...proof, name: 'BROKEN', ...part }, plain], log: () => {} },
  ),
)
