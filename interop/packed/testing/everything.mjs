// Everything once, as an ES module: run by the Node versions and by Bun, from packed packages.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import {
  connectTestMail,
  createTestAuthority,
  on,
  stable,
  startTestMail,
  TestMailError,
  testMailFor,
} from '@posthouse/testing'
import { fixture, fixtureNames } from '@posthouse/testing/fixtures'
import { createTestMailApi } from '@posthouse/testing/http'

/** Says lines one after the other, each when the answer to the one before is there; gives all answers. */
export function talk(port, lines) {
  return new Promise((resolve, reject) => {
    const said = []
    const left = [...lines]
    let text = ''
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += chunk
      if (!text.endsWith('\r\n')) return
      const last = text.split('\r\n').at(-2)
      if (/^\d{3}-/.test(last)) return
      said.push(text)
      text = ''
      const line = left.shift()
      if (line === undefined) socket.end()
      else socket.write(`${line}\r\n`)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(said))
  })
}

export const letter = (to, subject) => [
  'EHLO client.test',
  'MAIL FROM:<app@example.test>',
  `RCPT TO:<${to}>`,
  'DATA',
  `Subject: ${subject}\r\n\r\nYour code is 482913.\r\n.`,
  'QUIT',
]

const mail = await startTestMail({ imap: true, pop3: true, smtps: true, http: true, strictScripts: true })
const inbox = mail.inbox()
const waiting = inbox.waitFor({ subject: /hello/i })
const answers = await talk(mail.smtp.port, letter(inbox.address, 'Hello'))
assert.match(answers.at(-2), /^250 /)
const message = await waiting
assert.equal(message.code(), '482913')
assert.equal(stable(message).subject, 'Hello')
assert.equal(mail.messages[0], message)

mail.script(on.rcpt.once().reply(451, '4.7.1', 'greylisted'))
assert.match((await talk(mail.smtp.port, letter('ada@mail.test', 'Refused'))).join(''), /451 4\.7\.1 greylisted/)
await assert.rejects(inbox.waitFor({ subject: 'Other' }, { timeout: 5 }), TestMailError)
await inbox.expectNone({ subject: 'Other' }, { within: 5 })

for (const name of fixtureNames) await mail.deliver('ada@mail.test', fixture(name))
const imap = await talk(mail.imap.port, ['a LOGIN ada x', 'b SELECT INBOX', 'c LOGOUT'])
assert.match(imap.join(''), new RegExp(`\\* ${fixtureNames.length} EXISTS`))
const pop3 = await talk(mail.pop3.port, ['USER ada', 'PASS x', 'STAT', 'QUIT'])
assert.match(pop3.join(''), new RegExp(`\\+OK ${fixtureNames.length} `))

// A charset that TextDecoder lacks.
const inDos = Buffer.from('Content-Type: text/plain; charset=cp437\r\n\r\n\x81ber\r\n', 'latin1')
assert.equal((await mail.deliver('eve@mail.test', inDos)).text, 'über\n')

const remote = await connectTestMail(mail.http.url)
const next = remote.inbox('bob@mail.test').next()
await talk(mail.smtp.port, letter('bob@mail.test', 'Over HTTP'))
assert.equal((await next).subject, 'Over HTTP')
await remote.dispose()
const api = createTestMailApi(mail)
assert.equal((await api(new Request('http://localhost/api/v1/health'))).status, 200)
assert.match(createTestAuthority(Date.now()).ca, /BEGIN CERTIFICATE/)

const cleanings = []
await testMailFor({ after: (clean) => cleanings.push(clean) })
for (const clean of cleanings) await clean()
await mail.dispose()
// Nothing is open any more: the process ends by itself.
console.log('everything works')
