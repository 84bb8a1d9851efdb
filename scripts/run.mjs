// Runs the project's tools: pnpm by its pinned version (corepack fails on some machines), the rest from node_modules.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const pnpmVersion = '10.34.9'

// `npm test --silent` must not silence what a failing step has to say.
const quiet = {
  npm_config_update_notifier: 'false',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
  npm_config_loglevel: 'notice',
}

/**
 * Runs a command in the project's root.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ capture?: boolean, cwd?: string, env?: Record<string, string> }} [options] `capture`: keep the output
 * and show it only on failure.
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      stdio: options.capture ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        ...quiet,
        ...options.env,
        PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
      },
    })
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    child.stderr?.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code: code ?? (signal ? 1 : 0), output }))
  })
}

/** @param {readonly string[]} args */
export function pnpm(args, options = {}) {
  return run('npx', ['--yes', `pnpm@${pnpmVersion}`, '--loglevel=info', '--reporter=append-only', ...args], options)
}

/** Installs what the lock file names and builds all packages and the mail server; ends the process when either fails. */
export async function setUp() {
  for (const [what, args] of [
    ['install', ['install', '--frozen-lockfile', '--prefer-offline']],
    ['build', ['--recursive', 'run', 'build']],
  ]) {
    const started = Date.now()
    const { code, output } = await pnpm(args, { capture: true })
    if (code !== 0) {
      process.stderr.write(`${output}\n${what} failed\n`)
      process.exit(1)
    }
    process.stderr.write(`${what}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
  }
}

/** The folders of the published packages. */
export function packages() {
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((folder) => !JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).private)
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === 'build') await setUp()
