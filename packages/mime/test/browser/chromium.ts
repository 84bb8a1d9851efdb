import { execFileSync, spawnSync } from 'node:child_process'

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome']

function find(): string | undefined {
  for (const command of COMMANDS) {
    const { status, stdout } = spawnSync('which', [command], { encoding: 'utf8' })
    if (status === 0) return stdout.trim()
  }
  return undefined
}

/** The path of a Chromium. In CI it is installed when it is missing; elsewhere its absence is no failure. */
export function findChromium(): string | undefined {
  const path = find()
  if (path !== undefined || process.env.CI !== 'true') return path
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  execFileSync('apt-get', ['update', '-qq'], options)
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options)
  const installed = find()
  if (installed === undefined) throw new Error('chromium was installed and is not there')
  return installed
}
