/**
 * The published form of `@posthouse/testing`: packed, installed into an empty folder, run by every Node that is
 * supported and by Bun, as ES modules and CommonJS, and checked by TypeScript without `skipLibCheck`.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runProgram } from '../tools.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const PACKAGES = ['wire', 'mime', 'store-api', 'smtp', 'imap', 'pop3', 'testing']
/** What the folder has beside ours. */
const TOOLS = {
  '@jest/globals': '30.5.2',
  '@types/jest': '30.0.0',
  '@types/node': '20.19.43',
  expect: '30.5.2',
  nodemailer: '10.6.0',
  typescript: '6.0.3',
  vitest: '4.1.12',
}
const pnpm = ['--yes', 'pnpm@10.34.9']

let folder = ''

async function npx(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram('npx', args, { cwd })
  if (code !== 0) throw new Error(`npx ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout.toString()
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-consumer-'))
  for (const name of PACKAGES) {
    await npx([...pnpm, 'pack', '--pack-destination', folder], join(root, 'packages', name))
  }
  const dependencies: Record<string, string> = { ...TOOLS }
  for (const file of readdirSync(folder)) {
    const name = PACKAGES.find((one) => file === `posthouse-${one}-${file.split('-').at(-1)}`)
    if (name) dependencies[`@posthouse/${name}`] = `file:./${file}`
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  cpSync(fileURLToPath(new URL('./consumer', import.meta.url)), folder, { recursive: true })
  const { code, stderr } = await runProgram('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd: folder,
  })
  if (code !== 0) throw new Error(stderr)
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(['20', '22', '24', '26'])('Node %s', (version) => {
  test.each(['everything.mjs', 'everything.cjs'])('%s', { timeout: 180_000 }, async (file) => {
    expect(await npx(['--yes', `node@${version}`, file], folder)).toBe('everything works\n')
  })
})

describe('Bun', () => {
  test.each(['everything.mjs', 'everything.cjs'])('%s', { timeout: 180_000 }, async (file) => {
    expect(await npx(['--yes', 'bun@1.4.5', file], folder)).toBe('everything works\n')
  })
})

describe('TypeScript without skipLibCheck', () => {
  const OPTIONS = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    'false',
    '--exactOptionalPropertyTypes',
    '--target',
    'es2022',
  ]
  const LIB = ['--lib', 'es2023,esnext.disposable,dom', '--module', 'nodenext', '--moduleResolution', 'nodenext']

  test.each([
    ['node-types.ts', 'node'],
    ['vitest-types.ts', 'node'],
    ['jest-types.ts', 'node,jest'],
    ['jest-globals-types.ts', 'node'],
  ])('%s', { timeout: 180_000 }, async (file, types) => {
    expect(await npx(['tsc', ...OPTIONS, ...LIB, '--types', types, file], folder)).toBe('')
  })
})
