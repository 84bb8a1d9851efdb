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
  const before = server.memory()
  const args = [process.execPath, join(here, 'client.mjs'), server.port, 'idle', idlers, messages].map(String)
  const [program, ...rest] = onCore(1, args)
  const client = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]()
  await lines.next()
  const each = (server.memory() - before) / idlers
  client.stdin.write('\n')
  const ms = Number((await lines.next()).value)
  if (client.exitCode === null) await once(client, 'exit')
  rows.push([kind, `${(each / 1024).toFixed(1)} KB`, `${((idlers * messages) / (ms / 1000)).toFixed(0)}/s`])
  await server.stop()
}
printTable([`${idlers} idlers`, 'resident each', 'pushes'], rows)
