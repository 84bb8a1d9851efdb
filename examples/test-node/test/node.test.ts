import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('the specs pass in node:test', { timeout: 120_000 }, async () => {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const args = ['--test', '--test-reporter=tap', 'specs/digest.test.mjs']
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd, env: {}, timeout: 90_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
  expect(output).toContain('# pass 2')
  expect(output).toContain('# fail 0')
})
