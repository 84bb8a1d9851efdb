import { testTargets } from '../short-run.js'
import { targets } from './targets.js'

testTargets(targets, 600)
