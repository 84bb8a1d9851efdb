/** How a store is made that breaks one rule: a sound one, with some methods replaced. */
import type {
  Account,
  CommitResult,
  MailboxInfo,
  MailStore,
  MemoryStore,
  MessageRow,
  Op,
  OpResult,
  Source,
  StoreCode,
  StoreError,
  Writer,
} from '@posthouse/store-api'
import type { Rule, TestStore } from '@posthouse/store-api/conformance'

export type Whole = Account & Writer & Required<Pick<Account, 'vanished' | 'watch' | 'uids' | 'expunged'>>

/** Replaces methods of an account; called once per account, so that handles share what a mutant remembers. */
type Break = (account: Whole) => Partial<Account>

export interface Mutant {
  readonly name: string
  readonly rule: Rule
  /** The checks that have to fail; others may fail with them. */
  readonly caughtBy: readonly number[]
  readonly wrap: (memory: MemoryStore) => MailStore
  /** Breaks what the store's author tells the kit: hooks that count, collect or fill the disk. */
  readonly hooks?: (sound: TestStore) => Partial<TestStore>
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

export function mutant(name: string, rule: Rule, caughtBy: readonly number[], breaks: Break): Mutant {
  return { name, rule, caughtBy, wrap: wrapWith(breaks) }
}

/** The wrapper with nothing broken. */
export const soundWrapper = wrapWith(() => ({}))

/** A refusal that is answered as if it had gone well. */
export function swallows(account: Whole, codes: readonly StoreCode[], which: (op: Op) => boolean): Writer['commit'] {
  return async (ops, key) => {
    try {
      return await account.commit(ops, key)
    } catch (error) {
      if (!codes.includes((error as StoreError).code) || !ops.some(which)) throw error
      return { modseq: 1, results: ops.map(() => ({ uids: [], from: [] })) }
    }
  }
}

export const mapInfos = (account: Whole, map: (info: MailboxInfo) => MailboxInfo) => async () =>
  (await account.mailboxes()).map(map)

export const mapRows = (
  account: Whole,
  map: (row: MessageRow, mailbox: string) => MessageRow | null,
): Account['messages'] =>
  async function* (mailbox, query) {
    for await (const page of account.messages(mailbox, query)) {
      yield page.map((row) => map(row, mailbox)).filter((row) => row !== null)
    }
  }

export const mapOps = (account: Whole, map: (op: Op) => Op | null): Writer['commit'] => {
  return (ops, key) =>
    account.commit(
      ops.map(map).filter((op) => op !== null),
      key,
    )
}

export const mapResults = (account: Whole, map: (result: OpResult, op: Op) => OpResult): Writer['commit'] => {
  return async (ops, key) => {
    const done = await account.commit(ops, key)
    return { ...done, results: done.results.map((result, i) => map(result, ops[i]!)) }
  }
}

export const mapBytes = (map: (piece: Uint8Array) => Uint8Array) =>
  async function* (bytes: Source): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) yield map(piece)
  }

export const tick = () => new Promise((resolve) => setTimeout(resolve, 3))

export async function oneByOne(ops: readonly Op[], apply: (op: Op) => Promise<CommitResult>): Promise<CommitResult> {
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
