/**
 * Idle connections of ours: memory of each, and how fast all of them hear of a new message. `--idlers`, `--messages`.
 * Dovecot has a process for each connection and is not asked.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onCore, option, printTable, startServer } from '../harness.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const idlers = option('idlers', 1_000)
const messages = option('messages', 20)

/** Connections that are idle; `push` appends the messages, gives the milliseconds of all pushes, and ends them. */
async function idle(port: number, connections: number): Promise<{ push(): Promise<number> }> {
  const args = [process.execPath, join(here, 'client.mjs'), port, 'idle', connections, messages].map(String)
  const [program, ...rest] = onCore(1, args)
  const client = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    async push() {
      client.stdin.write('\n')
      const ms = Number((await lines.next()).value)
      if (client.exitCode === null) await once(client, 'exit')
      return ms
    },
  }
}

const rows: string[][] = []
for (const kind of ['memory', 'sqlite']) {
  const server = await startServer([
    process.execPath,
    '--import',
    'tsx',
    join(here, '../imap/ours.ts'),
    kind,
    'idle:10:small',
  ])
  // What a server needs once, however many come, is there when the first of them have gone.
  const first = await idle(server.port, 200)
  await first.push()
  const before = server.memory()
  const client = await idle(server.port, idlers)
  const each = (server.memory() - before) / idlers
  const ms = await client.push()
  rows.push([kind, `${(each / 1024).toFixed(1)} KB`, `${((idlers * messages) / (ms / 1000)).toFixed(0)}/s`])
  await server.stop()
}
printTable([`${idlers} idlers`, 'resident each', 'pushes'], rows)
