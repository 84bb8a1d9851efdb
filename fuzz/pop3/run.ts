/** `npm run fuzz pop3 -- --seconds 60`: each target for an equal share of the time. */

import { fuzzTarget } from '../loop.js'
import { targets } from './targets.js'

const option = process.argv.indexOf('--seconds')
const seconds = option === -1 ? 30 : Number(process.argv[option + 1])

for (const target of targets) {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const runs = await fuzzTarget(target, (seconds * 1000) / targets.length, seed)
  console.log(`${target.name.padEnd(30)} ${runs} runs from seed ${seed}`)
}
