import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// jest ends by itself only when nothing is left open: the time limit is for when something is.
test('the specs pass in jest', { timeout: 120_000 }, async () => {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const output = await new Promise<string>((resolve) => {
    const args = ['node_modules/jest/bin/jest.js', '--ci']
    execFile(process.execPath, args, { cwd, timeout: 90_000 }, (error, stdout, stderr) =>
      resolve(`${stdout}${stderr}ended with ${error?.signal ?? error?.code ?? 0}`),
    )
  })
  expect(output).toContain('Tests:       2 passed, 2 total')
  expect(output).toMatch(/ended with 0$/)
})
