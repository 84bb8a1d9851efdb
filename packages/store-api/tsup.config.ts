import { defineConfig } from 'tsup'
import { packageBuild } from '../../tsup.base.js'

export default defineConfig(
  packageBuild({
    index: 'src/index.ts',
    'memory/index': 'src/memory/index.ts',
    'conformance/index': 'src/conformance/index.ts',
  }),
)
