/** COPY and MOVE between accounts: two commits, because no transaction spans accounts. */
import { StoreError } from '../errors.js'
import { restageOf, writerOf } from '../fallbacks.js'
import { requireRights } from '../rights.js'
import type { Account, AppendOp, CommitResult, CopyOp, MailboxId, MessageRow, OpResult, Uid, UidSet } from '../types.js'
import { addUid } from '../uid-set.js'

/** One side: a mailbox as its account knows it, and what the principal may do there. */
export interface CopySide {
  readonly account: Account
  readonly mailbox: MailboxId
  readonly rights: string | undefined
  /** Opens the account as its owner does, for what a guest may have no right to. Absent: the principal is the owner. */
  readonly openAsOwner?: () => Promise<Account>
}

/** Octets of messages that one commit takes over; more is more commits. */
const commitMessages = 500

/**
 * Copies messages into another account's mailbox, without their octets where the store can share them. All or none (RFC
 * 9051 §6.4.7): what was copied before a failure is taken back. For a move the originals are expunged when all copies are
 * durable: after a crash between the two a message is there twice, never lost. Each account has a clock of its own: the
 * modification sequence of a copy is the target's, that of a move the source's.
 */
export async function copyAcross(op: CopyOp, from: CopySide, to: CopySide): Promise<CommitResult> {
  requireRights(from.rights, op.op === 'copy' ? 'r' : 'rte')
  requireRights(to.rights, 'i')
  const sources: [Uid, Uid][] = []
  const targets: [Uid, Uid][] = []
  let last: CommitResult = { modseq: 0, results: [] }
  const commit = async (rows: readonly MessageRow[]): Promise<void> => {
    const ops: AppendOp[] = []
    for (const row of rows) ops.push(await appendOf(row, from, to))
    last = await writerOf(to.account).commit(ops)
    for (const [i, { uids }] of last.results.entries()) {
      const [range] = uids ?? []
      if (!range) throw new StoreError('unavailable', 'the store did not say the UID of a copy')
      addUid(targets, range[0])
      addUid(sources, rows[i]!.uid)
    }
  }
  const want = ['summary', 'header'] as const
  let waiting: MessageRow[] = []
  try {
    for await (const page of from.account.messages(from.mailbox, { uids: op.uids, want })) {
      waiting.push(...page)
      while (waiting.length >= commitMessages) {
        await commit(waiting.slice(0, commitMessages))
        waiting = waiting.slice(commitMessages)
      }
    }
    if (waiting.length > 0) await commit(waiting)
  } catch (error) {
    await takeBack(to, targets)
    throw error
  }
  let { modseq } = last
  if (op.op === 'move' && sources.length > 0) {
    const expunge = { op: 'expunge', in: from.mailbox, uids: sources, onlyDeleted: false } as const
    modseq = (await writerOf(from.account).commit([expunge])).modseq
  }
  const [first] = last.results
  const result: OpResult = {
    mailbox: to.mailbox,
    ...(first?.uidValidity === undefined ? {} : { uidValidity: first.uidValidity }),
    from: sources,
    uids: targets,
  }
  return { modseq, results: [result] }
}

/** What has stopped the copying is told, whether or not this works. */
async function takeBack({ account, mailbox, openAsOwner }: CopySide, uids: UidSet): Promise<void> {
  if (uids.length === 0) return
  try {
    const owner = await openAsOwner?.()
    try {
      await writerOf(owner ?? account).commit([{ op: 'expunge', in: mailbox, uids, onlyDeleted: false }])
    } finally {
      await owner?.close?.()
    }
  } catch {
    // The copies stay.
  }
}

async function appendOf(row: MessageRow, from: CopySide, to: CopySide): Promise<AppendOp> {
  return {
    op: 'append',
    to: to.mailbox,
    staged: await restageOf(from.account, row.blob, to.account),
    summary: row.summary ?? new Uint8Array(0),
    flags: row.flags,
    internalDate: row.internalDate,
    ...(row.keywords ? { keywords: row.keywords } : {}),
    ...(row.header ? { header: row.header } : {}),
    ...(row.prefix ? { prefix: row.prefix } : {}),
  }
}
