import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ensureInstalled } from '../../../interop/tools.js'

/** A port that is free now: the programs under test are told theirs. */
async function freePort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

test.skipIf(!ensureInstalled(['chromium']))('the specs pass in Playwright', { timeout: 180_000 }, async () => {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const [APP_PORT, SMTP_PORT, HTTP_PORT] = await Promise.all([freePort(), freePort(), freePort()])
  const env = { ...process.env, APP_PORT, SMTP_PORT, HTTP_PORT }
  const output = await new Promise<string>((resolve) => {
    const args = ['node_modules/@playwright/test/cli.js', 'test']
    execFile(process.execPath, args, { cwd, env, timeout: 150_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
  expect(output).toContain('4 passed')
})
