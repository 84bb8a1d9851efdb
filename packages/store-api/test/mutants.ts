/** Stores that break one rule each: what the kit has to catch. */
import {
  type Account,
  addUid,
  type CommitResult,
  collectRows,
  type MailboxInfo,
  type MailStore,
  type MemoryStore,
  type MessageRow,
  type Op,
  type OpResult,
  type Source,
  StoreError,
  type UidSet,
  type Writer,
} from '@posthouse/store-api'
import type { Rule } from '@posthouse/store-api/conformance'

type Whole = Account & Writer & Required<Pick<Account, 'vanished' | 'watch' | 'uids'>>

/** Replaces methods of an account; called once per account, so that handles share what a mutant remembers. */
type Break = (account: Whole) => Partial<Account>

export interface Mutant {
  readonly name: string
  readonly rule: Rule
  /** The checks that have to fail; others may fail with them. */
  readonly caughtBy: readonly number[]
  readonly wrap: (memory: MemoryStore) => MailStore
}

function wrapWith(breaks: Break): Mutant['wrap'] {
  return (memory) => {
    const broken = new Map<string, Partial<Account>>()
    return {
      async open(name, as) {
        const account = (await memory.open(name, as)) as Whole
        if (as) return account
        if (!broken.has(name)) broken.set(name, breaks(account))
        return { ...account, ...broken.get(name) }
      },
    }
  }
}

function mutant(name: string, rule: Rule, caughtBy: readonly number[], breaks: Break): Mutant {
  return { name, rule, caughtBy, wrap: wrapWith(breaks) }
}

/** The wrapper with nothing broken. */
export const soundWrapper = wrapWith(() => ({}))

const mapInfos = (account: Whole, map: (info: MailboxInfo) => MailboxInfo) => async () =>
  (await account.mailboxes()).map(map)

const mapRows = (account: Whole, map: (row: MessageRow, mailbox: string) => MessageRow | null): Account['messages'] =>
  async function* (mailbox, query) {
    for await (const page of account.messages(mailbox, query)) {
      yield page.map((row) => map(row, mailbox)).filter((row) => row !== null)
    }
  }

const mapOps = (account: Whole, map: (op: Op) => Op | null): Writer['commit'] => {
  return (ops, key) =>
    account.commit(
      ops.map(map).filter((op) => op !== null),
      key,
    )
}

const mapResults = (account: Whole, map: (result: OpResult, op: Op) => OpResult): Writer['commit'] => {
  return async (ops, key) => {
    const done = await account.commit(ops, key)
    return { ...done, results: done.results.map((result, i) => map(result, ops[i]!)) }
  }
}

const mapBytes = (map: (piece: Uint8Array) => Uint8Array) =>
  async function* (bytes: Source): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) yield map(piece)
  }

const tick = () => new Promise((resolve) => setTimeout(resolve, 3))

/** Two rows in three are seen at once, the third some time after its commit: numbers given before visibility. */
function lateRows(account: Whole): Partial<Account> {
  const hidden = new Set<number>()
  return {
    commit: async (ops, key) => {
      const done = account.commit(ops, key)
      const result = await done
      const uid = result.results[0]?.uids?.[0]?.[0]
      if (ops[0]?.op === 'append' && uid !== undefined && uid % 3 === 0) {
        hidden.add(uid)
        await tick()
        hidden.delete(uid)
      }
      return result
    },
    messages: mapRows(account, (row) => (hidden.has(row.uid) ? null : row)),
  }
}

/** UIDs as an application's table gives them: the highest one and one more. */
function reusedUids(account: Whole): Partial<Account> {
  const shown = new Map<string, Map<number, number>>()
  const of = (mailbox: string) => {
    const known = shown.get(mailbox) ?? new Map<number, number>()
    shown.set(mailbox, known)
    return known
  }
  const renumber = async (mailbox: string): Promise<Map<number, number>> => {
    const rows = await collectRows(account.messages(mailbox, {}))
    const known = of(mailbox)
    for (const uid of [...known.keys()]) if (!rows.some((row) => row.uid === uid)) known.delete(uid)
    for (const { uid } of rows) if (!known.has(uid)) known.set(uid, Math.max(0, ...known.values()) + 1)
    return known
  }
  return {
    commit: async (ops, key) => {
      const done = await account.commit(ops, key)
      const results: OpResult[] = []
      for (const result of done.results) {
        const known = result.mailbox ? await renumber(result.mailbox) : new Map<number, number>()
        const uid = known.get(result.uids?.[0]?.[0] ?? 0)
        results.push(uid === undefined ? result : { ...result, uids: [[uid, uid]] })
      }
      return { ...done, results }
    },
  }
}

function firstOnly(set: UidSet): UidSet {
  return set.slice(0, 1)
}

async function oneByOne(ops: readonly Op[], apply: (op: Op) => Promise<CommitResult>): Promise<CommitResult> {
  const results: OpResult[] = []
  let modseq = 0
  for (const op of ops) {
    // `made` points into one commit; these mutants only meet ops that do not use it.
    const done = await apply(op)
    modseq = done.modseq
    results.push(...done.results)
  }
  return { modseq, results }
}

export const mutants: readonly Mutant[] = [
  mutant('UIDs are given before the rows can be seen', 'R1', [7], lateRows),
  mutant('a change is seen after later ones were', 'R2', [8], lateRows),
  mutant('the highest UID is used again after an expunge', 'R6', [3, 4], reusedUids),
  mutant('uidNext runs ahead of the next UID', 'R1', [9], (account) => ({
    mailboxes: mapInfos(account, (info) => ({ ...info, uidNext: info.uidNext + 3 })),
  })),
  mutant('uidValidity is the time in milliseconds', 'R8', [10], (account) => ({
    mailboxes: mapInfos(account, (info) => ({ ...info, uidValidity: 1_790_000_000_000 + info.uidValidity })),
  })),
  mutant('uidValidity is always 1', 'R8', [11, 12], (account) => ({
    mailboxes: mapInfos(account, (info) => ({ ...info, uidValidity: 1 })),
  })),
  mutant('the UID wraps around behind 2^32-1', 'R6', [14], (account) => ({
    commit: async (ops, key) => {
      try {
        return await account.commit(ops, key)
      } catch (error) {
        if ((error as StoreError).code !== 'limit') throw error
        return { modseq: 1, results: ops.map(() => ({ uids: [[1, 1]] as const })) }
      }
    },
  })),
  mutant('a mailbox shows the highest modseq of its rows: an expunge raises nothing', 'R5', [15, 18], (account) => ({
    mailboxes: async () => {
      const infos = await account.mailboxes()
      const highest = async (info: MailboxInfo) =>
        (await collectRows(account.messages(info.id, {}))).reduce((max, row) => Math.max(max, row.modseq), 1)
      return Promise.all(infos.map(async (info) => ({ ...info, modseq: await highest(info) })))
    },
  })),
  mutant('a no-op raises the modseq', 'R5', [16], (account) => {
    let extra = 0
    return {
      commit: (ops, key) => {
        if (ops.some(({ op }) => op === 'flags')) extra++
        return account.commit(ops, key)
      },
      mailboxes: mapInfos(account, (info) => ({ ...info, modseq: info.modseq + extra })),
    }
  }),
  mutant('each op of a commit has a modseq of its own', 'R4', [17], (account) => ({
    commit: (ops) =>
      ops.some((op) => 'to' in op && typeof op.to !== 'string')
        ? account.commit(ops)
        : oneByOne(ops, (op) => account.commit([op])),
  })),
  mutant('`since` is inclusive', 'API', [19, 21], (account) => ({
    messages: (mailbox, query) => account.messages(mailbox, { ...query, since: Math.max(0, (query.since ?? 0) - 1) }),
  })),
  mutant('a copy has the modseq of its source', 'R2', [22], (account) => {
    const first = new Map<string, number>()
    return {
      messages: mapRows(account, (row) => {
        const modseq = first.get(row.emailId) ?? row.modseq
        first.set(row.emailId, modseq)
        return { ...row, modseq }
      }),
      commit: async (ops, key) => {
        const copy = ops.find(({ op }) => op === 'copy') as { from: string } | undefined
        if (copy) {
          for (const row of await collectRows(account.messages(copy.from, {}))) first.set(row.emailId, row.modseq)
        }
        return account.commit(ops, key)
      },
    }
  }),
  mutant('unchangedSince is not looked at', 'API', [23, 24], (account) => ({
    commit: mapOps(account, (op) => {
      if (op.op !== 'flags') return op
      const { unchangedSince: _, ...rest } = op
      return rest
    }),
  })),
  mutant('flags are read, changed and written: a lost update', 'R4', [25], (account) => ({
    commit: async (ops) => {
      const [op] = ops
      if (op?.op !== 'flags' || op.mode !== 'add' || op.unchangedSince !== undefined) return account.commit(ops)
      const rows = await collectRows(account.messages(op.in, { uids: op.uids }))
      await tick()
      return account.commit(
        rows.map((row) => ({
          op: 'flags',
          in: op.in,
          uids: [[row.uid, row.uid]],
          mode: 'set',
          flags: row.flags | op.flags,
          keywords: [...(row.keywords ?? []), ...(op.keywords ?? [])],
        })),
      )
    },
  })),
  mutant('a change of keywords alone is no change', 'R5', [26], (account) => {
    let seen: readonly MailboxInfo[] = []
    let frozen = false
    return {
      commit: async (ops, key) => {
        const keywordsOnly = ops.every((op) => op.op === 'flags' && op.flags === 0)
        if (keywordsOnly) seen = await account.mailboxes()
        frozen = keywordsOnly
        return account.commit(ops, key)
      },
      mailboxes: async () => (frozen ? seen : account.mailboxes()),
    }
  }),
  mutant('onlyDeleted is not looked at', 'API', [27, 28], (account) => ({
    commit: mapOps(account, (op) => (op.op === 'expunge' ? { ...op, onlyDeleted: false } : op)),
  })),
  mutant('an absent UID is an error', 'R12', [29, 59], (account) => ({
    commit: async (ops, key) => {
      for (const op of ops) {
        const [mailbox, uids] =
          op.op === 'copy' || op.op === 'move' ? [op.from, op.uids] : op.op === 'flags' ? [op.in, op.uids] : []
        if (!mailbox || !uids) continue
        const rows = await collectRows(account.messages(mailbox, { uids }))
        if (rows.length === 0) throw new StoreError('nonexistent', 'no such message')
      }
      return account.commit(ops, key)
    },
  })),
  mutant('vanished gives a part of what was expunged', 'R10', [30], (account) => ({
    vanished: async (mailbox, since) => {
      const all = await account.vanished(mailbox, since)
      return all && firstOnly(all)
    },
  })),
  mutant('vanished forgets moves', 'R10', [31], (account) => {
    const moved: [number, number][] = []
    return {
      commit: async (ops, key) => {
        const done = await account.commit(ops, key)
        for (const [i, op] of ops.entries()) {
          if (op.op === 'move') for (const [lo, hi] of done.results[i]?.from ?? []) moved.push([lo, hi])
        }
        return done
      },
      vanished: async (mailbox, since) => {
        const all = await account.vanished(mailbox, since)
        return all?.filter(([lo]) => !moved.some((range) => lo >= range[0] && lo <= range[1])) ?? null
      },
    }
  }),
  mutant('a trimmed history answers with what is left of it', 'R10', [33], (account) => ({
    vanished: async (mailbox, since) => (await account.vanished(mailbox, since)) ?? [],
  })),
  mutant('octets are deleted when their message is expunged', 'R7', [36], (account) => {
    const alive = async (blob: string) => {
      for (const { id } of await account.mailboxes()) {
        if ((await collectRows(account.messages(id, {}))).some((row) => row.blob === blob)) return true
      }
      return false
    }
    const committed = new Set<string>()
    return {
      commit: async (ops, key) => {
        for (const op of ops) if (op.op === 'append') committed.add(op.staged.blob)
        return account.commit(ops, key)
      },
      read: async function* (blob, range) {
        if (committed.has(blob) && !(await alive(blob))) throw new StoreError('nonexistent', 'no such octets')
        yield* account.read(blob, range)
      },
    }
  }),
  mutant('a read in flight stops when its message is expunged', 'R7', [35], (account) => {
    let expunged = false
    return {
      commit: (ops, key) => {
        expunged ||= ops.some(({ op }) => op === 'expunge')
        return account.commit(ops, key)
      },
      read: async function* (blob, range) {
        for await (const piece of account.read(blob, range)) {
          if (expunged) return
          yield piece
        }
      },
    }
  }),
  mutant('an expunge reports UIDs that another has expunged', 'R4', [38], (account) => ({
    commit: async (ops, key) => {
      const [op] = ops
      if (op?.op !== 'expunge') return account.commit(ops, key)
      const reported: [number, number][] = []
      for (const row of await collectRows(account.messages(op.in, op.uids ? { uids: op.uids } : {}))) {
        if (!op.onlyDeleted || row.flags & 8) addUid(reported, row.uid)
      }
      await tick()
      const done = await account.commit(ops, key)
      return { ...done, results: [{ ...done.results[0], uids: reported }] }
    },
  })),
  mutant('LF comes back where CRLF was', 'R6', [39], (account) => ({
    stage: (bytes, hint) => account.stage(mapBytes((piece) => piece.filter((octet) => octet !== 13))(bytes), hint),
  })),
  mutant('the size is counted in characters', 'R6', [39, 101], (account) => ({
    stage: async (bytes, hint) => account.stage(bytes, hint),
    messages: mapRows(account, (row) => ({ ...row, size: Math.max(0, row.size - Math.floor(row.size / 100)) })),
  })),
  mutant('pieces are kept without a copy', 'API', [41], (account) => ({
    stage: async (bytes, hint) => {
      const pieces: Uint8Array[] = []
      for await (const piece of bytes) pieces.push(piece)
      return account.stage(pieces, hint)
    },
  })),
  mutant('a source that breaks off is stored as far as it came', 'R4', [42], (account) => ({
    stage: async (bytes, hint) => {
      const pieces: Uint8Array[] = []
      try {
        for await (const piece of bytes) pieces.push(piece.slice())
      } catch {}
      return account.stage(pieces, hint)
    },
  })),
  mutant('a commit takes what has expired', 'R4', [46], (account) => ({
    commit: async (ops, key) => {
      try {
        return await account.commit(ops, key)
      } catch (error) {
        if ((error as StoreError).code !== 'expired') throw error
        return { modseq: 1, results: ops.map(() => ({ uids: [[1, 1]] as const })) }
      }
    },
  })),
  mutant('the end of a range is included', 'API', [47], (account) => ({
    read: (blob, range) => account.read(blob, range?.end === undefined ? range : { ...range, end: range.end + 1 }),
  })),
  mutant('the prefix is not in the size', 'API', [49], (account) => ({
    messages: mapRows(account, (row) => ({ ...row, size: row.size - (row.prefix?.length ?? 0) })),
  })),
  mutant('a commit over quota keeps what fitted', 'R4', [50], (account) => ({
    commit: (ops) => oneByOne(ops, (op) => account.commit([op])),
  })),
  mutant('the dedup key is not looked at', 'API', [51, 52], (account) => ({
    commit: mapOps(account, (op) => {
      if (op.op !== 'append') return op
      const { dedup: _, ...rest } = op
      return rest
    }),
  })),
  mutant('the key of a commit is not looked at', 'R4', [54], (account) => ({ commit: (ops) => account.commit(ops) })),
  mutant('the UIDs of a copy come in the wrong order', 'R4', [55], (account) => ({
    commit: mapResults(account, (result, op) =>
      op.op === 'copy' && result.uids
        ? { ...result, uids: result.uids.map(([lo, hi]) => [lo + 1, hi + 1] as const) }
        : result,
    ),
  })),
  mutant('a copy has the date of the copying', 'API', [56], (account) => ({
    messages: mapRows(account, (row) => ({ ...row, internalDate: row.saveDate ?? 0 })),
  })),
  mutant('a move is a copy and an expunge', 'R4', [57], (account) => ({
    commit: async (ops) => {
      const [op] = ops
      if (op?.op !== 'move' || typeof op.to !== 'string') return account.commit(ops)
      const done = await account.commit([{ ...op, op: 'copy' }])
      await tick()
      await account.commit([{ op: 'expunge', in: op.from, uids: done.results[0]?.from ?? [], onlyDeleted: false }])
      return done
    },
  })),
  mutant('INBOX has a case', 'API', [64], (account) => ({
    commit: mapOps(account, (op) => (op.op === 'create' && op.path[0] === 'iNbOx' ? { ...op, path: ['iNbOx '] } : op)),
  })),
  mutant('names are compared without NFC', 'API', [65], (account) => ({
    commit: mapOps(account, (op) =>
      op.op === 'create' && op.path[0] === 'Caf\u00e9' ? { ...op, path: ['Caf\u00e9\u200b'] } : op,
    ),
  })),
  mutant('a rename of a subtree is many commits', 'R4', [67], (account) => ({
    commit: async (ops) => {
      let steps = 0
      if (!ops.every(({ op }) => op === 'mailbox')) return account.commit(ops)
      return oneByOne(ops, async (op) => {
        await Promise.resolve()
        const done = await account.commit([op])
        if (++steps % 10 === 0) await tick()
        return done
      })
    },
  })),
  mutant('a role can have two mailboxes', 'API', [75], (account) => ({
    commit: async (ops, key) => {
      try {
        return await account.commit(ops, key)
      } catch (error) {
        const [op] = ops
        if (op?.op !== 'create' || op.role === undefined) throw error
        return account.commit([{ op: 'create', path: op.path }], key)
      }
    },
  })),
  mutant('the counters drift', 'R5', [76], (account) => {
    let drift = 0
    return {
      commit: (ops, key) => {
        if (ops.some((op) => op.op === 'flags' && op.mode === 'set')) drift = 1
        return account.commit(ops, key)
      },
      mailboxes: mapInfos(account, (info) => ({ ...info, unseen: info.unseen + drift })),
    }
  }),
  mutant('keywords have a case', 'API', [78], (account) => ({
    messages: mapRows(account, (row) => ({
      ...row,
      keywords: [...(row.keywords ?? []), ...(row.keywords ?? []).map((name) => name.toLowerCase())],
    })),
  })),
  mutant('a hint comes before its change can be seen', 'R11', [85], (account) => {
    let wakeAll: (() => void)[] = []
    return {
      watch: (signal) =>
        (async function* () {
          while (!signal.aborted) {
            await new Promise<void>((resolve) => {
              wakeAll.push(resolve)
              signal.addEventListener('abort', () => resolve(), { once: true })
            })
            yield {}
          }
        })(),
      commit: async (ops, key) => {
        for (const wake of wakeAll) wake()
        wakeAll = []
        await tick()
        return account.commit(ops, key)
      },
    }
  }),
  mutant('watch subscribes at its first pull', 'R11', [86], (account) => ({
    watch: (signal) =>
      (async function* () {
        yield* account.watch(signal)
      })(),
  })),
  mutant('reads come from a replica that lags', 'R3', [87], (account) => {
    let old: readonly MailboxInfo[] | undefined
    return {
      mailboxes: async () => {
        const now = await account.mailboxes()
        const answer = old ?? now
        old = now
        return answer
      },
    }
  }),
  mutant('watch does not end with its signal', 'R11', [88], (account) => ({
    watch: () => account.watch(new AbortController().signal),
  })),
  mutant('messages() loads the whole mailbox and locks it', 'R9', [93], (account) => {
    let reading = false
    const pending: (() => void)[] = []
    return {
      messages: async function* (mailbox, query) {
        reading = true
        try {
          yield* account.messages(mailbox, query)
        } finally {
          reading = false
          for (const go of pending.splice(0)) go()
        }
      },
      commit: async (ops, key) => {
        // A lock with a time-out, so that the check ends.
        if (reading)
          await Promise.race([
            new Promise<void>((resolve) => pending.push(resolve)),
            new Promise((r) => setTimeout(r, 1500)),
          ])
        return account.commit(ops, key)
      },
    }
  }),
  mutant('the collector looks only at leases', 'R7', [95], (account) => {
    const until = new Map<string, number>()
    return {
      commit: async (ops, key) => {
        for (const op of ops) if (op.op === 'append') until.set(op.staged.blob, op.staged.expires)
        return account.commit(ops, key)
      },
      read: async function* (blob, range) {
        const probe = await account.stage([])
        if ((until.get(blob) ?? Number.POSITIVE_INFINITY) < probe.expires - 3_600_000) return
        yield* account.read(blob, range)
      },
    }
  }),
  mutant('each reading renders the message anew', 'R6', [101], (account) => {
    let readings = 0
    return {
      read: async function* (blob, range) {
        readings++
        for await (const piece of account.read(blob, range)) {
          const changed = piece.slice()
          if (changed.length > 0) changed[0] = readings % 256
          yield changed
        }
      },
    }
  }),
]
