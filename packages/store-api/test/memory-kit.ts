import { createMemoryStore, type MailStore, type MemoryStore } from '@posthouse/store-api'
import type { TestStore } from '@posthouse/store-api/conformance'

/** A fresh memory store with a clock that a test moves, and every hook that memory can offer. */
export function memoryTestStore(wrap: (store: MemoryStore) => MailStore = (store) => store): TestStore {
  let now = Date.UTC(2026, 0, 1)
  const leaseMs = 60 * 60 * 1000
  const memory = createMemoryStore({
    clock: () => now++,
    leaseMs,
    maxKeywords: 150,
    maxMessages: 1_000_000,
    maxBytes: 2 ** 30,
  })
  memory.addAccount('ann')
  memory.addAccount('bob')
  const store = wrap(memory)
  return {
    store,
    account: 'ann',
    otherAccount: 'bob',
    second: () => store,
    leaseMs,
    advance: (ms) => {
      now += ms
    },
    collect: () => memory.collect(),
    octetsHeld: () => memory.usage().octets,
    trimVanished: (account) => memory.trimVanished(account),
    setUidNext: (account, uidNext) => memory.setUidNext(account, ['INBOX'], uidNext),
    setQuota: (account, limit) => memory.setQuota(account, limit),
    watchers: () => memory.usage().watchers,
    keywordLimit: 150,
  }
}
