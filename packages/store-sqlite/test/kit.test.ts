import { storeChecks } from '@posthouse/store-api/conformance'
import { describe, test } from 'vitest'
import { makeTestStore } from './test-store.js'

// Sharing (rights and private flags of other principals) is not in this store; those checks say so and are skipped.
const scale = process.env.POSTHOUSE_KIT === 'full' ? 'full' : 'quick'

/** In this thread by default, so that a check costs no start of threads; 1: with threads. */
const threads = Number(process.env.POSTHOUSE_KIT_THREADS ?? 0)

describe(`the conformance kit (${scale}, threads: ${threads})`, () => {
  for (const check of storeChecks({ make: () => makeTestStore({ threads }), scale, patience: 5 })) {
    test(check.name, { timeout: 300_000 }, (context) => check.run(context))
  }
})
