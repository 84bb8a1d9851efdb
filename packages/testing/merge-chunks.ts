/**
 * Makes few files of the many that esbuild cuts: each file of an import costs Node about half a millisecond, and each test
 * file waits for the import.
 */
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type GetModuleInfo, type ManualChunksOption, type Plugin, type RenderedChunk, rollup } from 'rollup'

/** Built modules by their paths, with the source maps that lie beside them. */
const built: Plugin = {
  name: 'built',
  load: (path) => ({
    code: readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''),
    map: readFileSync(`${path}.map`, 'utf8'),
    moduleSideEffects: false,
  }),
}

/** Node reads a file that is ASCII in half the time. Comments have the signs; texts and expressions may have escapes. */
const ascii: Plugin = {
  name: 'ascii',
  renderChunk: (code) => ({ code: code.replace(/[^\0-\x7f]/g, escaped), map: null }),
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Where CommonJS lies. What Rollup writes of its own takes a document, as there is one in jest's jsdom, for a browser. */
const place: Plugin = {
  name: 'place',
  resolveImportMeta: (property, { format }) =>
    format === 'cjs' && property === 'url' ? "require('node:url').pathToFileURL(__filename).href" : null,
}

/** What jest's jsdom hides from its tests, or has of another kind than `Buffer`: a file that uses some of it asks Node. */
const HIDDEN = {
  TextDecoder: "process.getBuiltinModule('node:util').TextDecoder",
  TextEncoder: "process.getBuiltinModule('node:util').TextEncoder",
  setImmediate: "process.getBuiltinModule('node:timers').setImmediate",
  Uint8Array: "Object.getPrototypeOf(process.getBuiltinModule('node:buffer').Buffer)",
}

function fromNode({ modules }: RenderedChunk): string {
  const code = Object.values(modules).map((module) => module.code ?? '')
  return Object.entries(HIDDEN)
    .filter(([name]) => code.some((text) => new RegExp(`(?<![\\w$.])${name}\\b`).test(text)))
    .map(([name, source]) => `const ${name} = ${source};`)
    .join('\n')
}

/** All that `entries` import at once, themselves among it. */
function loadedBy(entries: readonly string[], infoOf: GetModuleInfo): Set<string> {
  const loaded = new Set(entries)
  for (const path of loaded) for (const next of infoOf(path)?.importedIds ?? []) loaded.add(next)
  return loaded
}

/**
 * Merges the ES modules in `folder`, and makes those of CommonJS anew from them: `shared` has what the entries
 * `withoutServer` need, `core` what `index` needs beside that, and `message` what reads a message behind it.
 */
export async function mergeChunks(
  folder: string,
  entries: readonly string[],
  withoutServer: readonly string[],
): Promise<void> {
  const pathOf = (name: string) => join(folder, `${name}.js`)
  const reader = readdirSync(folder).filter((name) => name.startsWith('message-') && name.endsWith('.js'))
  const readerPaths = reader.map((name) => join(folder, name))
  const bundle = await rollup({
    input: Object.fromEntries(entries.map((name) => [name, pathOf(name)])),
    external: (id) => !id.startsWith('.') && !id.startsWith(folder),
    plugins: [built, ascii, place],
    treeshake: { moduleSideEffects: false },
  })
  const merged = join(folder, 'merged')
  let groups: [name: string, paths: Set<string>][] | null = null
  const manualChunks: ManualChunksOption = (path, { getModuleInfo }) => {
    groups ??= [
      ['shared', loadedBy(withoutServer.map(pathOf), getModuleInfo)],
      ['core', loadedBy([pathOf('index')], getModuleInfo)],
      ['message', loadedBy(readerPaths, getModuleInfo)],
    ]
    return entries.some((name) => pathOf(name) === path) ? null : groups.find(([, paths]) => paths.has(path))?.[0]
  }
  for (const ending of ['js', 'cjs']) {
    await bundle.write({
      dir: merged,
      format: ending === 'js' ? 'es' : 'cjs',
      entryFileNames: `[name].${ending}`,
      chunkFileNames: `[name]-[hash].${ending}`,
      sourcemap: true,
      intro: fromNode,
      // The files move up from `merged`.
      sourcemapPathTransform: (path) => path.slice('../'.length),
      exports: 'named',
      dynamicImportInCjs: false,
      minifyInternalExports: false,
      hoistTransitiveImports: false,
      onlyExplicitManualChunks: true,
      manualChunks,
    })
  }
  await bundle.close()
  for (const name of readdirSync(folder)) if (/\.c?js(\.map)?$/.test(name)) rmSync(join(folder, name))
  for (const name of readdirSync(merged)) renameSync(join(merged, name), join(folder, name))
  rmSync(merged, { recursive: true })
}
