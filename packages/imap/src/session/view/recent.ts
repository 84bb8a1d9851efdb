/**
 * \Recent (RFC 3501 §2.3.2): which messages no session has been told of. IMAP4rev2 has left it out and stores know
 * nothing of it, so it lasts as long as the server: what was in a mailbox when it was first looked at is not recent.
 * Behind that each message is recent in one session, the first that has the mailbox selected for writing.
 */
import { type MailboxInfo, noUids, type Uid, type UidSet } from '@posthouse/store-api'
import type { ImapSession } from '../session.js'

export class RecentUids {
  readonly #limit: number
  /** The first UID that nobody was told of, by mailbox; the one used last stands last. */
  readonly #first = new Map<string, Uid>()

  /** `limit`: mailboxes that are remembered. */
  constructor(limit: number) {
    this.#limit = limit
  }

  #set(key: string, uid: Uid): void {
    this.#first.delete(key)
    this.#first.set(key, uid)
    if (this.#first.size <= this.#limit) return
    for (const oldest of this.#first.keys()) {
      this.#first.delete(oldest)
      return
    }
  }

  /** The first recent UID of a mailbox in which the next message will have `uidNext`. */
  first(key: string, uidNext: Uid): Uid {
    const known = this.#first.get(key)
    if (known === undefined) this.#set(key, uidNext)
    return known ?? uidNext
  }

  /** A session is told of everything below `uidNext`: gives the first UID that is recent in it. */
  claim(key: string, uidNext: Uid): Uid {
    const first = this.first(key, uidNext)
    if (uidNext > first) this.#set(key, uidNext)
    return first
  }

  /** A message has come by way of this server: it is recent, whether or not the mailbox was looked at before. */
  arrived(key: string, uid: Uid): void {
    this.first(key, uid)
  }
}

/** The name of a mailbox among those that a server has open: the same for sessions that see the same. */
export function mailboxKey(
  { identity }: ImapSession,
  { id, uidValidity }: Pick<MailboxInfo, 'id' | 'uidValidity'>,
): string {
  return `${identity?.account}\0${id}\0${uidValidity}`
}

/** Messages that a command has put into a mailbox: recent, although the mailbox may not have been looked at. */
export function noteArrived(session: ImapSession, mailbox: MailboxInfo, uids: UidSet): void {
  if (uids.length > 0) session.server.recent.arrived(mailboxKey(session, mailbox), uids[0][0])
}

/** IMAP4rev2 was enabled in the middle of a mailbox. */
export function forgetRecent({ selected }: ImapSession): void {
  if (!selected) return
  selected.recent = noUids
  selected.recentTold = 0
}

/** RFC 9051 Appendix E: IMAP4rev2 has no \Recent. */
export function knowsRecent({ enabled }: ImapSession): boolean {
  return !enabled.has('IMAP4REV2')
}
