/**
 * The conformance kit under other test runners, as an author has it: a small project with the packages as they are built,
 * and three lines. node:test is here; jest and mocha come from the npm registry, which npx keeps after the first time.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ProgramResult, runProgram } from '../tools.js'

const packages = fileURLToPath(new URL('../../packages', import.meta.url))
const readme = readFileSync(join(packages, 'store-api', 'README.md'), 'utf8')
let folder: string

/** A store that passes, and one whose `since` is inclusive. */
const STORE = `
const { createMemoryStore } = require('@posthouse/store-api')

function make() {
  const store = createMemoryStore()
  store.addAccount('ann')
  return { store, account: 'ann' }
}

function makeBroken() {
  const { store, account } = make()
  const open = async (name) => {
    const sound = await store.open(name)
    const messages = (mailbox, query) => sound.messages(mailbox, { ...query, since: Math.max(0, (query.since ?? 0) - 1) })
    return { ...sound, messages }
  }
  return { store: { open }, account }
}
exports.make = process.env.BROKEN ? makeBroken : make
`

/** The block of the README that begins with this line. */
function block(first: string): string {
  const found = [...readme.matchAll(/```(?:js|ts)\n([\s\S]*?)```/g)].find(([, code]) => code.startsWith(first))
  if (!found) throw new Error(`the README has no block that begins with ${first}`)
  return found[1]
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-runners-'))
  mkdirSync(join(folder, 'node_modules', '@posthouse'), { recursive: true })
  symlinkSync(join(packages, 'store-api'), join(folder, 'node_modules', '@posthouse', 'store-api'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "jest": { "testEnvironment": "node" } }')
  writeFileSync(join(folder, 'my-store.js'), STORE)
  writeFileSync(join(folder, 'store.node.mjs'), block("import { test } from 'node:test'"))
  writeFileSync(join(folder, 'store.test.js'), block('// jest'))
  writeFileSync(join(folder, 'store.spec.js'), block('// mocha'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Runner {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** How many tests passed. */
  readonly passed: (output: string) => number
}

const count = (pattern: RegExp) => (output: string) => Number(pattern.exec(output)?.[1] ?? Number.NaN)

const RUNNERS: readonly Runner[] = [
  { name: 'node:test', command: [process.execPath, '--test', 'store.node.mjs'], passed: count(/^# pass (\d+)$/m) },
  {
    name: 'jest',
    command: ['npx', '--yes', '--prefer-offline', 'jest@30', 'store.test.js'],
    passed: count(/^Tests:.*?(\d+) passed/m),
  },
  {
    name: 'mocha',
    command: ['npx', '--yes', '--prefer-offline', 'mocha@11', '--timeout', '60000', 'store.spec.js'],
    passed: count(/(\d+) passing/),
  },
]

/** Built by `npm test` before the tests; whoever runs this file alone builds first. */
const built = existsSync(join(packages, 'store-api', 'dist', 'index.cjs'))

describe.skipIf(!built)('three lines of the README', () => {
  test.each(RUNNERS)('under $name', { timeout: 180_000 }, async ({ command: [program, ...args], passed }) => {
    const run = async (env: Record<string, string>): Promise<ProgramResult & { output: string }> => {
      const result = await runProgram(program, args, { cwd: folder, env: { ...env, CI: 'true', FORCE_COLOR: '0' } })
      return { ...result, output: result.stdout.toString() + result.stderr }
    }
    const sound = await run({})
    expect(sound.output).not.toContain('StoreContractError')
    expect(passed(sound.output)).toBeGreaterThan(90)
    expect(sound.code).toBe(0)

    const broken = await run({ BROKEN: '1' })
    expect(broken.code).not.toBe(0)
    expect(broken.output).toContain('19 API: `since` is exclusive')
    expect(broken.output).toContain('effect: ')
  })
})
