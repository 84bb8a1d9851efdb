/**
 * Messages that are gone from the store while a session has not been told of it: for its client they are there until it
 * hears the EXPUNGE (RFC 9051 §7.5.1), so it can fetch and copy them, and set their flags, which nobody else will see.
 */
import { addUid, type Column, expungedOf, type MessageRow, type Uid, type UidSet } from '@posthouse/store-api'
import type { ImapSession } from '../session.js'
import type { MailboxView } from './mailbox-view.js'

/**
 * The rows of some messages that the view has and the store has not, as this session knows them. Those that a store
 * cannot give any more are left out.
 */
export async function* ghostsOf(
  { account }: ImapSession,
  view: MailboxView,
  uids: UidSet,
  want: readonly Column[] = [],
): AsyncGenerator<MessageRow, void, undefined> {
  // A guest's own flags go with the message: no MODSEQ may be less than what was told of them (RFC 7162 §3.1.1).
  const least = view.mailbox.owner === undefined ? 0 : view.flagsTold
  for await (const rows of expungedOf(account, view.id, { uids, want })) {
    for (const row of rows) {
      if (view.sequenceOf(row.uid) === 0) continue
      yield { ...row, modseq: Math.max(row.modseq, least), ...view.ghosts.get(row.uid) }
    }
  }
}

/** UIDs of the view in a set, without those that were found: what is gone. */
export function missingFrom(view: MailboxView, uids: UidSet, found: readonly Uid[]): UidSet {
  const missing: [Uid, Uid][] = []
  let at = 0
  for (const uid of view.pick(uids)) {
    while (at < found.length && found[at] < uid) at++
    if (found[at] !== uid) addUid(missing, uid)
  }
  return missing
}
