/** Deliveries, copies, names, roles, counters and keywords: R4, R5. */
import { type Mutant, mapInfos, mapOps, mapResults, mapRows, mutant, oneByOne, tick } from './mutant.js'

export const mailboxesMutants: readonly Mutant[] = [
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
]
