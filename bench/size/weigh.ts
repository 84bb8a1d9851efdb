/** What an entry of a package weighs for who bundles it. */
import { existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The built file of an entry, as `smtp/node` names that of `@posthouse/smtp/node`. */
export function builtFile(entry: string): string {
  const [name, ...rest] = entry.split('/')
  const base = `${root}packages/${name}/dist/${rest.join('/')}`
  const file = [`${base}/index.js`, `${base}.js`].find((path) => existsSync(path))
  if (!file) throw new Error(`${base} is not there: build first`)
  return file
}

/** What an application installs itself, or what a test runner brings. */
const EXTERNAL = [
  ...['node:*', ...builtinModules],
  ...['pg', 'pg-boss', 'better-sqlite3', '@photostructure/sqlite', 'mailauth', 'vitest', 'vitest/*', '@jest/globals'],
]

/** Octets of an entry with all that it needs, minified and gzipped. */
export async function weigh(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [builtFile(entry)],
    bundle: true,
    write: false,
    logLevel: 'error',
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    external: EXTERNAL,
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
}
