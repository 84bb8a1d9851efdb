/** `npm run fuzz mime -- --seconds 60 [--target index]`: each target for an equal share of the time. */

import { fuzzTarget } from '../loop.js'
import { growthTarget } from './growth.js'
import { targets } from './targets.js'

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? undefined : process.argv[at + 1]
}

const wanted = option('target')
const chosen = [...targets, growthTarget].filter((target) => wanted === undefined || target.name === wanted)
const seconds = Number(option('seconds') ?? 30)

for (const target of chosen) {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const runs = await fuzzTarget(target, (seconds * 1000) / chosen.length, seed)
  console.log(`${target.name.padEnd(20)} ${runs} runs from seed ${seed}`)
}
