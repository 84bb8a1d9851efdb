/** COPY and MOVE, also by UID (RFC 9051 §6.4.7, §6.4.8). Selected state. */
import {
  type Account,
  type AppendOp,
  type MailboxId,
  type MailboxInfo,
  type ModSeq,
  mailboxPathKey,
  noUids,
  restageOf,
  type Uid,
  type UidSet,
  uidSetSubtract,
  writerOf,
} from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { formatUidSet, parseSequenceSet, type SequenceSet } from '../../syntax/sequence-set.js'
import { no, ok, type Status } from '../../syntax/status.js'
import { bounded, hasBounds, withBound } from '../bound.js'
import type { Command } from '../extension.js'
import { existing, has, parseMailbox } from '../mailboxes.js'
import { whileWaiting } from '../search/work.js'
import type { ImapSession } from '../session.js'
import { ghostsOf } from '../view/ghosts.js'
import { noteArrived } from '../view/recent.js'
import { expunged } from './expunge.js'

interface CopyArgs {
  readonly set: SequenceSet
  readonly path: readonly string[]
}

function parse(cursor: Cursor, session: ImapSession): CopyArgs {
  cursor.space()
  const set = parseSequenceSet(cursor)
  cursor.space()
  return { set, path: parseMailbox(cursor, session) }
}

async function run(
  session: ImapSession,
  { set, path }: CopyArgs,
  byUid: boolean,
  op: 'copy' | 'move',
): Promise<Status> {
  const { view, out } = session
  const name = op.toUpperCase()
  const asked = view.resolve(set, byUid)
  const { commit } = writerOf(session.account)
  // RFC 6851 §4.4: MOVE takes what STORE of \Deleted and EXPUNGE take.
  if (op === 'move' && (view.readOnly || !has(view.mailbox, 'e') || !has(view.mailbox, 't'))) {
    return no('Messages cannot be removed here', 'NOPERM')
  }
  const target = await existing(session, path, 'i', 'TRYCREATE')
  const { uids, code: bound } = hasBounds(session)
    ? await bounded(session, op === 'move' ? 'MOVE' : 'COPY', asked)
    : { uids: asked, code: null }
  if (uids.length === 0) return ok(`${name} completed`)
  const done = await whileWaiting(session, commit([{ op, from: view.id, uids, to: target.id }]))
  const { from = [], uids: to = [], uidValidity } = done.results[0]
  const copied = { from: [...from], to: [...to], uidValidity, modseq: done.modseq }
  // RFC 6851 §4.4: what is gone cannot be moved; for COPY it is there until the client hears of its EXPUNGE.
  const gone = view.countIn(from) < view.countIn(uids) ? uidSetSubtract(uids, from) : noUids
  const lost = op === 'copy' && gone.length > 0 && (await copyGone(session, gone, target, copied))
  const found = copied.from.length > 0
  noteArrived(session, target, copied.to)
  session.touch(found && (op === 'move' || target.id === view.id) ? copied.modseq : 0)
  const code =
    // RFC 4315 §3: not to someone who may not open the mailbox.
    found && session.parts.names.has('UIDPLUS') && has(target, 'r')
      ? `COPYUID ${copied.uidValidity} ${formatUidSet(copied.from)} ${formatUidSet(copied.to)}`
      : null
  if ((lost || !found) && !byUid) {
    // RFC 9051 §6.4.7: all or nothing.
    if (op === 'copy') await takeBack(session, target, to)
    return no('The messages are gone', 'EXPUNGEISSUED')
  }
  if (op === 'copy') return ok('COPY completed', code)
  // RFC 6851 §4.3: COPYUID comes before the EXPUNGEs, which come before the tagged OK.
  if (code) out.line(`* OK [${code}] Moved`)
  return withBound(session, await expunged(session, 'MOVE'), bound)
}

interface Copied {
  readonly from: (readonly [Uid, Uid])[]
  readonly to: (readonly [Uid, Uid])[]
  uidValidity: number | undefined
  modseq: ModSeq
}

/** Copies messages that are gone; when that fails, nothing is copied (RFC 9051 §6.4.7). True as `copyGhosts`. */
async function copyGone(session: ImapSession, uids: UidSet, target: MailboxInfo, copied: Copied): Promise<boolean> {
  const others = [...copied.to]
  try {
    return await copyGhosts(session, uids, target, copied)
  } catch (error) {
    await takeBack(session, target, others)
    throw error
  }
}

/** Expunges copies of a command that fails for another reason, which is what the client is told. */
export async function takeBack(session: ImapSession, target: MailboxInfo, uids: UidSet): Promise<void> {
  if (uids.length === 0) return
  try {
    if (has(target, 'e')) await expungeCopies(session.account, target.id, uids)
    else await takeBackAsOwner(session, target, uids)
  } catch (error) {
    session.log({ level: 'error', event: 'copy.not-taken-back', error })
  }
}

async function expungeCopies(account: Account, mailbox: MailboxId, uids: UidSet): Promise<void> {
  await writerOf(account).commit([{ op: 'expunge', in: mailbox, uids, onlyDeleted: false }])
}

/** Who may put messages into a mailbox may not be allowed to remove them again. */
async function takeBackAsOwner({ identity, server }: ImapSession, target: MailboxInfo, uids: UidSet): Promise<void> {
  const owner = target.owner ?? identity?.account ?? ''
  // What stands before the owner's own name for it: the namespace, and the owner.
  const key = mailboxPathKey(target.owner === undefined ? target.path : target.path.slice(2))
  const account = await server.openAccount(owner, owner)
  try {
    for (const { id, path, uidValidity } of await account.mailboxes()) {
      const isTarget = uidValidity === target.uidValidity && mailboxPathKey(path) === key
      if (isTarget) await expungeCopies(account, id, uids)
    }
  } finally {
    await account.close?.()
  }
}

/** Copies messages that are gone, behind all others. True when some of them cannot be had any more. */
async function copyGhosts(session: ImapSession, uids: UidSet, target: MailboxInfo, copied: Copied): Promise<boolean> {
  const { view, account } = session
  const ops: AppendOp[] = []
  const sources: Uid[] = []
  session.touch()
  for await (const row of ghostsOf(session, view, uids, ['summary', 'header'])) {
    const { flags, keywords = [], internalDate, summary = NOTHING, header, prefix } = row
    const staged = await restageOf(account, row.blob)
    const more = { ...(header && { header }), ...(prefix && { prefix }) }
    ops.push({ op: 'append', to: target.id, staged, summary, flags, keywords, internalDate, ...more })
    sources.push(row.uid)
  }
  if (sources.length < view.countIn(uids)) return true
  if (ops.length === 0) return false
  const { results, modseq } = await writerOf(account).commit(ops)
  for (const uid of sources) copied.from.push([uid, uid])
  for (const { uids: made = [] } of results) copied.to.push(...made)
  copied.modseq = modseq
  copied.uidValidity = results[0].uidValidity
  return false
}

const NOTHING = new Uint8Array(0)

function copyCommand(op: 'copy' | 'move', byUid: boolean): Command<CopyArgs> {
  const name = op.toUpperCase()
  return {
    name: byUid ? `UID ${name}` : name,
    states: ['selected'],
    checkpoint: op === 'move',
    parse,
    run: (session, args) => run(session, args, byUid, op),
  }
}

export const copy = copyCommand('copy', false)
export const uidCopy = copyCommand('copy', true)
export const move = copyCommand('move', false)
export const uidMove = copyCommand('move', true)
