/** How changes are told: the one place that knows VANISHED (RFC 7162 §3.2.10) and UIDFETCH (RFC 9586) from the rest. */
import type { MessageRow, UidSet } from '@posthouse/store-api'
import { formatUidSet } from '../../syntax/sequence-set.js'
import { fetchedMessage } from '../fetch/message.js'
import type { ImapSession } from '../session.js'
import { noteKeywords } from './keywords.js'
import type { MailboxView } from './mailbox-view.js'

/** Tells of expunged messages: by their numbers, or by their UIDs when the client knows VANISHED. */
export function reportExpunged(session: ImapSession, numbers: readonly number[], uids: UidSet): void {
  const { out, enabled } = session
  if (enabled.has('QRESYNC') || enabled.has('UIDONLY')) {
    out.line(`* VANISHED ${formatUidSet(uids)}`)
    return
  }
  for (const number of numbers) out.line(`* ${number} EXPUNGE`)
}

/** Begins a FETCH response: `* 3 FETCH (`, or `* 17 UIDFETCH (`. True when the UID still has to be told. */
export function beginFetch(session: ImapSession, sequence: number, uid: number): void {
  session.out.text(session.enabled.has('UIDONLY') ? `* ${uid} UIDFETCH (` : `* ${sequence} FETCH (`)
}

/** RFC 7162 §3.2.4: where there is QRESYNC, a client that knows CONDSTORE hears the UID with every change. */
export function wantsUid({ enabled, parts }: ImapSession): boolean {
  return enabled.has('QRESYNC') || (enabled.has('CONDSTORE') && parts.names.has('QRESYNC'))
}

/** Tells the flags of a message, with what the client wants beside them. */
export async function reportFlags(
  session: ImapSession,
  view: MailboxView,
  sequence: number,
  row: MessageRow,
  withUid = false,
): Promise<void> {
  const { out, parts, enabled } = session
  noteKeywords(session, view, row)
  beginFetch(session, sequence, row.uid)
  if ((withUid || wantsUid(session)) && !enabled.has('UIDONLY')) out.text(`UID ${row.uid} `)
  const message = fetchedMessage(session, row)
  const items = ['FLAGS']
  for (const { updateItems } of parts.extensions) {
    for (const one of updateItems ?? []) if (one.wanted(session)) items.push(one.item)
  }
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out.text(' ')
    const wait = parts.fetchItems.get(items[i])?.write(out, message, undefined, session)
    if (wait) await wait
  }
  out.line(')')
}
