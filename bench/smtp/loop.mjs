// A loop over node:net that answers without understanding: the floor of Node.
import { createServer } from 'node:net'

const END = Buffer.from('\r\n.\r\n')
const LF = 10

/** A server that is told how many messages have come. */
export function createLoop(received = () => {}) {
  return createServer({ noDelay: true }, (socket) => serve(socket, received))
}

function serve(socket, received) {
  let state = 'command'
  let tail = Buffer.alloc(0)
  let left = 0
  socket.write('220 sink\r\n')
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    let bytes = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
    let replies = ''
    for (;;) {
      if (state === 'bdat') {
        const taken = Math.min(left, bytes.length)
        bytes = bytes.subarray(taken)
        left -= taken
        if (left > 0) break
        replies += '250 ok\r\n'
        state = 'command'
      } else if (state === 'data') {
        const end = bytes.indexOf(END)
        if (end === -1) {
          bytes = bytes.subarray(Math.max(0, bytes.length - 4))
          break
        }
        bytes = bytes.subarray(end + 5)
        received()
        replies += '250 ok\r\n'
        state = 'command'
      } else {
        const end = bytes.indexOf(LF)
        if (end === -1) break
        const verb = bytes[0]
        if (verb === 68) {
          replies += '354 go\r\n'
          state = 'data'
        } else if (verb === 66) {
          left = Number.parseInt(bytes.latin1Slice(5, end), 10)
          state = 'bdat'
        } else if (verb === 81) {
          socket.end('221 bye\r\n')
          return
        } else {
          replies += '250 ok\r\n'
        }
        bytes = bytes.subarray(end + 1)
      }
    }
    tail = bytes
    if (replies) socket.write(replies)
  })
}
