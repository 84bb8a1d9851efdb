/**
 * UIDs for a source that has none: UUIDs, sharded ids, rows that can be back-dated or that become visible late.
 *
 * A message gets its UID when it is discovered, under the sidecar's compare-and-set: what is discovered later has a
 * larger UID whatever its own id is (R1). Changes and removals are discovered in the same way and raise the mailbox's
 * modseq, so a source without any history has CONDSTORE and QRESYNC. Each mailbox has a clock of its own: a commit tells
 * the least of those that it has moved, which is visible in all of them.
 *
 * A source that can say what changed since a cursor (`changes`) is asked for that; one that cannot is read as a whole at
 * each `mailboxes()` and at each question for what has changed (`messages` with `since`: NOOP, IDLE), which suits mailboxes
 * of up to some ten thousand messages. What it can write (`flag`, `remove`, `add`) clients can do.
 */
import { StoreError } from '../errors.js'
import type { Account, CommitResult, MailboxId, MailboxInfo, MessageRow, OpResult, UidSet } from '../types.js'
import { uidSetContains } from '../uid-set.js'
import { apply, changeOf, infoOf, type Known, knownFrom, sortRows, vanishedSince } from './known.js'
import type { UidMapChange, UidMapState, UidSidecar, UnnumberedChanges, UnnumberedSource } from './types.js'
import { performOp, takesWrites } from './write.js'

export type * from './types.js'

/** A look that read fewer messages is cheap: it is repeated whenever somebody asks. */
const MANY = 1000

/**
 * An account over a source without UIDs. `clock` (milliseconds, default `Date.now`) gives the UIDVALIDITY and says how long
 * a look has taken.
 */
export function withUidMap(
  source: UnnumberedSource,
  sidecar: UidSidecar,
  options: { readonly clock?: () => number } = {},
): Account {
  const known = new Map<string, Known>()
  const clock = options.clock ?? Date.now
  let turn: Promise<unknown> = Promise.resolve()

  /** One discovery or commit after the other; those of other processes are kept apart by the sidecar. */
  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const next = turn.then(run, run)
    turn = next.catch(() => {})
    return next
  }

  /** What the source has to tell: all of it the first time, then what changed if it can say so. */
  async function look(mailbox: string, cursor: string | null): Promise<UnnumberedChanges & { all: boolean }> {
    if (cursor !== null) {
      const changes = await source.changes?.(mailbox, cursor)
      if (changes) return { ...changes, all: false }
    }
    // The cursor first: what changes while everything is read is then told again.
    const start = (await source.changes?.(mailbox, null))?.cursor
    const changed: UnnumberedChanges['changed'][number][] = []
    for await (const page of source.messages(mailbox)) for (const message of page) changed.push(message)
    return { changed, removed: [], all: true, cursor: start ?? '' }
  }

  async function discover(mailbox: string): Promise<Known> {
    for (;;) {
      const at = known.get(mailbox) ?? knownFrom(await sidecar.load(mailbox), clock())
      const begun = clock()
      const found = await look(mailbox, at.cursor)
      const change = changeOf(at, found, found.all)
      const changes = at.modseq === 0 || change.put.length > 0 || change.removed.length > 0
      if (changes && !(await sidecar.save(mailbox, at.modseq, change))) {
        known.delete(mailbox)
        continue
      }
      apply(at, change, found.changed)
      if (found.all) sortRows(at)
      at.cursor = source.changes ? found.cursor : null
      const now = clock()
      at.restUntil = found.changed.length < MANY ? 0 : now + (now - begun)
      known.set(mailbox, at)
      return at
    }
  }

  async function requireMailbox(mailbox: string): Promise<void> {
    const exists = (await source.mailboxes()).some(({ key }) => key === mailbox)
    if (!exists) throw new StoreError('nonexistent', 'no such mailbox')
  }

  async function lookUp(mailbox: string): Promise<Known> {
    const found = known.get(mailbox)
    if (found) return found
    await requireMailbox(mailbox)
    return inTurn(() => discover(mailbox))
  }

  /**
   * Who asks what has changed wants to hear what was not discovered yet. Servers ask behind every command of a client: a
   * source that takes long to be read as a whole rests as long as that took.
   */
  async function update(mailbox: string): Promise<Known> {
    if (!known.has(mailbox)) return lookUp(mailbox)
    return inTurn(async () => {
      const found = known.get(mailbox)
      if (found && clock() < found.restUntil) return found
      await requireMailbox(mailbox)
      return discover(mailbox)
    })
  }

  const account: Account = {
    async mailboxes() {
      const mailboxes = await source.mailboxes()
      const infos = await inTurn(async () => {
        const all: MailboxInfo[] = []
        for (const mailbox of mailboxes) all.push(infoOf(mailbox, await discover(mailbox.key)))
        return all
      })
      for (const key of known.keys()) if (!mailboxes.some((mailbox) => mailbox.key === key)) known.delete(key)
      return infos
    },
    async *messages(mailbox, { uids, since = 0 }) {
      const page: MessageRow[] = []
      const found = await (since > 0 ? update(mailbox) : lookUp(mailbox))
      for (const row of rowsIn(found, uids)) if (row.modseq > since) page.push(row)
      for (let at = 0; at < page.length; at += 500) yield page.slice(at, at + 500)
    },
    read: (blob, range) => source.read(blob, range),
    vanished: async (mailbox, since) => vanishedSince(await lookUp(mailbox), since),
    uids: async (mailbox) => Uint32Array.from((await lookUp(mailbox)).rows.keys()),
  }
  if (!takesWrites(source)) return account
  const { stage } = source
  account.stage = (bytes, hint) => {
    if (stage) return stage.call(source, bytes, hint)
    throw new StoreError('readonly', 'the application does not take new messages here')
  }
  account.commit = (ops) =>
    inTurn(async (): Promise<CommitResult> => {
      const discovering = async (mailbox: MailboxId): Promise<Known> => {
        await requireMailbox(mailbox)
        return discover(mailbox)
      }
      const results: OpResult[] = []
      for (const op of ops) results.push(await performOp({ source, discover: discovering }, op))
      const touched = results.flatMap(({ mailbox }) => (mailbox === undefined ? [] : (known.get(mailbox)?.modseq ?? 0)))
      // What is too small is only told again; what is too large for a mailbox would hide what comes next in it.
      return { modseq: touched.length === 0 ? 0 : Math.min(...touched), results }
    })
  return account
}

/** Rows of a set; few ranges of single UIDs are looked up, not searched for. */
function* rowsIn({ rows }: Known, uids: UidSet | undefined): Generator<MessageRow, void, undefined> {
  if (!uids) return yield* rows.values()
  const wanted = uids.reduce((sum, [lo, hi]) => sum + hi - lo + 1, 0)
  if (wanted > rows.size) {
    for (const row of rows.values()) if (uidSetContains(uids, row.uid)) yield row
    return
  }
  for (const [lo, hi] of uids) {
    for (let uid = lo; uid <= hi; uid++) {
      const row = rows.get(uid)
      if (row) yield row
    }
  }
}

/** The state after a change: what a sidecar that keeps whole states can store. */
export function applyUidMapChange(state: UidMapState | null, change: UidMapChange): UidMapState {
  const { put, removed, ...numbers } = change
  const known = knownFrom(state, 0)
  apply(known, change, [])
  return { ...numbers, entries: [...known.entries.values()], gone: known.gone }
}

/** A sidecar in memory, for tests. */
export function createMemoryUidSidecar(): UidSidecar {
  const states = new Map<string, UidMapState>()
  return {
    load: async (mailbox) => states.get(mailbox) ?? null,
    async save(mailbox, expected, change) {
      const state = states.get(mailbox) ?? null
      if ((state?.modseq ?? 0) !== expected) return false
      states.set(mailbox, applyUidMapChange(state, change))
      return true
    },
  }
}
