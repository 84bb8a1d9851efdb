// A client that costs as little as can be: it shares its process with the server, as in a test.
import { once } from 'node:events'
import { connect } from 'node:net'

const BODY = `From: app@example.test\r\nSubject: Your code\r\n\r\n${'Your code is 482913.\r\n'.repeat(20)}.\r\n`

/** Connected, greeted, and past EHLO. */
export async function openClient(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.setEncoding('latin1')
  socket.on('error', () => {})
  let heard = ''
  let answered = () => {}
  socket.on('data', (chunk) => {
    heard += chunk
    if (!heard.endsWith('\r\n') || heard.at(heard.lastIndexOf('\r\n', heard.length - 3) + 5) === '-') return
    const reply = heard
    heard = ''
    answered(reply)
  })
  const reply = () => new Promise((resolve) => (answered = resolve))
  async function say(line) {
    socket.write(line)
    const answer = await reply()
    if (answer[0] !== '2' && answer[0] !== '3') throw new Error(`${line.slice(0, 40)}: ${answer}`)
  }
  await reply()
  await say('EHLO client.test\r\n')
  return {
    /** Resolves with the time at which the 250 was there. */
    async send(to) {
      await say('MAIL FROM:<app@example.test>\r\n')
      await say(`RCPT TO:<${to}>\r\n`)
      await say('DATA\r\n')
      await say(BODY)
      return performance.now()
    },
    async close() {
      socket.end('QUIT\r\n')
      await once(socket, 'close')
    },
    destroy: () => socket.destroy(),
  }
}
