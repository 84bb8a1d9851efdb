/** A commit: the ops in order, in one step that nobody can look into. */
import { StoreError } from '../errors.js'
import { guardOp } from '../rights.js'
import type { CommitResult, Op, OpResult } from '../types.js'
import { type AccountState, forgetOldKeys } from './account.js'
import type { Blobs } from './blobs.js'
import { forgetPast, type Mailbox, tidy } from './mailbox.js'
import {
  changeAcl,
  changeMailbox,
  create,
  dropMailbox,
  parentOf,
  resolveRef,
  setMeta,
  subscribe,
} from './mailbox-ops.js'
import { append, copyOrMove, expunge, setFlags } from './message-ops.js'
import type { MemoryLimits } from './options.js'
import { rightsIn, type Viewer } from './rights.js'
import { beginTransaction, rollBack, type Transaction } from './transaction.js'

export interface CommitContext {
  readonly blobs: Blobs
  readonly limits: MemoryLimits
  /** Messages of all accounts; a commit that would pass `maxMessages` is refused. */
  readonly totals: { messages: number }
  /** Called once the commit can be seen. */
  readonly changed: (state: AccountState, mailboxes: readonly Mailbox[], account: boolean) => void
}

/** @throws StoreError with nothing changed */
export function runCommit(
  context: CommitContext,
  state: AccountState,
  viewer: Viewer,
  ops: readonly Op[],
  key?: string,
): CommitResult {
  const { limits } = context
  const commitKey = key === undefined ? undefined : `${viewer.as.principal}\0${key}`
  const earlier = commitKey === undefined ? undefined : state.committed.get(commitKey)
  if (earlier) return earlier.result
  const before = { messages: state.messages, bytes: state.bytes }
  const tx = beginTransaction(state, context.blobs, limits, viewer)
  const results: OpResult[] = []
  try {
    for (const op of ops) results.push(runOp(tx, op, results))
    checkQuota(context, state, before)
  } catch (error) {
    rollBack(tx)
    throw error
  }
  context.totals.messages += state.messages - before.messages
  const result: CommitResult = { modseq: state.modseq, results }
  if (commitKey !== undefined) state.committed.set(commitKey, { at: tx.now, result })
  forgetOldKeys(state.committed, tx.now - limits.keysMs, limits.maxKeys)
  forgetOldKeys(state.delivered, tx.now - limits.keysMs, limits.maxKeys)
  for (const mailbox of tx.touched) {
    tidy(mailbox, limits.maxVanishedRanges)
    forgetPast(mailbox, tx.now - limits.graceMs)
  }
  if (tx.touched.size > 0 || tx.accountChanged) context.changed(state, [...tx.touched], tx.accountChanged)
  return result
}

function runOp(tx: Transaction, op: Op, results: readonly OpResult[]): OpResult {
  const { state, viewer } = tx
  if (viewer.guest !== null) {
    guardOp(op, {
      of: (ref) => rightsIn(viewer, resolveRef(tx, ref, results)),
      above(path) {
        const parent = parentOf(state, path)
        return parent ? rightsIn(viewer, parent) : ''
      },
    })
  }
  switch (op.op) {
    case 'append':
      return append(tx, op, resolveRef(tx, op.to, results))
    case 'copy':
    case 'move':
      return copyOrMove(tx, op, resolveRef(tx, op.to, results))
    case 'flags':
      return setFlags(tx, op)
    case 'expunge':
      return expunge(tx, op)
    case 'create':
      return create(tx, op)
    case 'mailbox':
      return changeMailbox(tx, op)
    case 'drop':
      return dropMailbox(tx, op)
    case 'subscribe':
      return subscribe(tx, op)
    case 'acl':
      return changeAcl(tx, op, resolveRef(tx, op.in, results))
    case 'meta':
      return setMeta(tx, op)
  }
}

/** A commit may leave an account over its quota only when it did not add to it: deleting always works. */
function checkQuota(
  { totals, limits }: CommitContext,
  state: AccountState,
  before: { messages: number; bytes: number },
): void {
  const moreMessages = state.messages - before.messages
  if (state.limit.bytes !== undefined && state.bytes > state.limit.bytes && state.bytes > before.bytes) {
    throw new StoreError('overquota', `the account may hold ${state.limit.bytes} octets`)
  }
  if (state.limit.messages !== undefined && state.messages > state.limit.messages && moreMessages > 0) {
    throw new StoreError('overquota', `the account may hold ${state.limit.messages} messages`)
  }
  if (moreMessages > 0 && totals.messages + moreMessages > limits.maxMessages) {
    throw new StoreError('limit', `the memory store is full: maxMessages is ${limits.maxMessages}`)
  }
}
