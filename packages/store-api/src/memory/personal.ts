/** Flags that a principal keeps for itself in somebody else's mailbox, usually \Seen (RFC 4314 §5.1.1). */
import { Flag, type ModSeq, type Uid } from '../types.js'
import type { Mailbox, Row } from './mailbox.js'
import type { Viewer } from './rights.js'

export interface PersonalFlags {
  readonly bits: number
  /** When the principal changed them last: nobody else hears of it. */
  readonly modseq: ModSeq
}

/** The flags of one principal in one mailbox. */
export interface Personal {
  readonly flags: Map<Uid, PersonalFlags>
  /** Messages with a personal \Seen. */
  seen: number
}

/** The flags of a row as a principal sees them. */
export function flagsSeen(mailbox: Mailbox, row: Row, { guest, privateFlags }: Viewer): number {
  if (guest === null || privateFlags === 0) return row.flags
  const own = mailbox.personal.get(guest)?.flags.get(row.uid)?.bits ?? 0
  return (row.flags & ~privateFlags) | (own & privateFlags)
}

/** The last change of a row that a principal can see. */
export function modseqSeen(mailbox: Mailbox, row: Row, { guest }: Viewer): ModSeq {
  const own = guest === null ? undefined : mailbox.personal.get(guest)?.flags.get(row.uid)
  return Math.max(row.modseq, own?.modseq ?? 0)
}

/** Messages without \Seen for a principal. */
export function unseenBy(mailbox: Mailbox, { guest, privateFlags }: Viewer): number {
  if (guest === null || (privateFlags & Flag.Seen) === 0) return mailbox.unseen
  return mailbox.messages - (mailbox.personal.get(guest)?.seen ?? 0)
}

/** Replaces somebody's flags of a message and gives back what was there. */
export function setPersonal(
  mailbox: Mailbox,
  guest: string,
  uid: Uid,
  flags: PersonalFlags | undefined,
): PersonalFlags | undefined {
  let mine = mailbox.personal.get(guest)
  if (!mine) mailbox.personal.set(guest, (mine = { flags: new Map(), seen: 0 }))
  const old = mine.flags.get(uid)
  mine.seen += seenIn(flags) - seenIn(old)
  if (flags) mine.flags.set(uid, flags)
  else mine.flags.delete(uid)
  return old
}

function seenIn(flags: PersonalFlags | undefined): number {
  return flags && (flags.bits & Flag.Seen) !== 0 ? 1 : 0
}
