/** What the documents name is there, and the code they show runs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { exportsOf, freeNames } from '../scripts/exports.js'
import { squeeze, typescriptBlocks } from '../scripts/readme.js'
import { file, statesDocument } from '../scripts/states.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const SKIPPED = new Set(['node_modules', 'dist', '.git', 'reference', 'data'])

function* files(folder: string, ending: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* files(path, ending)
    else if (entry.isFile() && entry.name.endsWith(ending)) yield path
  }
}

/** Files of a package's `src` that people import. */
const ENTRIES = [
  'index.ts',
  'node/index.ts',
  'postgres/index.ts',
  'http/index.ts',
  'fixtures/index.ts',
  'vitest.ts',
].concat(
  ['testing', 'conformance', 'structure', 'header', 'body', 'summary', 'compose', 'edit', 'report', 'charsets'].map(
    (folder) => `${folder}/index.ts`,
  ),
)
const readmeOf = (name: string): string => join(root, 'packages', name, 'README.md')

const documents = [...files(root, '.md')]

test.each(documents.map((path) => [relative(root, path), path]))('the links of %s lead somewhere', (_name, path) => {
  // `list[i](event)` is no link.
  const text = readFileSync(path, 'utf8').replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
  const broken = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, target]) => target)
    .filter((target) => !target.includes(':') && !existsSync(join(dirname(path), target)))
  expect(broken).toEqual([])
})

describe('blocks of the guides stand in examples that run', () => {
  const examples = [...files(join(root, 'examples'), '.ts')].map((path) => squeeze(readFileSync(path, 'utf8')))
  const guides = [...files(join(root, 'docs'), '.md')]
  const blocks = guides.flatMap((path) =>
    typescriptBlocks(pathToFileURL(path)).map((code, i) => [`${relative(root, path)} ${i + 1}`, code]),
  )
  test.each(blocks)('%s', (_name, code) => {
    const wanted = squeeze(code).replace(/,$/, '')
    expect(examples.some((text) => text.includes(wanted))).toBe(true)
  })
})

const exports = exportsOf(ENTRIES)

test.each(readdirSync(join(root, 'packages')))('what %s exports has docstrings', (name) => {
  const bare = exports.filter((one) => one.package === name && !one.documented)
  expect(bare.map((one) => one.name)).toEqual([])
})

describe('who pastes a block of a README has its imports', () => {
  const exported = new Set(exports.map(({ name }) => name))
  const readmes = [join(root, 'README.md'), ...readdirSync(join(root, 'packages')).map((name) => readmeOf(name))]
  test.each(readmes.map((path) => [relative(root, path), path]))('%s', (_name, path) => {
    const missing = typescriptBlocks(pathToFileURL(path)).flatMap((code) =>
      [...freeNames(code)].filter((name) => exported.has(name)),
    )
    expect(missing).toEqual([])
  })
})

test.each(readdirSync(join(root, 'packages')))('package.json of %s says what a registry shows', (name) => {
  const about = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  expect(about).toMatchObject({ license: 'MIT', engines: { node: '>=20.19' }, sideEffects: expect.anything() })
  expect(about.description).toMatch(/^\w.{20,}/)
  expect(about.keywords.length).toBeGreaterThan(3)
})

test('what `npm start` of an example runs is there', () => {
  const scripts = readdirSync(join(root, 'examples')).flatMap((name) => {
    const { scripts = {} } = JSON.parse(readFileSync(join(root, 'examples', name, 'package.json'), 'utf8'))
    return Object.values<string>(scripts).flatMap((script) =>
      script
        .split(' ')
        .filter((word) => word.startsWith('src/'))
        .map((file) => join('examples', name, file)),
    )
  })
  expect(scripts.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

test('docs/states.md shows the tables that run; else: npm run states', () => {
  expect(readFileSync(file, 'utf8')).toBe(statesDocument())
})
