import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Tests run the sources: `@posthouse/smtp/node` is `packages/smtp/src/node/index.ts`. */
const sources: Plugin = {
  name: 'posthouse-sources',
  enforce: 'pre',
  resolveId(id) {
    if (!id.startsWith('@posthouse/')) return null
    const [, name, ...rest] = id.split('/')
    const sub = rest.join('/')
    const base = `${root}packages/${name}/src/`
    return (
      [sub ? `${base}${sub}/index.ts` : `${base}index.ts`, `${base}${sub}.ts`].find((file) => existsSync(file)) ?? null
    )
  },
}

export default defineConfig({
  plugins: [sources],
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'examples/*/test/**/*.test.ts',
      'interop/**/*.test.ts',
      'fuzz/**/*.test.ts',
    ],
    pool: 'forks',
    // What outlives a collection of young memory is copied, a fixed cost for each object that small inputs never have:
    // with more room the clock of the growth tests sees the work alone.
    execArgv: ['--max-semi-space-size=128'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
