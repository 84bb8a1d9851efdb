/**
 * The memory store is the model: whatever is asked of both, they answer alike and end up alike, and their watchers hear of
 * all that changes. They may differ in how a keyword is spelt that no message has any more, in what an op that changes no
 * messages does to a mailbox's modification sequence, and in how wide a hint is; none of it is looked at here.
 *
 * MODEL_RUNS says how many stories, MODEL_SEED which ones, MODEL_MS for how long at most. MODEL_RAW=1 leaves out making a
 * counterexample small, for a look at whether a defect is found at all.
 */
import { createMemoryStore } from '@posthouse/store-api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../src/index.js'
import { loadDriver } from '../src/sql/driver.js'
import { createSide, type Kind, type Side } from './model/side.js'
import { stateOf } from './model/state.js'
import { type Step, story } from './model/steps.js'
import { settle, take } from './model/take.js'
import { temporaryFolder } from './test-store.js'

const runs = Number(process.env.MODEL_RUNS ?? 60)
const seed = process.env.MODEL_SEED

/** Nothing here is to outlive the machine. */
const driver = (() => {
  const real = loadDriver()
  return {
    name: real.name,
    open(file: string, options: { readonly readOnly: boolean }) {
      const db = real.open(file, options)
      return { ...db, exec: (sql: string) => db.exec(sql.replace('synchronous=FULL', 'synchronous=OFF')) }
    },
  }
})()

const MAILBOXES = 8

async function sqliteKind(
  path: string,
  clock: () => number,
): Promise<Kind & { close(): Promise<void>; store: SqliteStore }> {
  const limits = { mailboxes: MAILBOXES, subscriptions: 2 * MAILBOXES, accessList: 4 }
  const openOne = () =>
    openSqliteStore({ path, driver, threads: 0, maintenanceInterval: 0, pollInterval: 1e9, clock, limits })
  let store = await openOne()
  let peer: SqliteStore | undefined
  for (const name of ['anna', 'ben']) await store.addAccount(name)
  const close = async () => {
    await peer?.close()
    peer = undefined
    await store.close()
  }
  return {
    get store() {
      return store
    },
    async peer() {
      peer ??= await openOne()
      return peer
    },
    close,
    quota: (account, bytes, messages) => store.addAccount(account, { bytes, messages }),
    async remake(account) {
      await store.removeAccount(account)
      await store.addAccount(account)
    },
    collect: () => store.maintain(),
    async reopen() {
      await close()
      store = await openOne()
    },
  }
}

function memoryKind(clock: () => number): Kind {
  const limits = { maxMailboxes: MAILBOXES, maxAclEntries: 4, graceMs: 3_600_000 }
  const store = createMemoryStore({ clock, ...limits })
  for (const name of ['anna', 'ben']) store.addAccount(name)
  return {
    store,
    peer: async () => store,
    async quota(account, bytes, messages) {
      store.setQuota(account, { ...(bytes !== null && { bytes }), ...(messages !== null && { messages }) })
    },
    async remake(account) {
      store.removeAccount(account)
      store.addAccount(account)
    },
    async collect() {
      store.collect()
    },
    async reopen() {},
  }
}

async function tell(steps: readonly Step[], one: Side, model: Side, advance: (ms: number) => void): Promise<void> {
  for (const step of steps) {
    if (step.do === 'wait') {
      advance(step.ms)
      for (const side of [one, model]) await settle(side)
    } else expect(await take(one, step)).toEqual(await take(model, step))
  }
  for (const name of ['anna', 'ben'])
    for (const who of ['anna', 'ben', 'cora'] as const)
      expect(await stateOf(one, name, who)).toEqual(await stateOf(model, name, who))
  for (const as of [{ principal: 'ben' }, { principal: 'cora', groups: ['staff'] }])
    expect((await one.kind.store.sharedWith(as)).toSorted()).toEqual((await model.kind.store.sharedWith(as)).toSorted())
}

test('whatever owners and guests do, and what is delivered', { timeout: 3_600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      const folder = temporaryFolder()
      let now = 1_000_000_000_000.5
      const clock = () => now
      const sqlite = await sqliteKind(folder.path, clock)
      try {
        const [one, model] = [await createSide(sqlite), await createSide(memoryKind(clock))]
        await tell(steps, one, model, (ms) => {
          now += ms
        })
        expect((await sqlite.store.verify()).problems).toEqual([])
      } finally {
        await sqlite.close()
        folder.remove()
      }
    }),
    {
      numRuns: runs,
      ...(seed !== undefined && { seed: Number(seed) }),
      interruptAfterTimeLimit: Number(process.env.MODEL_MS ?? 30_000),
      endOnFailure: process.env.MODEL_RAW === '1',
    },
  )
})
