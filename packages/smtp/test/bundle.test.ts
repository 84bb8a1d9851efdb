/** Whoever imports one handler gets that one, and not the server, the client or MIME with it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, type Rollup } from 'vite'
import { beforeAll, expect, test } from 'vitest'

const packages = fileURLToPath(new URL('../../', import.meta.url))
const HANDLERS = [
  'aliases',
  'catchAll',
  'deliverTo',
  'discard',
  'dnsBlockList',
  'earlyTalker',
  'greylisting',
  'heloPolicy',
  'localRecipients',
  'onMessage',
  'passOn',
  'rateLimit',
  'recipientLimit',
  'requireAuth',
  'requireTls',
  'reverseDns',
  'subaddressing',
]
const NAMES = [...HANDLERS, 'createSmtpServer', 'startSmtpClient']
const VIRTUAL = 'virtual:'

/** The sources of a package: `@posthouse/smtp` is `packages/smtp/src/index.ts`. */
function source(id: string): string | null {
  const [scope, name, ...rest] = id.split('/')
  if (scope !== '@posthouse') return null
  const base = `${packages}${name}/src/${rest.join('/')}`
  return [`${base}index.ts`, `${base}/index.ts`, `${base}.ts`].find((file) => existsSync(file)) ?? null
}

/** What an application gets that imports one name: the files that anything is left of, and all characters of them. */
interface Bundle {
  readonly files: readonly string[]
  readonly size: number
}
const bundles = new Map<string, Bundle>()

beforeAll(async () => {
  const { output } = (await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'sources',
        enforce: 'pre',
        resolveId: (id) => (id.startsWith(VIRTUAL) ? id : source(id)),
        load: (id) => (id.startsWith(VIRTUAL) ? `export { ${id.slice(VIRTUAL.length)} } from '@posthouse/smtp'` : null),
      },
    ],
    build: {
      write: false,
      modulePreload: false,
      rollupOptions: {
        input: Object.fromEntries(NAMES.map((name) => [name, VIRTUAL + name])),
        preserveEntrySignatures: 'strict',
        output: { format: 'es' },
      },
    },
  })) as Rollup.RollupOutput
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk as Rollup.OutputChunk]))
  const withImports = (chunk: Rollup.OutputChunk, all: Set<Rollup.OutputChunk>): Set<Rollup.OutputChunk> => {
    if (all.has(chunk)) return all
    all.add(chunk)
    for (const name of chunk.imports) withImports(chunks.get(name) as Rollup.OutputChunk, all)
    return all
  }
  for (const chunk of chunks.values()) {
    if (!chunk.isEntry) continue
    const all = [...withImports(chunk, new Set())]
    const files = all.flatMap(({ modules }) => Object.entries(modules))
    bundles.set(chunk.name, {
      files: files.filter(([, { renderedLength }]) => renderedLength > 0).map(([file]) => file.replace(packages, '')),
      size: all.reduce((sum, { code }) => sum + code.length, 0),
    })
  }
})

test.each(HANDLERS)('%s', (name) => {
  const { files, size } = bundles.get(name) as Bundle
  expect(files.some((file) => file.startsWith('smtp/src/handlers/'))).toBe(true)
  const heavy = [
    'mime/',
    'smtp/src/engine/',
    'smtp/src/session/session.ts',
    'smtp/src/client/client.ts',
    'wire/src/sasl/',
  ]
  expect(files.filter((file) => heavy.some((start) => file.startsWith(start)))).toEqual([])
  expect(size).toBeLessThan(20_000)
})

test('a server alone has no handler and no client in it', () => {
  const { files } = bundles.get('createSmtpServer') as Bundle
  expect(files).toContain('smtp/src/session/session.ts')
  expect(files.filter((file) => /^smtp\/src\/(handlers|client)\//.test(file))).toEqual([])
})

test('a client alone has no server in it', () => {
  const { files } = bundles.get('startSmtpClient') as Bundle
  expect(files).toContain('smtp/src/client/client.ts')
  expect(files.filter((file) => /^smtp\/src\/(handlers|session\/(commands|session))/.test(file))).toEqual([])
})
