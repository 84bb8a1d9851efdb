import { fileURLToPath } from 'node:url'
import { build, type Rollup } from 'vite'

/** One source entry of this package, bundled and minified as a browser application would get it. */
export async function bundle(entry: string, name: string): Promise<{ code: string; imports: string[] }> {
  const result = (await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: 'esbuild',
      target: 'es2022',
      // An immediately called function: Vite leaves the blanks in when it bundles a library as a module.
      lib: { entry: fileURLToPath(new URL(`../../src/${entry}`, import.meta.url)), formats: ['iife'], name },
    },
  })) as Rollup.RollupOutput[]
  const [chunk] = result[0]!.output
  return { code: chunk.code, imports: [...chunk.imports, ...chunk.dynamicImports] }
}
