import { defineConfig } from 'tsup'
import { packageBuild } from '../../tsup.base.js'

/** Two programs for Node; nobody imports them. */
export default defineConfig({
  ...packageBuild({ main: 'src/main.ts', queue: 'src/queue.ts' }),
  format: 'esm',
  dts: false,
  platform: 'node',
})
