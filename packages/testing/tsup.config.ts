import { defineConfig } from 'tsup'
import { packageBuild } from '../../tsup.base.js'

/** Each is a subpath export; `index` is `.`, and `cli` is what `npx @posthouse/testing` runs. */
const entries = {
  index: 'src/index.ts',
  vitest: 'src/vitest.ts',
  jest: 'src/jest.ts',
  'jest-globals': 'src/jest-globals.ts',
  http: 'src/http/index.ts',
  fixtures: 'src/fixtures/index.ts',
  cli: 'src/node/cli.ts',
}

export default defineConfig(packageBuild(entries))
