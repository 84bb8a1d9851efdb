/**
 * The packages as strangers get them: packed, installed by npm into an empty folder, used from ESM, CommonJS and
 * TypeScript (with the declarations of all dependencies checked), on every runtime that is promised.
 */
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { typescriptBlocks } from '../../scripts/readme.js'
import { makePackedFolder, type PackedFolder } from './folder.js'

/** Programs and types that use all of `@posthouse/testing`. */
const TESTING = readdirSync(new URL('./testing', import.meta.url))

let folder: PackedFolder
beforeAll(async () => {
  folder = await makePackedFolder([
    ...['typescript@6.0.3', '@types/node@20.19.43'],
    // What @posthouse/testing is used with.
    ...['vitest@4.1.12', 'nodemailer@10.6.0', '@jest/globals@30.5.2', '@types/jest@30.0.0'],
  ])
  folder.copy(new URL('./round-trip.mjs', import.meta.url))
  for (const name of TESTING) folder.copy(new URL(`./testing/${name}`, import.meta.url))
}, 240_000)
afterAll(() => folder.remove())

/** Entries that want something of the reader's own around them: a test runner, a database driver. */
const PEERS = [
  ...['@posthouse/testing/vitest', '@posthouse/testing/jest', '@posthouse/testing/jest-globals'],
  '@posthouse/relay/postgres',
]
const entries = (): readonly string[] => folder.entries.filter((entry) => !PEERS.includes(entry))

test('every entry has the same exports by import and by require', async () => {
  folder.write(
    'entries.mjs',
    `import { createRequire } from 'node:module'
     const require = createRequire(import.meta.url)
     const names = (module) => Object.keys(module).filter((key) => key !== 'default' && key !== 'module.exports').sort()
     const found = {}
     for (const entry of ${JSON.stringify(entries())}) found[entry] = [names(await import(entry)), names(require(entry))]
     console.log(JSON.stringify(found))
     process.exit(0)`,
  )
  const { stdout, stderr } = await folder.run('node', 'entries.mjs')
  expect(stderr).toBe('')
  const found: Record<string, [string[], string[]]> = JSON.parse(stdout.toString())
  for (const [entry, [esm, cjs]] of Object.entries(found)) {
    expect(esm, entry).toEqual(cjs)
    expect(esm.length, entry).toBeGreaterThan(0)
  }
})

test("the test server does without what jest's jsdom hides", async () => {
  folder.write(
    'hidden.cjs',
    `for (const name of ['TextDecoder', 'TextEncoder', 'setImmediate', 'clearImmediate']) delete globalThis[name]
     globalThis.Uint8Array = class extends Uint8Array {}
     const { startTestMail } = require('@posthouse/testing')
     startTestMail({ imap: true, tls: 'auto' }).then(async (mail) => {
       await mail.deliver('ada', { subject: 'One', html: '<p>Your code is <b>482913</b></p>' })
       await mail.deliver('ada', new Uint8Array(Buffer.from('Subject: Two\\r\\n\\r\\n')))
       console.log((await mail.waitFor({ subject: 'One' })).code(), mail.messages[1].subject)
       await mail.dispose()
     })`,
  )
  const { stdout, stderr } = await folder.run('node', 'hidden.cjs')
  expect(stderr.toString()).toBe('')
  expect(stdout.toString()).toBe('482913 Two\n')
})

test('source maps lead to the sources', async () => {
  folder.write(
    'mapped.mjs',
    `import { startTestMail } from '@posthouse/testing'
     await startTestMail({ nonsense: true }).catch(({ stack }) => console.log(stack))`,
  )
  const { stdout } = await folder.run('node', '--enable-source-maps', 'mapped.mjs')
  expect(stdout.toString()).toContain('@posthouse/testing/src/options.ts:')
})

describe.concurrent('TypeScript, strict, without skipLibCheck', { timeout: 120_000 }, () => {
  const strict =
    '--noEmit --strict --exactOptionalPropertyTypes --target es2022 --lib es2023,esnext.disposable,dom --types node'
  test.each([
    ['nodenext, ESM', 'all.mts', '--module nodenext'],
    ['nodenext, CommonJS', 'all.cts', '--module nodenext'],
    ['a bundler', 'bundled.mts', '--module esnext --moduleResolution bundler'],
  ])('%s', async (_name, file, how) => {
    folder.write(
      file,
      entries()
        .map((entry, i) => `import * as m${i} from '${entry}'\nexport { m${i} }`)
        .join('\n'),
    )
    const { stdout, code } = await folder.run('npx', 'tsc', ...strict.split(' '), ...how.split(' '), file)
    expect(stdout.toString()).toBe('')
    expect(code).toBe(0)
  })

  test.each([
    ['node-types.ts', 'node'],
    ['vitest-types.ts', 'node'],
    ['jest-types.ts', 'node,jest'],
    ['jest-globals-types.ts', 'node'],
  ])('the matchers of test runners: %s', async (file, types) => {
    const options = strict.replace('--types node', `--types ${types} --module nodenext`)
    const { stdout, code } = await folder.run('npx', 'tsc', ...options.split(' '), file)
    expect(stdout.toString()).toBe('')
    expect(code).toBe(0)
  })
})

const STORE = `import { createMemoryStore } from '@posthouse/store-api'
  const store = createMemoryStore({ autoCreate: true })
  const authenticate = (user: string, password: string) => (password === 'secret' ? user : null)`

/** What a reader has before the first block of a README. */
const BEFORE: Readonly<Record<string, string>> = {
  mime: 'const bytes = new TextEncoder().encode("Subject: Hello\\r\\n\\r\\nIt works.\\r\\n")',
  'store-sqlite': `import { summarize } from '@posthouse/mime/summary'
    const octets = [new TextEncoder().encode("Subject: Hello\\r\\n\\r\\nIt works.\\r\\n")]
    const { summary } = summarize(octets[0]!)`,
  'store-api': `interface Note { id: number; owner: string; sender: string; title: string; text: string; createdAt: number; read: boolean; revision: number }
    interface Notes {
      stats(owner: string): { count: number; unread: number; nextId: number; revision: number }
      select(owner: string, from: number, to: number, since: number, limit: number): Note[]
    }`,
  milter: STORE,
  'mail-auth': `${STORE}
    import type { ReceivedMessage } from '@posthouse/smtp'
    const send = async (message: ReceivedMessage) => {}`,
  relay: `${STORE}
    const [cert, key] = ['', '']`,
}
/** These want keys, certificates and filters; the tests of their packages have those, and run every block. */
const WITH_MORE = new Set(['milter', 'mail-auth', 'relay'])
const root = new URL('../../', import.meta.url)
const PACKAGES = readdirSync(new URL('packages', root))

describe('what a README says runs as it stands', () => {
  const blocks = new Map<string, { readonly name: string; readonly text: string }>([
    ...PACKAGES.map((name) => {
      const [first] = typescriptBlocks(new URL(`packages/${name}/README.md`, root))
      return [`the first block of ${name}`, { name, text: `${BEFORE[name] ?? ''}\n${first}` }] as const
    }),
    ...typescriptBlocks(new URL('README.md', root)).map((text, i) => {
      return [`recipe ${i + 1} of the front page`, { name: `recipe-${i + 1}`, text }] as const
    }),
  ])
  /** Only a test runner runs a test. */
  const isTest = (text: string): boolean => text.includes("from 'vitest'")
  const fileOf = ({ name, text }: { name: string; text: string }): string => (isTest(text) ? `${name}.test` : name)

  let errors = ''
  beforeAll(async () => {
    const files = [...blocks.values()].map((block) => {
      folder.write(`${fileOf(block)}.mts`, block.text)
      return `${fileOf(block)}.mts`
    })
    const compiled = await folder.run(
      ...['npx', 'tsc', '--strict', '--module', 'nodenext', '--target', 'es2022'],
      ...['--lib', 'es2023,esnext.disposable', '--types', 'node', ...files],
    )
    errors = compiled.stdout.toString()
  })

  test.each([...blocks.keys()])('%s', async (title) => {
    const block = blocks.get(title)!
    expect(block.text).toContain('@posthouse/')
    expect(errors.split('\n').filter((line) => line.startsWith(`${fileOf(block)}.mts`))).toEqual([])
    if (WITH_MORE.has(block.name)) return
    if (isTest(block.text)) {
      const ran = await folder.run('npx', 'vitest', 'run', `${fileOf(block)}.mts`)
      return expect(ran.code, `${ran.stdout}${ran.stderr}`).toBe(0)
    }
    folder.write('once.mjs', `await import('./${block.name}.mjs')\nprocess.exit(0)`)
    const { stderr, code } = await folder.run('node', 'once.mjs')
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })
})

describe.concurrent.each([
  ['Node 20', process.version.startsWith('v20.') ? 'node' : 'npx --yes node@20'],
  ['Node 22', 'npx --yes node@22'],
  ['Node 24', 'npx --yes node@24'],
  ['Node 26', 'npx --yes node@26'],
  ['Bun', 'npx --yes bun@1'],
  ['Deno', 'npx --yes deno@2 run --allow-all --node-modules-dir=manual'],
])('%s', (_name, command) => {
  test.each([
    ['a message goes in by SMTP and comes out by IMAP and POP3', 'round-trip.mjs', 'memory: ok\nsqlite: ok\n'],
    ['a test mail server, from ESM', 'everything.mjs', 'everything works\n'],
    ['a test mail server, from CommonJS', 'everything.cjs', 'everything works\n'],
  ])(
    '%s',
    async (_what, file, said) => {
      const [program, ...args] = command.split(' ') as [string, ...string[]]
      const { code, stdout, stderr } = await folder.run(program, ...args, file)
      expect(stdout.toString(), stderr).toBe(said)
      // It ended by itself: nothing was left open.
      expect(code).toBe(0)
    },
    120_000,
  )
})
