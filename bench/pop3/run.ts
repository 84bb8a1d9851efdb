/** `npm run bench pop3`: listings and RETR over a loopback socket, one process for both ends: figures are rough. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createPop3Server } from '@posthouse/pop3'
import { listen } from '@posthouse/pop3/node'
import { createMemoryStore } from '@posthouse/store-api'
import { median, option, printTable } from '../harness.js'

const count = option('messages', 10_000)
const body = Buffer.from(`Subject: x\r\n\r\n${`${'a'.repeat(76)}\r\n`.repeat(128)}`)

const store = createMemoryStore()
store.addAccount('a')
const staged = await store.stage([body])
for (let i = 0; i < count; i++) {
  await store.deliver({ staged, summary: new Uint8Array(0), to: [{ account: 'a', dedup: String(i) }] })
}
const listening = await listen(createPop3Server({ store, authenticate: () => 'a' }), { port: 0 })
const socket = connect(listening.port, '127.0.0.1')
await once(socket, 'connect')

/** Sends commands together; resolves with the octets heard when so many replies have ended with `end`. */
function ask(commands: string, end: string, times: number): Promise<number> {
  return new Promise((resolve) => {
    let octets = 0
    let left = times
    let rest = ''
    const hear = (chunk: Buffer): void => {
      octets += chunk.length
      const text = rest + chunk.toString('latin1')
      for (let at = text.indexOf(end); at !== -1; at = text.indexOf(end, at + end.length)) left--
      rest = text.slice(-(end.length - 1))
      if (left > 0) return
      socket.off('data', hear)
      resolve(octets)
    }
    socket.on('data', hear)
    socket.write(commands)
  })
}

await ask('USER a\r\nPASS b\r\n', '\r\n', 3)
const rows: string[][] = []
for (const [name, commands, times] of [
  ['LIST', 'LIST\r\n', 1],
  ['UIDL', 'UIDL\r\n', 1],
  ['RETR of 1,000 at 10 KB', Array.from({ length: 1000 }, (_, i) => `RETR ${i + 1}\r\n`).join(''), 1000],
] as const) {
  const runs: number[] = []
  let octets = 0
  for (let run = 0; run < 5; run++) {
    const start = performance.now()
    octets = await ask(commands, '\r\n.\r\n', times)
    runs.push(performance.now() - start)
  }
  const ms = median(runs)
  rows.push([name, ms.toFixed(1), (octets / 1000 / ms).toFixed(0)])
}
printTable([`${count} messages`, 'ms', 'MB/s'], rows)
socket.destroy()
await listening.close({ force: true })
