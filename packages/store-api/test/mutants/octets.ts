/** Octets, staging and the collector: R4, R6, R7. */
import { collectRows, type MailStore, type Source, StoreError, type UidSet, uidSetContains } from '@posthouse/store-api'
import { type Mutant, mapBytes, mapRows, mutant, oneByOne, type Whole } from './mutant.js'

export const octetsMutants: readonly Mutant[] = [
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
  mutant('rows of expunged messages are forgotten at once', 'R7', [301], () => ({ expunged: () => [] })),
  mutant('rows of expunged messages have lost their flags', 'R7', [301], (account) => ({
    async *expunged(mailbox, query) {
      for await (const page of account.expunged(mailbox, query)) yield page.map((row) => ({ ...row, flags: 0 }))
    },
  })),
  mutant('what was moved away is not among what is gone', 'R7', [301], (account) => {
    const moved: UidSet[] = []
    return {
      commit: async (ops, key) => {
        for (const op of ops) if (op.op === 'move') moved.push(op.uids)
        return account.commit(ops, key)
      },
      async *expunged(mailbox, query) {
        for await (const page of account.expunged(mailbox, query)) {
          yield page.filter(({ uid }) => !moved.some((uids) => uidSetContains(uids, uid)))
        }
      },
    }
  }),
  mutant('LF comes back where CRLF was', 'R6', [39], (account) => ({
    stage: (bytes, hint) => account.stage(mapBytes((piece) => piece.filter((octet) => octet !== 13))(bytes), hint),
  })),
  mutant('pieces are read into one buffer', 'R6', [39], (account) => ({
    read: async function* (blob, range) {
      const buffer = new Uint8Array(1 << 16)
      for await (const piece of account.read(blob, range)) {
        for (let at = 0; at < piece.length; at += buffer.length) {
          const part = piece.subarray(at, at + buffer.length)
          buffer.set(part)
          yield buffer.subarray(0, part.length)
        }
      }
    },
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
  mutant('a message of no octets is refused', 'R6', [40], (account) => ({
    stage: async (bytes, hint) => {
      const staged = await account.stage(bytes, hint)
      if (staged.size === 0) throw new StoreError('invalid', 'an empty message')
      return staged
    },
  })),
  mutant('one staging serves one commit', 'API', [45], (account) => {
    const used = new Set<string>()
    return {
      commit: async (ops, key) => {
        for (const op of ops) {
          if (op.op !== 'append') continue
          if (used.has(op.staged.blob)) throw new StoreError('expired', 'used up')
          used.add(op.staged.blob)
        }
        return account.commit(ops, key)
      },
    }
  }),
  mutant('a range is found by reading from the start', 'API', [48], (account) => ({
    read: async function* (blob, range) {
      const until = performance.now() + (range?.start ?? 0) / 100_000
      while (performance.now() < until);
      yield* account.read(blob, range)
    },
  })),
  {
    name: 'a delivery that brings its octets keeps the first piece',
    rule: 'API',
    caughtBy: [109],
    wrap: (memory) => ({
      ...memory,
      deliverOctets: ({ octets, ...delivery }) => memory.deliverOctets({ octets: octets.slice(0, 1), ...delivery }),
    }),
  },
  {
    name: 'nothing is ever collected',
    rule: 'R4',
    caughtBy: [44],
    wrap: (memory) => memory,
    hooks: () => ({ collect: () => undefined }),
  },
  {
    name: 'a stream that outlives its lease is stored as far as it came',
    rule: 'API',
    caughtBy: [43],
    wrap: (memory) => memory,
    hooks({ store, advance }) {
      let late = false
      const cut = async function* (bytes: Source) {
        for await (const piece of bytes) if (!late) yield piece
      }
      const open: MailStore['open'] = async (name, as) => {
        const account = (await store.open(name, as)) as Whole
        return { ...account, stage: (bytes, hint) => account.stage(cut(bytes), hint) }
      }
      return {
        store: { ...store, open },
        advance(ms) {
          late = true
          return advance!(ms)
        },
      }
    },
  },
  {
    name: 'an answer comes before the disk has it',
    rule: 'R4',
    caughtBy: [90],
    wrap: (memory) => memory,
    hooks: ({ store }) => ({ crash: async () => ({ store, acknowledged: ['kept 0 1'] }) }),
  },
  {
    name: 'a full disk is not noticed',
    rule: 'R4',
    caughtBy: [91],
    wrap: (memory) => memory,
    hooks: () => ({ fillDisk: () => undefined }),
  },
  {
    name: 'one query for each message',
    rule: 'API',
    caughtBy: [94],
    wrap: (memory) => memory,
    hooks({ store }) {
      let statements = 0
      const open: MailStore['open'] = async (name, as) => {
        const account = (await store.open(name, as)) as Whole
        return {
          ...account,
          messages: async function* (mailbox, query) {
            for await (const page of account.messages(mailbox, query)) {
              statements += page.length
              yield page
            }
          },
        }
      }
      return { store: { ...store, open }, statements: () => statements }
    },
  },
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
  mutant('what stands in the row is not what is read', 'R6', [102], (account) => ({
    messages: mapRows(account, (row) => (row.inline ? { ...row, inline: row.inline.slice(1) } : row)),
  })),
  mutant('a query by modseq forgets its UIDs', 'API', [104], (account) => ({
    messages: (mailbox, query) =>
      account.messages(mailbox, query.uids ? { ...query, uids: [[1, 4_294_967_295]] } : query),
  })),
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
