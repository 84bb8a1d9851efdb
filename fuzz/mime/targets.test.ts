import { testTargets } from '../short-run.js'
import { growthTarget } from './growth.js'
import { targets } from './targets.js'

testTargets([...targets, growthTarget], 200)
