/** `npm run fuzz pop3 -- --seconds 60`. */
import { runTargets } from '../loop.js'
import { targets } from './targets.js'

await runTargets(targets)
