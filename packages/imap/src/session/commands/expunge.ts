/** EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1). Selected state. */
import type { UidSet } from '@posthouse/store-api'
import { parseSequenceSet, type SequenceSet } from '../../syntax/sequence-set.js'
import { no, ok, type Status } from '../../syntax/status.js'
import { bounded, hasBounds, withBound } from '../bound.js'
import type { Command } from '../extension.js'
import { has } from '../mailboxes.js'
import type { ImapSession } from '../session.js'

async function run(session: ImapSession, asked: UidSet, byUid: boolean): Promise<Status> {
  const { view, account } = session
  if (view.readOnly || !account.commit || !has(view.mailbox, 'e')) {
    return no('Messages cannot be removed here', 'NOPERM')
  }
  const { uids, code } =
    byUid && hasBounds(session) ? await bounded(session, 'UID EXPUNGE', asked) : { uids: asked, code: null }
  if (uids.length > 0) {
    const { modseq, results } = await account.commit([{ op: 'expunge', in: view.id, uids, onlyDeleted: true }])
    // The number is the account's; it is the mailbox's only when something was done to it.
    session.touch(results[0].uids?.length ? modseq : 0)
  }
  return withBound(session, await expunged(session, 'EXPUNGE'), code)
}

/**
 * Tells what a command has taken away, and ends it with HIGHESTMODSEQ (RFC 7162 §3.2.7, RFC 6851 §4.4): the client may keep
 * this number because every expunge up to it was just told.
 */
export async function expunged(session: ImapSession, name: string): Promise<Status> {
  try {
    await session.synchronize(true)
  } catch (error) {
    // It is done all the same. The end of the command looks again.
    if (!session.out.discardLine()) throw error
  }
  return ok(`${name} completed`, session.enabled.has('CONDSTORE') ? `HIGHESTMODSEQ ${session.view.cursor}` : null)
}

/** Of the messages that the client was told of. */
export const expunge: Command<void> = {
  name: 'EXPUNGE',
  states: ['selected'],
  parse() {},
  run: (session) => run(session, session.view.lastUid === 0 ? [] : [[1, session.view.lastUid]], false),
}

export const uidExpunge: Command<SequenceSet> = {
  name: 'UID EXPUNGE',
  states: ['selected'],
  parse(cursor) {
    cursor.space()
    return parseSequenceSet(cursor)
  },
  run: (session, set) => run(session, session.view.resolve(set, true), true),
}
