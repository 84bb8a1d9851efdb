/** A server that stops, in each state of a connection: what has begun is finished, and nothing else begins. */
import { fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory } from '@posthouse/wire/testing'
import { expect, test, vi } from 'vitest'
import { createSmtpServer, discard, type SmtpHandler } from '../src/index.js'

const MAIL = 'EHLO x\nMAIL FROM:<a@b.test>\nRCPT TO:<c@d.test>\n'
const STOPS = '421'

test.each([
  ['before EHLO', '', '', STOPS],
  ['between transactions', 'EHLO x\n', '', STOPS],
  ['in a transaction without a message', MAIL, '', STOPS],
  ['in a login', 'EHLO x\nAUTH PLAIN\n', '', STOPS],
  ['in the middle of a line', `${MAIL}RCPT TO:<e`, '', STOPS],
  ['in a message', `${MAIL}DATA\nx\n`, '.\n', `250 ${STOPS}`],
  ['in a message of pieces', `${MAIL}BDAT 1\nxBDAT 3\ny`, 'zz', '250'],
  ['between its pieces, and the last one comes', `${MAIL}BDAT 1\nx`, 'BDAT 1 LAST\ny', `250 ${STOPS}`],
  ['between its pieces, and the client gives up', `${MAIL}BDAT 1\nx`, 'RSET\n', `250 ${STOPS}`],
])('%s', async (_where, before, behind, answers) => {
  const server = createSmtpServer({
    ...{ handlers: [discard()], authenticate: () => null, allowInsecureAuth: true },
  })
  const connection = connectInMemory(server)
  const send = (text: string) => connection.send(fromLatin1(text.replaceAll('\n', '\r\n')))
  send(before)
  await vi.waitFor(() => expect(connection.driver.busy).toBe(false))
  connection.take()
  connection.driver.shutdown()
  await Promise.resolve()
  if (behind !== '') {
    expect(latin1(connection.take())).toBe('')
    send(behind)
  }
  const codes = () => answers.split(' ')
  await vi.waitFor(() => expect(connection.closed).toBe(answers.endsWith(STOPS)))
  expect(
    latin1(connection.take())
      .split('\r\n')
      .slice(0, -1)
      .map((line) => line.slice(0, 3)),
  ).toEqual(codes())
})

test.each(['data', 'mail'] as const)('while a handler thinks about %s: its answer comes first', async (stage) => {
  let decide = (): void => {}
  const slow: SmtpHandler = { [stage]: () => new Promise<void>((resolve) => (decide = resolve)) }
  const connection = connectInMemory(createSmtpServer({ handlers: [slow, discard()] }))
  connection.send(fromLatin1('EHLO x\r\n'))
  connection.send(fromLatin1('MAIL FROM:<a@b.test>\r\n'))
  if (stage === 'data') for (const line of ['RCPT TO:<c@d.test>', 'DATA']) connection.send(fromLatin1(`${line}\r\n`))
  await new Promise(setImmediate)
  connection.take()
  connection.driver.shutdown()
  expect(latin1(connection.take())).toBe('')
  decide()
  await connection.output()
  if (stage === 'data') {
    expect(latin1(connection.take())).toMatch(/^354 /)
    connection.send(fromLatin1('x\r\n.\r\n'))
  }
  await vi.waitFor(() => expect(connection.closed).toBe(true))
  expect(latin1(connection.take())).toMatch(/^250 .*\r\n421 4\.3\.2 .*\r\n$/)
})
