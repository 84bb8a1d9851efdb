/**
 * `npx tsx interop/imap/stress/run.ts --seconds 60 --clients 10 --seed 7 --server memory|sqlite|dovecot`: one round after
 * the other, each with a seed of its own, until the time is over. A failure names its seed.
 */
import { startStressServer } from './servers.js'
import { stress } from './stress.js'

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? fallback : (process.argv[at + 1] ?? fallback)
}

const seconds = Number(option('seconds', '60'))
const clients = Number(option('clients', '10'))
const kind = option('server', 'memory') as 'memory' | 'sqlite' | 'dovecot'
const end = performance.now() + seconds * 1000
let seed = Number(option('seed', String(Math.floor(Math.random() * 1_000_000))))

for (; performance.now() < end; seed++) {
  const server = await startStressServer(kind)
  try {
    const milliseconds = Math.min(20_000, end - performance.now())
    const commands = await stress({ ...server, clients, milliseconds, seed })
    console.log(`seed ${seed}: ${commands} commands of ${clients} clients, no state error`)
  } catch (error) {
    console.log(`seed ${seed}: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  } finally {
    await server.stop()
  }
}
