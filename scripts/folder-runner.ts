import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Runs `<folder>/<name>/run.ts` for each name, or for those asked for; options (`--seconds 60`) are handed on. */
export function runFolder(folder: string, args: readonly string[]): void {
  const firstOption = args.findIndex((arg) => arg.startsWith('--'))
  const asked = firstOption === -1 ? args : args.slice(0, firstOption)
  const options = firstOption === -1 ? [] : args.slice(firstOption)
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'run.ts')))
  for (const name of asked) {
    if (!names.includes(name)) throw new Error(`there is no ${name}; there are ${names.join(', ')}`)
  }
  let failed = 0
  for (const name of asked.length > 0 ? asked : names) {
    console.log(`\n== ${name}`)
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', join(folder, name, 'run.ts'), ...options], {
      stdio: 'inherit',
    })
    if (status !== 0) failed++
  }
  process.exitCode = failed === 0 ? 0 : 1
}
