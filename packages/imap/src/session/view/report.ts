/** How changes are told: the one place that knows VANISHED (RFC 7162 §3.2.10) and UIDFETCH (RFC 9586) from the rest. */
import type { MessageRow, UidSet } from '@posthouse/store-api'
import { formatUidSet } from '../../syntax/sequence-set.js'
import type { ResponseWriter } from '../../syntax/writer.js'
import { type FetchedMessage, fetchedMessage } from '../fetch/message.js'
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

/** Begins a FETCH response: `* 3 FETCH (`, or `* 17 UIDFETCH (`. */
export function beginFetch(out: ResponseWriter, uidsOnly: boolean, sequence: number, uid: number): void {
  if (uidsOnly) out.text('* ').number(uid).text(' UIDFETCH (')
  else out.text('* ').number(sequence).text(' FETCH (')
}

/** RFC 7162 §3.2.4: where there is QRESYNC, a client that knows CONDSTORE hears the UID with every change. */
export function wantsUid({ enabled, parts }: ImapSession): boolean {
  return enabled.has('QRESYNC') || (enabled.has('CONDSTORE') && parts.names.has('QRESYNC'))
}

/** RFC 9051 §7.5.2: what nobody has asked for has the UID in it. Clients of rev1 do not expect it in an answer. */
export function unaskedWithUid({ enabled }: ImapSession): boolean {
  return enabled.has('IMAP4REV2')
}

/**
 * Tells the flags of a message, with what the client wants beside them. A light row is enough where `parts.lightUpdates`
 * says so. A promise only when an extension needs one.
 */
export function reportFlags(
  session: ImapSession,
  view: MailboxView,
  sequence: number,
  row: MessageRow,
  withUids = false,
): void | Promise<void> {
  const { out, parts, enabled } = session
  noteKeywords(session, view, row)
  const uidsOnly = enabled.has('UIDONLY')
  beginFetch(out, uidsOnly, sequence, row.uid)
  if ((withUids || wantsUid(session)) && !uidsOnly) out.text('UID ').number(row.uid).text(' ')
  const message = fetchedMessage(session, row)
  const wait = parts.fetchItems.get('FLAGS')?.write(out, message, undefined, session)
  if (wait) return wait.then(() => writeUpdates(session, message, 0))
  return writeUpdates(session, message, 0)
}

/** The rest of the response, from one of `parts.updateItems` on. */
function writeUpdates(session: ImapSession, message: FetchedMessage, from: number): void | Promise<void> {
  const { out, parts } = session
  for (let i = from; i < parts.updateItems.length; i++) {
    const { item, wanted } = parts.updateItems[i]
    if (!wanted(session)) continue
    const wait = item.write(out.text(' '), message, undefined, session)
    if (wait) return wait.then(() => writeUpdates(session, message, i + 1))
  }
  out.line(')')
}
