/** Our server, as built: `discard` throws messages away, `summary` makes their summaries first, `sqlite` keeps them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSmtpServer, deliverTo, discard, type SmtpHandler } from '@posthouse/smtp'
import { listen } from '@posthouse/smtp/node'
import { openSqliteStore } from '@posthouse/store-sqlite'

const kind = process.argv[2] ?? 'discard'
const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-'))
let stop = async (): Promise<void> => {}

async function handlers(): Promise<SmtpHandler[]> {
  if (kind === 'discard') return [discard()]
  if (kind === 'summary') return [{ ...discard(), needs: ['summary'] }]
  const store = await openSqliteStore({ path: folder })
  await store.addAccount('alice@example.test')
  await store.addAddress('alice@example.test', 'alice@example.test')
  stop = async () => store.close()
  return [deliverTo(store)]
}

const server = createSmtpServer({ hostname: 'bench.example', handlers: await handlers() })
const listening = await listen(server, { port: 0 })
console.log(`ready ${listening.port}`)
process.on('SIGTERM', async () => {
  await listening.close({ force: true })
  await stop()
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})
