/** EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1). Selected state. */
import type { UidSet } from '@posthouse/store-api'
import { parseSequenceSet, type SequenceSet } from '../../syntax/sequence-set.js'
import { no, ok, type Status } from '../../syntax/status.js'
import type { Command } from '../extension.js'
import type { ImapSession } from '../session.js'

async function run(session: ImapSession, uids: UidSet): Promise<Status> {
  const { view, account } = session
  if (view.readOnly || !account.commit) return no('The mailbox can only be read', 'NOPERM')
  if (uids.length > 0) await account.commit([{ op: 'expunge', in: view.id, uids, onlyDeleted: true }])
  session.touch()
  // The EXPUNGE responses come from the look at changes, before the OK.
  return ok('EXPUNGE completed')
}

/** Of the messages that the client was told of. */
export const expunge: Command<void> = {
  name: 'EXPUNGE',
  states: ['selected'],
  checkpoint: true,
  parse() {},
  run: (session) => run(session, session.view.lastUid === 0 ? [] : [[1, session.view.lastUid]]),
}

export const uidExpunge: Command<SequenceSet> = {
  name: 'UID EXPUNGE',
  states: ['selected'],
  checkpoint: true,
  parse(cursor) {
    cursor.space()
    return parseSequenceSet(cursor)
  },
  run: (session, set) => run(session, session.view.resolve(set, true)),
}
