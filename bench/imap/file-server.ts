/** The floor: sends the octets of the account's mailbox from one file for each FETCH, in one literal; knows nothing. */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LARGE } from './messages.js'

const [messages] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-'))
const paths = Array.from({ length: messages }, (_, i) => join(folder, String(i)))
for (const path of paths) writeFileSync(path, LARGE)

async function send(socket: Socket, path: string, i: number): Promise<void> {
  socket.write(`* ${i + 1} FETCH (BODY[] {${LARGE.length}}\r\n`)
  const stream = createReadStream(path)
  stream.pipe(socket, { end: false })
  await new Promise<void>((resolve) => stream.once('end', () => resolve()))
  socket.write(')\r\n')
}

const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.write('* OK\r\n')
  // One command at a time, as the client of this benchmark sends them.
  socket.on('data', async (line) => {
    const [tag, verb] = line.toString('latin1').split(' ')
    if (verb === 'FETCH') for (const [i, path] of paths.entries()) await send(socket, path, i)
    socket.write(`${tag} OK\r\n`)
  })
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1', () => console.log(`ready ${(server.address() as { port: number }).port}`))
process.on('SIGTERM', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
