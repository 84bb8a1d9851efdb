/** What the kit wants from an author: a way to make stores, and hooks for what a mail store's interface cannot do. */
import type { MailStore } from '../types.js'

/** A rule of `CONTRACT.md`. `API` is what the interface's own documentation says. */
export type Rule = 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6' | 'R7' | 'R8' | 'R9' | 'R10' | 'R11' | 'R12' | 'API'

/** Where `crash` lets the process die. */
export type CrashPoint = 'after-stage' | 'mid-commit' | 'after-commit' | 'mid-expunge' | 'mid-collect'

/** One store with an account that nobody has used. Every hook is optional; a check that needs a missing one says so. */
export interface TestStore {
  readonly store: MailStore
  /** An account with nothing but INBOX. (A read-only adapter's has some messages in INBOX.) */
  readonly account: string
  /** A second, equally fresh account. */
  readonly otherAccount?: string
  /** The same data through another handle: a connection, a thread, best of all another process. */
  readonly second?: () => MailStore | Promise<MailStore>
  /** Closes the store and opens it again, as a restart of the process does. */
  readonly reopen?: () => MailStore | Promise<MailStore>
  /**
   * In another process, on the same data: runs `crashScenario` and dies by `kill -9` at the point. Answers with the
   * store opened again and the lines that the scenario acknowledged before.
   */
  readonly crash?: (point: CrashPoint) => Promise<{ store: MailStore; acknowledged: readonly string[] }>
  /** Puts the store's injected clock forward (or, when negative, back). */
  readonly advance?: (ms: number) => void | Promise<void>
  /** Milliseconds that staged octets live. Wanted with `advance`. */
  readonly leaseMs?: number
  /** Lets the collector of unused octets run now. */
  readonly collect?: () => unknown
  /** Octets that the store holds, staged ones included. */
  readonly octetsHeld?: () => number | Promise<number>
  /** Forgets the expunge log so far. */
  readonly trimVanished?: (account: string) => void | Promise<void>
  /** Lets the next message of INBOX have this UID. */
  readonly setUidNext?: (account: string, uidNext: number) => void | Promise<void>
  readonly setQuota?: (account: string, limit: { bytes?: number; messages?: number }) => void | Promise<void>
  /** Makes stage and commit fail as a full disk does until it is called with false. */
  readonly fillDisk?: (full: boolean) => void | Promise<void>
  /** Database statements so far: a call must not need more of them for more messages. */
  readonly statements?: () => number | Promise<number>
  /** Octets of logs that a reader may hold up (a WAL). */
  readonly logOctets?: () => number | Promise<number>
  /** Watchers that hold resources. */
  readonly watchers?: () => number | Promise<number>
  /** Keywords that one mailbox may have, where there is such a limit. */
  readonly keywordLimit?: number
  /** For adapters: what the application does behind the store's back. */
  readonly application?: {
    /** Adds a message to INBOX. */
    readonly add: () => void | Promise<void>
    /** Removes the newest message of INBOX. */
    readonly removeNewest: () => void | Promise<void>
  }
  readonly close?: () => void | Promise<void>
}

/** What `storeChecks` is told about the store. */
export interface StoreKit {
  /** Makes a store for one check. Called once per check; checks never share one. */
  readonly make: () => TestStore | Promise<TestStore>
  /** `quick` (default): seconds in all. `full`: 100,000 messages, 20 and 50 MB, thousands of races; minutes. */
  readonly scale?: 'quick' | 'full'
  /**
   * Factor on the time limits of the checks that have one, for slow machines. Default 1; 0 leaves time limits out.
   */
  readonly patience?: number
}

/** One check of the contract, for any test runner. */
export interface StoreCheck {
  /**
   * 1 to 100; 101 and up are for adapters over somebody else's table, 201 and up for sharing between accounts, 301 and up
   * for messages that are gone.
   */
  readonly number: number
  /** `7 R1: …`: number, rule and what is checked. */
  readonly name: string
  readonly rule: Rule
  /** What a store that fails does to a mail client. */
  readonly harm: string
  /**
   * Runs the check on a new store. When the store lacks what the check needs, it calls `skip(reason)` of the first
   * argument if there is one (the test context of vitest and node:test) and resolves.
   * @throws StoreContractError when the store breaks the rule
   */
  readonly run: (...context: unknown[]) => Promise<void>
}
