/** `npm run fuzz mime -- --seconds 60 [--target index]`. */
import { runTargets } from '../loop.js'
import { growthTarget } from './growth.js'
import { targets } from './targets.js'

await runTargets([...targets, growthTarget])
