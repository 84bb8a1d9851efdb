/** COPY and MOVE, also by UID (RFC 9051 §6.4.7, §6.4.8). Selected state. */
import { writerOf } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { formatUidSet, parseSequenceSet, type SequenceSet } from '../../syntax/sequence-set.js'
import { no, ok, type Status } from '../../syntax/status.js'
import { bounded, hasBounds } from '../bound.js'
import type { Command } from '../extension.js'
import { existing, has, parseMailbox } from '../mailboxes.js'
import { whileWaiting } from '../search/work.js'
import type { ImapSession } from '../session.js'

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
  const { results, modseq } = await whileWaiting(session, commit([{ op, from: view.id, uids, to: target.id }]))
  const { from = [], uids: to = [], uidValidity } = results[0]
  const found = from.length > 0
  session.touch(found && (op === 'move' || target.id === view.id) ? modseq : 0)
  const code =
    found && session.parts.names.has('UIDPLUS')
      ? `COPYUID ${uidValidity} ${formatUidSet(from)} ${formatUidSet(to)}`
      : null
  if (!found && !byUid) return no('The messages are gone', 'EXPUNGEISSUED')
  if (op === 'copy') return ok('COPY completed', code)
  // RFC 6851 §4.3: COPYUID comes before the EXPUNGEs, which come before the tagged OK.
  if (code) out.line(`* OK [${code}] Moved`)
  return ok('MOVE completed', bound)
}

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
