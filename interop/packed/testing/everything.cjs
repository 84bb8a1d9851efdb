// The same doors for CommonJS.
const assert = require('node:assert/strict')
const { startTestMail, on, stable } = require('@posthouse/testing')
const { fixture } = require('@posthouse/testing/fixtures')
const { createTestMailApi } = require('@posthouse/testing/http')

async function main() {
  const mail = await startTestMail({ imap: true, pop3: true, tls: 'auto' })
  mail.script(on.imap.login.once().no('[UNAVAILABLE] later'))
  const message = await mail.deliver('ada@mail.test', fixture('alternative'))
  assert.equal(message.code(), '482913')
  assert.equal(message.link('Confirm').pathname, '/confirm')
  assert.equal(stable(message).headers.includes('Date: (date)'), true)
  assert.equal((await createTestMailApi(mail)(new Request('http://localhost/api/v1/messages'))).status, 200)
  // A charset that TextDecoder lacks.
  const dos = await mail.deliver(
    'ada@mail.test',
    Buffer.from('Content-Type: text/plain; charset=cp437\r\n\r\n\x81ber\r\n', 'latin1'),
  )
  assert.equal(dos.text, 'über\n')
  await mail.dispose()
  console.log('everything works')
}

main()
