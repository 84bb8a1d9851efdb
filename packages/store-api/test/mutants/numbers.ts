/** UIDs, modification sequences and UIDVALIDITY: R1, R2, R6, R8. */
import {
  type Account,
  allUids,
  collectRows,
  type MailStore,
  type OpResult,
  type StoreError,
  uidSetFromSorted,
  uidSetIntersect,
} from '@posthouse/store-api'
import { type Mutant, mapInfos, mapResults, mapRows, mutant, tick, type Whole } from './mutant.js'

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

export const numbersMutants: readonly Mutant[] = [
  mutant('UIDs are given before the rows can be seen', 'R1', [7], lateRows),
  mutant('a change is seen after later ones were', 'R2', [8], lateRows),
  mutant('the list of what has changed is older than the rows', 'R2', [108], (account) => ({
    async *messages(mailbox, query) {
      if (!query.since) return yield* account.messages(mailbox, query)
      const { since, ...all } = query
      const changed = await collectRows(account.messages(mailbox, { since }))
      await tick()
      const uids = uidSetFromSorted(changed.map(({ uid }) => uid))
      yield* account.messages(mailbox, { ...all, uids: uidSetIntersect(query.uids ?? allUids, uids) })
    },
  })),
  mutant('the highest UID is used again after an expunge', 'R6', [3, 4], reusedUids),
  {
    name: 'UIDs begin anew with each start',
    rule: 'R6',
    caughtBy: [5],
    wrap: (memory) => memory,
    hooks: ({ store }) => ({
      reopen: () => ({
        open: async (name) => {
          const account = (await store.open(name)) as Whole
          return { ...account, commit: mapResults(account, (result) => ({ ...result, uids: [[1, 1]] })) }
        },
      }),
    }),
  },
  {
    name: 'modification sequences are the time',
    rule: 'API',
    caughtBy: [96],
    wrap: (memory) => memory,
    hooks({ store, advance }) {
      let skew = 100_000_000
      const open: MailStore['open'] = async (name, as) => {
        const account = (await store.open(name, as)) as Whole
        return {
          ...account,
          mailboxes: mapInfos(account, (info) => ({ ...info, modseq: info.modseq + skew })),
        }
      }
      return {
        store: { ...store, open },
        advance(ms) {
          skew += ms
          return advance!(ms)
        },
      }
    },
  },
  mutant('uidNext is the highest UID that was given', 'R6', [1], (account) => ({
    mailboxes: mapInfos(account, (info) => ({ ...info, uidNext: Math.max(1, info.uidNext - 1) })),
  })),
  mutant('rows come with the newest first', 'R1', [2, 103], (account) => ({
    messages: async function* (mailbox, query) {
      yield (await collectRows(account.messages(mailbox, query))).reverse()
    },
  })),
  mutant('a batch gets every other UID', 'R4', [6], (account) => ({
    commit: mapResults(account, (result) =>
      result.uids ? { ...result, uids: result.uids.map(([lo, hi]) => [lo * 2, hi * 2] as const) } : result,
    ),
    messages: mapRows(account, (row) => ({ ...row, uid: row.uid * 2 })),
  })),
  mutant('uidValidity comes from the name', 'R8', [13], (account) => ({
    mailboxes: mapInfos(account, (info) => ({
      ...info,
      uidValidity: info.uidValidity * 1000 + info.path.join().length,
    })),
  })),
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
  mutant('uidNext is a UID, also behind the last one', 'R6', [14], (account) => ({
    mailboxes: mapInfos(account, (info) => ({ ...info, uidNext: Math.min(info.uidNext, 4_294_967_295) })),
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
]
