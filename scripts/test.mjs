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

/** What can be done at the same time; the checks of one package both pack it into the same file. */
const jobs = [
  [['types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']]],
  [['reference documentation', 'typedoc', ['--treatWarningsAsErrors', '--out', join(tmpdir(), 'posthouse-reference')]]],
  [['format and lint', 'biome', ['check', '--error-on-warnings', '.']]],
  ...packages().map((folder) => [
    [`${basename(folder)}: publint`, 'publint', [folder, '--strict', '--pack', 'npm']],
    [`${basename(folder)}: attw`, 'attw', ['--pack', folder, '--profile', 'node16', '--quiet']],
  ]),
]

async function work() {
  for (let job = jobs.shift(); job; job = jobs.shift()) for (const one of job) await check(...one)
}
// Side by side: on two processors they take half the time.
await Promise.all([work(), work()])

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
