import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('the specs pass in jest', { timeout: 120_000 }, async () => {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const output = await new Promise<string>((resolve) => {
    execFile('npx', ['jest', '--ci'], { cwd }, (_error, stdout, stderr) => resolve(stdout + stderr))
  })
  expect(output).toContain('Tests:       2 passed, 2 total')
})
