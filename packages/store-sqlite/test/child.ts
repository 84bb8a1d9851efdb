/**
 * The other process of the crash tests and the races: works on a store until it is killed or told to stop, and says
 * on its output, line by line and at once, what was acknowledged.
 *
 *     child.ts <folder> <settings as JSON>
 */
import { writeSync } from 'node:fs'
import { crashScenario } from '@posthouse/store-api/conformance'
import { type Driver, type DriverName, loadDriver, openSqliteStore, type SqliteStore } from '../src/index.js'
import { instrument } from './instrument.js'
import { mailOf, nameOf, sizeOf } from './mail.js'

/** What a child is asked to do. */
export interface ChildSettings {
  /**
   * `load`: deliver, move and expunge; `deliver`: deliver only; `read`: look whether UIDs and MODSEQs come in order;
   * `scenario`: what the conformance kit kills, with the collector at work beside it.
   */
  readonly task: 'load' | 'deliver' | 'read' | 'scenario'
  readonly name: string
  readonly threads: number
  /** Number of the first message, and how many (0: until killed). */
  readonly first: number
  readonly count: number
  /** Dies by `kill -9` around the n-th statement whose text begins so. */
  readonly dieAt?: { readonly sql: string; readonly when: 'before' | 'after'; readonly nth: number }
  /** ms that the store's clock is ahead. */
  readonly ahead?: number
  /** Default: the first that this Node has. */
  readonly binding?: DriverName
}

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

/** The usual driver, but deadly. */
function deadly(dieAt: NonNullable<ChildSettings['dieAt']>, binding?: DriverName): Driver {
  let seen = 0
  return instrument(loadDriver(binding), (sql, when) => {
    if (when !== dieAt.when || !sql.startsWith(dieAt.sql)) return
    if (++seen === dieAt.nth) process.kill(process.pid, 'SIGKILL')
  }).driver
}

async function deliverOne(store: SqliteStore, number: number): Promise<void> {
  const name = `m${number}`
  const octets = [mailOf(name, sizeOf(number))]
  const delivery = {
    summary: new Uint8Array([1, 2, 3]),
    to: [{ account: 'anna', dedup: name, prefix: new Uint8Array([80, 13, 10]) }],
  }
  const [result] =
    number % 2 === 0
      ? await store.deliver({ staged: await store.stage(octets), ...delivery })
      : await store.deliverOctets({ octets, ...delivery })
  if (!result || result instanceof Error) throw result
  say(`delivered ${name}`)
}

/** Moves, flags and expunges of what is there; what was promised is said afterwards. */
async function disturb(store: SqliteStore): Promise<void> {
  const account = await store.open('anna')
  const boxes = await account.mailboxes()
  const inbox = boxes.find(({ path }) => path[0] === 'INBOX')
  const trash = boxes.find(({ path }) => path[0] === 'Trash')
  if (!inbox || !trash) return
  const uids = await account.uids(inbox.id)
  const some = [...uids.subarray(0, 4)].map((uid) => [uid, uid] as const)
  if (some.length < 4) return
  await account.commit([
    { op: 'flags', in: inbox.id, uids: some.slice(0, 2), mode: 'add', flags: 1, keywords: ['$Seen2'] },
  ])
  await account.commit([{ op: 'move', from: inbox.id, uids: some.slice(0, 1), to: trash.id }])
  const inTrash = await account.uids(trash.id)
  if (inTrash.length > 40) {
    // Which message goes is said before: it may be gone or not when the answer does not come.
    const uid = inTrash[0]
    for await (const rows of account.messages(trash.id, { uids: [[uid, uid]] })) {
      for await (const start of account.read(rows[0].blob, { start: 0, end: 100 })) say(`expunging ${nameOf(start)}`)
    }
    await account.commit([{ op: 'expunge', in: trash.id, uids: [[uid, uid]], onlyDeleted: false }])
  }
}

/** Numbers must never come after larger ones were seen (R1, R2). */
async function watchOrder(store: SqliteStore, until: number): Promise<void> {
  const account = await store.open('anna')
  const inbox = (await account.mailboxes())[0]
  const seen = new Set<number>()
  let highestUid = 0
  let highestModseq = 0
  while (seen.size < until) {
    const before = [highestUid, highestModseq]
    for await (const rows of account.messages(inbox.id, { since: highestModseq })) {
      for (const { uid, modseq } of rows) {
        if (!seen.has(uid) && uid <= before[0]) say(`late UID ${uid}, after ${before[0]} had been seen`)
        if (modseq <= before[1]) say(`late MODSEQ ${modseq}, after ${before[1]} had been seen`)
        seen.add(uid)
        highestUid = Math.max(highestUid, uid)
        highestModseq = Math.max(highestModseq, modseq)
      }
    }
  }
  say(`saw ${seen.size}`)
}

const [folder, json] = process.argv.slice(2)
const settings = JSON.parse(json) as ChildSettings
let ahead = settings.ahead ?? 0
const store = await openSqliteStore({
  path: folder,
  threads: settings.threads,
  maintenanceInterval: 0,
  clock: () => Date.now() + ahead,
  // Time flies, so that the collector has work; but what was staged waits for its commit.
  ...(settings.task === 'scenario' && { limits: { lease: 365 * 24 * 3_600_000 } }),
  ...(settings.dieAt && { driver: deadly(settings.dieAt, settings.binding), threads: 0 }),
})
if (settings.task !== 'scenario') say('ready')
if (settings.task === 'scenario') {
  const scenario = crashScenario(store, 'anna', say)
  let running = true
  const ended = scenario.finally(() => {
    running = false
  })
  while (running) {
    ahead += 2 * 3_600_000
    await store.maintain()
  }
  await ended
} else if (settings.task === 'read') await watchOrder(store, settings.count)
else {
  let next = settings.first
  const last = settings.count === 0 ? Number.POSITIVE_INFINITY : settings.first + settings.count
  const lane = async (): Promise<void> => {
    while (next < last) {
      const number = next++
      await deliverOne(store, number)
      if (settings.task === 'load' && number % 10 === 0) await disturb(store)
      if (settings.task === 'load' && number % 50 === 0) await store.maintain()
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
}
await store.close()
if (settings.task !== 'scenario') say('done')
