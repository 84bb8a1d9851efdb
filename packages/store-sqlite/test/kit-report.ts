/**
 * The conformance kit without a test runner, for another Node and another SQLite binding than those of the tests:
 *
 *     kit-report.ts <driver>
 *
 * Prints a JSON report; the exit code says whether all checks passed.
 */
import { runStoreChecks } from '@posthouse/store-api/conformance'
import { type DriverName, loadDriver } from '../src/index.js'
import { makeTestStore } from './test-store.js'

const name = process.argv[2] as DriverName
const { passed, failed, skipped } = await runStoreChecks({ make: () => makeTestStore({}, name), patience: 10 })
console.log(
  JSON.stringify({
    node: process.version,
    driver: loadDriver(name).name,
    passed: passed.length,
    failed: failed.map(({ error }) => String(error)),
    skipped: skipped.map(({ name, reason }) => `${name}: ${reason}`),
  }),
)
process.exitCode = failed.length === 0 ? 0 : 1
