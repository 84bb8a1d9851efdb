/** `npx tsx interop/relay/kill-run.ts --messages 10000 --kills 50 --seed 1 [--postgres [--crashes 1]]` */
import { killRelay } from './kill.js'
import { startPostgres } from './postgres.js'

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? fallback : Number(process.argv[at + 1])
}

const postgres = process.argv.includes('--postgres') ? await startPostgres() : undefined
const began = Date.now()
const { acknowledged, kills, lost, twice, window } = await killRelay({
  messages: option('messages', 10_000),
  kills: option('kills', 50),
  seed: option('seed', 1),
  crashes: option('crashes', 0),
  ...(postgres && { postgres }),
}).finally(() => postgres?.stop())
console.log(
  `${acknowledged} messages acknowledged, ${kills} times kill -9, ${Math.round((Date.now() - began) / 1000)} s`,
)
const avoidable = twice.filter((id) => !window.includes(id))
console.log(`${lost.length} lost, ${twice.length} twice; ${window.length} were being delivered at a kill`)
console.log(`${avoidable.length} twice for another reason`)
process.exitCode = lost.length + avoidable.length === 0 ? 0 : 1
