import { Flag } from '../types.js'

/** What a memory store may hold, and where it takes the time from. Every field has a default. */
export interface MemoryStoreOptions {
  /** Octets of all messages together; more is refused with `limit`. Default 256 MiB. */
  readonly maxBytes?: number
  /** Messages of all accounts together; more is refused with `limit`. Default 100,000. */
  readonly maxMessages?: number
  /** Octets of one message; more is refused with `toolarge`. Default: `maxBytes`. */
  readonly maxMessageBytes?: number
  /** Mailboxes of one account; more is refused with `limit`. Default 10,000. */
  readonly maxMailboxes?: number
  /** Keywords in use in one mailbox; more is refused with `limit`. Default 256. */
  readonly maxKeywords?: number
  /** Annotations of one account; more is refused with `limit`. Default 10,000. */
  readonly maxMetaEntries?: number
  /** Octets of one annotation; more is refused with `limit`. Default 64 KiB. */
  readonly maxMetaBytes?: number
  /** Ranges in the expunge log of one mailbox; what is older is trimmed, and `vanished` answers `null`. Default 10,000. */
  readonly maxVanishedRanges?: number
  /** Mailboxes that one watcher has unread hints of; more become one hint for all. Default 256. */
  readonly maxHints?: number
  /** Milliseconds that staged octets wait for a commit. Default one hour. */
  readonly leaseMs?: number
  /** Milliseconds that octets stay readable after their last row is gone (R7). Default 15 minutes. */
  readonly graceMs?: number
  /** Milliseconds that dedup and commit keys are remembered. Default 7 days. */
  readonly keysMs?: number
  /** Dedup keys, and commit keys, that one account remembers; the oldest are forgotten before their time. Default 100,000. */
  readonly maxKeys?: number
  /** Flag bits that principals other than the owner keep for themselves. Default `Flag.Seen`. */
  readonly privateFlags?: number
  /** Ids of messages that threads are known by, in one account; older ones are forgotten. Default 100,000. */
  readonly maxThreadKeys?: number
  /** Lines of the access list of one mailbox; more is refused with `limit`. Default 1,000. */
  readonly maxAclEntries?: number
  /** Milliseconds since the epoch; fractions are left out. Default `Date.now`. */
  readonly clock?: () => number
  /** Which accounts come into being when they are opened or mail arrives for them. Default: none. */
  readonly autoCreate?: boolean | ((account: string) => boolean)
  /**
   * The account of an address that `addAddress` does not know. Default: the account named like the address (compared
   * as `normaliseAddress` does), or none.
   */
  readonly resolve?: (address: string) => string | null | Promise<string | null>
}

export type MemoryLimits = Required<Omit<MemoryStoreOptions, 'autoCreate' | 'resolve'>>

export function memoryLimits(options: MemoryStoreOptions): MemoryLimits {
  const maxBytes = options.maxBytes ?? 256 * 1024 * 1024
  const clock = options.clock ?? Date.now
  return {
    maxBytes,
    maxMessages: options.maxMessages ?? 100_000,
    maxMessageBytes: options.maxMessageBytes ?? maxBytes,
    maxMailboxes: options.maxMailboxes ?? 10_000,
    maxKeywords: options.maxKeywords ?? 256,
    maxMetaEntries: options.maxMetaEntries ?? 10_000,
    maxMetaBytes: options.maxMetaBytes ?? 64 * 1024,
    maxVanishedRanges: options.maxVanishedRanges ?? 10_000,
    maxHints: options.maxHints ?? 256,
    leaseMs: options.leaseMs ?? 60 * 60 * 1000,
    graceMs: options.graceMs ?? 15 * 60 * 1000,
    keysMs: options.keysMs ?? 7 * 24 * 60 * 60 * 1000,
    maxKeys: options.maxKeys ?? 100_000,
    privateFlags: options.privateFlags ?? Flag.Seen,
    maxThreadKeys: options.maxThreadKeys ?? 100_000,
    maxAclEntries: options.maxAclEntries ?? 1_000,
    clock: () => Math.trunc(clock()),
  }
}
