/** The floor: sends the file of the user's messages for each line, with a status line and a final dot; knows nothing. */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf, PREFIX } from './message.js'

const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-'))
const files = new Map<string, { path: string; size: number }>()
for (const spec of process.argv.slice(2)) {
  const [name, , octets] = spec.split(':')
  const path = join(folder, name)
  const message = Buffer.concat([PREFIX, messageOf(Number(octets))])
  writeFileSync(path, message)
  files.set(name, { path, size: message.length })
}

const server = createServer((socket) => {
  let file = { path: '', size: 0 }
  let waiting = 0
  let sending = false
  socket.setNoDelay(true)
  socket.write('+OK\r\n')
  const next = (): void => {
    if (waiting === 0 || sending) return
    waiting--
    sending = true
    socket.write(`+OK ${file.size} octets\r\n`)
    const stream = createReadStream(file.path)
    stream.on('end', () => {
      socket.write('.\r\n')
      sending = false
      next()
    })
    stream.pipe(socket, { end: false })
  }
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (let at = text.indexOf('\r\n'); at !== -1; at = text.indexOf('\r\n')) {
      const line = text.slice(0, at)
      text = text.slice(at + 2)
      if (line.startsWith('RETR')) waiting++
      else socket.write(line === 'QUIT' ? '+OK\r\n' : '+OK\r\n')
      if (line.startsWith('USER ')) file = files.get(line.slice(5)) ?? file
      if (line === 'QUIT') socket.end()
    }
    next()
  })
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1', () => console.log(`ready ${(server.address() as { port: number }).port}`))
process.on('SIGTERM', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
