import { defineConfig } from 'tsup'
import { packageBuild } from '../../tsup.base.js'

// The worker is a file of its own beside the bundle; `shims` gives the CommonJS bundle an `import.meta.url` to find it.
export default defineConfig({
  ...packageBuild({
    index: 'src/index.ts',
    'node/index': 'src/node/index.ts',
    'postgres/index': 'src/postgres/index.ts',
    worker: 'src/node/sqlite/worker.ts',
  }),
  platform: 'node',
  shims: true,
})
