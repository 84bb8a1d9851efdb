/** Deliveries, copies, names, roles, counters and keywords: R4, R5. */
import { collectRows, StoreError } from '@posthouse/store-api'
import {
  type Mutant,
  mapInfos,
  mapOps,
  mapResults,
  mapRows,
  mutant,
  oneByOne,
  swallows,
  tick,
  type Whole,
} from './mutant.js'

export const mailboxesMutants: readonly Mutant[] = [
  mutant('the dedup key is not looked at', 'API', [51, 52], (account) => ({
    commit: mapOps(account, (op) => {
      if (op.op !== 'append') return op
      const { dedup: _, ...rest } = op
      return rest
    }),
  })),
  {
    name: 'a dedup key is one for all accounts',
    rule: 'API',
    caughtBy: [53],
    wrap(memory) {
      const seen = new Set<string>()
      return {
        open: async (name, as) => {
          const account = (await memory.open(name, as)) as Whole
          const commit: Whole['commit'] = async (ops, key) => {
            const done = await account.commit(ops, key)
            const results = done.results.map((result, i) => {
              const op = ops[i]
              if (op?.op !== 'append' || op.dedup === undefined) return result
              const duplicate = seen.has(op.dedup)
              seen.add(op.dedup)
              return duplicate ? { ...result, duplicate } : result
            })
            return { ...done, results }
          }
          return { ...account, commit }
        },
      }
    },
  },
  mutant('a move into the same mailbox moves nothing', 'R6', [58], (account) => ({
    commit: (ops, key) => {
      const self = ops.every((op) => op.op === 'move' && op.from === op.to)
      return account.commit(self ? [] : ops, key)
    },
  })),
  mutant('moves take two locks, each in its own order', 'R4', [61], (account) => {
    const moving = new Set<string>()
    return {
      commit: async (ops, key) => {
        const [op] = ops
        if (op?.op !== 'move') return account.commit(ops, key)
        if (moving.has(`${op.to} ${op.from}`)) throw new StoreError('busy', 'a deadlock')
        moving.add(`${op.from} ${op.to}`)
        await tick()
        moving.delete(`${op.from} ${op.to}`)
        return account.commit(ops, key)
      },
    }
  }),
  mutant('a name that is made again is the mailbox of before', 'R8', [73], (account) => ({
    commit: async (ops, key) => {
      const [first] = ops
      const done = await account.commit(ops, key)
      if (first?.op !== 'drop') return done
      return { ...done, results: done.results.map((result) => ({ ...result, mailbox: first.id })) }
    },
  })),
  mutant('a copy needs no room', 'R4', [60], (account) => ({
    commit: swallows(account, ['overquota'], ({ op }) => op === 'copy'),
  })),
  mutant('create of a name that is there goes well', 'API', [62, 64, 65], (account) => ({
    commit: swallows(account, ['exists'], ({ op }) => op === 'create'),
  })),
  mutant('INBOX can be dropped', 'API', [63], (account) => ({
    commit: swallows(account, ['invalid'], ({ op }) => op === 'drop'),
  })),
  mutant('names are decoded', 'API', [66], (account) => ({
    mailboxes: mapInfos(account, (info) => ({ ...info, path: info.path.map((name) => name.replaceAll('%41', 'A')) })),
  })),
  mutant('a rename onto a name that is there does the rest', 'R4', [68], (account) => ({
    commit: async (ops, key) => {
      try {
        return await account.commit(ops, key)
      } catch (error) {
        if (ops.length > 1 && ops.every(({ op }) => op === 'mailbox')) await account.commit(ops.slice(0, -1))
        throw error
      }
    },
  })),
  mutant('INBOX begins anew when it is renamed', 'R4', [69], (account) => {
    let emptied = false
    return {
      commit: (ops, key) => {
        emptied ||= ops[0]?.op === 'create' && ops[1]?.op === 'move'
        return account.commit(ops, key)
      },
      mailboxes: mapInfos(account, (info) => (emptied && info.path[0] === 'INBOX' ? { ...info, uidNext: 1 } : info)),
    }
  }),
  mutant('a mailbox can be moved below itself', 'API', [70], (account) => ({
    commit: swallows(account, ['invalid'], ({ op }) => op === 'mailbox'),
  })),
  mutant('a drop costs with what is in the mailbox', 'API', [71], (account) => ({
    commit: async (ops, key) => {
      if (ops[0]?.op === 'drop') {
        const rows = await collectRows(account.messages(ops[0].id, {}))
        await new Promise((resolve) => setTimeout(resolve, rows.length / 10))
      }
      return account.commit(ops, key)
    },
  })),
  mutant('a dropped mailbox is an empty one', 'API', [72], (account) => ({
    messages: async function* (mailbox, query) {
      const known = (await account.mailboxes()).some(({ id }) => id === mailbox)
      if (known) yield* account.messages(mailbox, query)
    },
  })),
  mutant('a subscription goes with its mailbox', 'API', [74, 97], (account) => ({
    commit: async (ops, key) => {
      const infos = await account.mailboxes()
      const gone = ops.flatMap((op) => (op.op === 'drop' ? infos.filter(({ id }) => id === op.id) : []))
      const done = await account.commit(ops, key)
      for (const { path } of gone) await account.commit([{ op: 'subscribe', path, on: false }])
      return done
    },
  })),
  mutant('keywords beyond the limit are left out in silence', 'API', [79], (account) => ({
    commit: mapOps(account, (op) =>
      op.op === 'flags' && (op.keywords?.length ?? 0) > 100 ? { ...op, keywords: op.keywords!.slice(0, 100) } : op,
    ),
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
