// `npm test`: sets everything up on a fresh clone, then proves the whole tree. The last line is `N passed, N failed`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { packages, run, setUp } from './run.mjs'

await setUp()

let passed = 0
let failed = 0

/** One check that is a command. */
async function check(name, command, args) {
  const { code, output } = await run(command, args, { capture: true })
  if (code === 0) passed++
  else {
    failed++
    console.log(`FAILED ${name}\n${output}`)
  }
  console.log(`${code === 0 ? 'ok' : 'FAILED'} ${name}`)
}

await check('types', 'tsc', ['--noEmit', '-p', 'tsconfig.json'])
await check('format and lint', 'biome', ['check', '--error-on-warnings', '.'])
await check('reference documentation', 'typedoc', [
  '--treatWarningsAsErrors',
  '--out',
  join(tmpdir(), 'posthouse-reference'),
])
for (const folder of packages()) {
  await check(`${basename(folder)}: publint`, 'publint', [folder, '--strict', '--pack', 'npm'])
  await check(`${basename(folder)}: attw`, 'attw', ['--pack', folder, '--profile', 'node16', '--quiet'])
}

/** Tests by vitest; each is counted. */
async function tests(...args) {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-test-'))
  const report = join(folder, 'report.json')
  const { code } = await run('vitest', [
    ...['run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  ])
  const before = failed
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
    passed += numPassedTests
    // A file that could not even be loaded has no tests, and is no success.
    failed +=
      numFailedTests +
      testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
  } catch (error) {
    console.log(`no test report: ${error.message}`)
  }
  if (code !== 0 && failed === before) failed++
  rmSync(folder, { recursive: true })
}

// Those that stay in one process, side by side; those that start others and measure, one after the other.
await tests('packages', '--maxWorkers=2')
await tests('examples', 'fuzz', 'interop', '--maxWorkers=1')
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
