/** What changes and what is gone: R5, R10, R12, conditional stores. */
import {
  addUid,
  collectRows,
  type MailboxInfo,
  StoreError,
  uidSetSize,
  uidSetUnion,
  uidSetValues,
} from '@posthouse/store-api'
import { type Mutant, mapInfos, mapOps, mutant, oneByOne, tick, type Whole } from './mutant.js'

export const changesMutants: readonly Mutant[] = [
  mutant('a mailbox shows the highest modseq of its rows: an expunge raises nothing', 'R5', [15, 18], (account) => ({
    mailboxes: async () => {
      const infos = await account.mailboxes()
      const highest = async (info: MailboxInfo) =>
        (await collectRows(account.messages(info.id, {}))).reduce((max, row) => Math.max(max, row.modseq), 1)
      return Promise.all(infos.map(async (info) => ({ ...info, modseq: await highest(info) })))
    },
  })),
  mutant('a no-op raises the modseq', 'R5', [16, 111], (account) => {
    let extra = 0
    return {
      commit: (ops, key) => {
        if (ops.some(({ op }) => op === 'flags')) extra++
        return account.commit(ops, key)
      },
      mailboxes: mapInfos(account, (info) => ({ ...info, modseq: info.modseq + extra })),
    }
  }),
  mutant('a mailbox that gets the name it has is a changed one', 'R5', [110], (account) => {
    let extra = 0
    return {
      commit: (ops, key) => {
        if (ops.some(({ op }) => op === 'mailbox')) extra++
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
  {
    name: 'a restart forgets where history starts',
    rule: 'R10',
    caughtBy: [34],
    wrap: (memory) => memory,
    hooks: ({ store }) => ({
      reopen: () => ({
        open: async (name) => {
          const account = (await store.open(name)) as Whole
          return { ...account, vanished: async (mailbox, since) => (await account.vanished(mailbox, since)) ?? [] }
        },
      }),
    }),
  },
  mutant('`since: 0` is nothing', 'API', [20], (account) => ({
    messages: (mailbox, query) => (query.since === 0 ? [] : account.messages(mailbox, query)),
  })),
  mutant('vanished names what is there', 'R10', [30, 32], (account) => ({
    vanished: async (mailbox, since) => {
      const gone = await account.vanished(mailbox, since)
      return gone && uidSetUnion(gone, [[1, 1]])
    },
  })),
  mutant('the log of expunges has a line for each message', 'R10', [37], (account) => ({
    vanished: async (mailbox, since) => {
      const gone = await account.vanished(mailbox, since)
      return gone && [...uidSetValues(gone)].map((uid) => [uid, uid] as const)
    },
  })),
  mutant('flags of very many are set in part', 'R4', [77], (account) => ({
    commit: mapOps(account, (op) =>
      op.op === 'flags' && uidSetSize(op.uids) > 500 ? { ...op, uids: [[op.uids[0]![0], op.uids[0]![0] + 499]] } : op,
    ),
  })),
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
      return all === null ? null : all.slice(0, 1)
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
]
