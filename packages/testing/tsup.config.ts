import { join } from 'node:path'
import { defineConfig } from 'tsup'
import { packageBuild } from '../../tsup.base.js'
import { mergeChunks } from './merge-chunks.js'

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

// Every test file waits for this import. With the code of the other packages in the same few files, and without what is not used
// of it, it takes two thirds of the time; the types come from the packages themselves. From their sources, so that what several
// of them bundle is there once.
export default defineConfig({
  ...packageBuild(entries),
  external: [/^node:/, /\/conversion\.js$/],
  noExternal: [/^@posthouse\//],
  esbuildOptions(options) {
    options.tsconfig = '../../tsconfig.json'
  },
  onSuccess: () =>
    mergeChunks(join(import.meta.dirname, 'dist'), Object.keys(entries), [
      'vitest',
      'jest',
      'jest-globals',
      'fixtures',
    ]),
})
