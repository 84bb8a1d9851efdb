/**
 * The conformance kit: the contract of a mail store as checks for any test runner.
 *
 * @example
 * import { storeChecks } from '@posthouse/store-api/conformance'
 * for (const check of storeChecks({ make: () => ({ store: myStore(), account: 'ann' }) })) test(check.name, check.run)
 */
import { adapterChecks } from './checks/adapter.js'
import { byteChecks } from './checks/bytes.js'
import { copyChecks } from './checks/copy.js'
import { expungeChecks } from './checks/expunge.js'
import { expungedChecks } from './checks/expunged.js'
import { feedChecks } from './checks/feed.js'
import { flagChecks } from './checks/flags.js'
import { levelChecks } from './checks/levels.js'
import { limitChecks } from './checks/limits.js'
import { mailboxChecks } from './checks/mailboxes.js'
import { modseqChecks } from './checks/modseq.js'
import { numberChecks } from './checks/numbers.js'
import { sharedMailboxChecks } from './checks/shared-mailboxes.js'
import { sharingChecks } from './checks/sharing.js'
import { bind } from './define.js'
import type { StoreCheck, StoreKit } from './kit.js'

export { crashScenario } from './crash-scenario.js'
export { StoreContractError } from './failure.js'
export type { CrashPoint, Rule, StoreCheck, StoreKit, TestStore } from './kit.js'

const definitions = [
  ...numberChecks,
  ...modseqChecks,
  ...expungeChecks,
  ...byteChecks,
  ...copyChecks,
  ...mailboxChecks,
  ...flagChecks,
  ...feedChecks,
  ...limitChecks,
  ...levelChecks,
  ...adapterChecks,
  ...sharingChecks,
  ...sharedMailboxChecks,
  ...expungedChecks,
].sort((a, b) => a.number - b.number)

/** All checks, in order. Give each to the test runner: `test(check.name, check.run)`. */
export function storeChecks(kit: StoreKit): readonly StoreCheck[] {
  return definitions.map((definition) => bind(kit, definition))
}

/** What `runStoreChecks` found. */
export interface StoreReport {
  readonly passed: readonly string[]
  readonly failed: readonly { readonly check: StoreCheck; readonly error: unknown }[]
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

/** Runs all checks, one after the other, without a test runner. */
export async function runStoreChecks(kit: StoreKit): Promise<StoreReport> {
  const passed: string[] = []
  const failed: { check: StoreCheck; error: unknown }[] = []
  const skipped: { name: string; reason: string }[] = []
  for (const check of storeChecks(kit)) {
    let reason: string | undefined
    try {
      await check.run({
        skip: (why: string) => {
          reason = why
        },
      })
      if (reason === undefined) passed.push(check.name)
      else skipped.push({ name: check.name, reason })
    } catch (error) {
      failed.push({ check, error })
    }
  }
  return { passed, failed, skipped }
}
