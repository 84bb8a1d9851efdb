/** One POP3 client: port, `list` or `retr`, account, messages. Prints the milliseconds from the connection to QUIT. */
import { once } from 'node:events'
import { connect } from 'node:net'

const [port, mode, account, messages] = process.argv.slice(2)
const END = Buffer.from('\r\n.\r\n')
const LINE = Buffer.from('\r\n')
const start = performance.now()
const socket = connect(Number(port), '127.0.0.1')
socket.setNoDelay(true)
await once(socket, 'connect')

/** Sends commands; resolves when `end` was heard so many times. */
function ask(commands, end, times) {
  return new Promise((resolve, reject) => {
    let left = times
    let tail = Buffer.alloc(0)
    let first = true
    const hear = (chunk) => {
      if (first && chunk[0] === 0x2d) reject(new Error(chunk.toString('latin1')))
      first = false
      // An end that is cut in two: look at the seam alone, then at the chunk.
      const seam = Buffer.concat([tail, chunk.subarray(0, end.length - 1)])
      for (let at = seam.indexOf(end); at !== -1; at = seam.indexOf(end, at + 1))
        if (at + end.length > tail.length && at < tail.length) left--
      for (let at = chunk.indexOf(end); at !== -1; at = chunk.indexOf(end, at + end.length)) left--
      const kept = Buffer.concat([tail, chunk.subarray(Math.max(0, chunk.length - end.length + 1))])
      tail = kept.subarray(Math.max(0, kept.length - end.length + 1))
      if (left > 0) return
      socket.off('data', hear)
      resolve()
    }
    socket.on('data', hear)
    if (commands !== '') socket.write(commands)
  })
}

await ask('', LINE, 1)
await ask(`USER ${account}\r\n`, LINE, 1)
await ask('PASS secret\r\n', LINE, 1)
if (mode === 'list') {
  await ask('UIDL\r\n', END, 1)
  await ask('LIST\r\n', END, 1)
} else {
  const commands = []
  for (let i = 1; i <= Number(messages); i++) commands.push(`RETR ${i}\r\n`)
  await ask(commands.join(''), END, Number(messages))
}
await ask('QUIT\r\n', LINE, 1)
console.log(performance.now() - start)
socket.destroy()
