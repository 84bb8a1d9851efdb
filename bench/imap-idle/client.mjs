/**
 * Many idle connections: port, account, connections, messages. Opens them one after the other, each in IDLE; then one
 * more appends messages, and each EXISTS that any of them hears is counted. Prints `idle` and waits for a line on
 * standard input (the memory is read meanwhile), then prints the milliseconds of the pushes.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const [port, account, connections, messages] = process.argv.slice(2).map((one, i) => (i === 1 ? one : Number(one)))
let heard = 0
let wanted = Number.POSITIVE_INFINITY
let finish = () => {}

async function open(idle) {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  let text = ''
  let wake = () => {}
  socket.on('data', (chunk) => {
    if (text === null) {
      for (let at = chunk.indexOf('EXISTS'); at !== -1; at = chunk.indexOf('EXISTS', at + 1)) heard++
      if (heard >= wanted) finish()
      return
    }
    text += chunk.toString('latin1')
    wake()
  })
  await once(socket, 'connect')
  const until = async (end) => {
    while (!text.includes(end)) await new Promise((resolve) => (wake = resolve))
    text = ''
  }
  await until('\r\n')
  socket.write(`a LOGIN ${account} secret\r\n`)
  await until('a OK')
  socket.write('b SELECT INBOX\r\n')
  await until('b OK')
  if (!idle) return { socket, until }
  socket.write('c IDLE\r\n')
  await until('+ ')
  text = null
  return { socket, until }
}

setTimeout(() => {
  throw new Error('no answer for two minutes')
}, 120_000)
const sockets = []
for (let i = 0; i < connections; i += 50) {
  sockets.push(...(await Promise.all(Array.from({ length: Math.min(50, connections - i) }, () => open(true)))))
}
console.log('idle')
await once(createInterface({ input: process.stdin }), 'line')
const writer = await open(false)
// Several messages may be told as one EXISTS: each is appended when everyone has heard of the one before.
const start = performance.now()
for (let i = 0; i < messages; i++) {
  wanted = heard + connections
  const all = new Promise((resolve) => (finish = resolve))
  writer.socket.write('d APPEND INBOX {22+}\r\nSubject: pushed\r\n\r\nx\r\n\r\n')
  await all
}
console.log(performance.now() - start)
process.exit(0)
