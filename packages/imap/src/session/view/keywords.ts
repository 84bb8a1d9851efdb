/** FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5, §7.1): told at SELECT, and again when a new keyword shows up. */
import type { MessageRow } from '@posthouse/store-api'
import { Flag, flagPermit } from '@posthouse/store-api'
import { formatFlags, SYSTEM_FLAGS } from '../../syntax/flags.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from './mailbox-view.js'

/** Keywords that are remembered of one open mailbox; a store has a limit of its own for those in use. */
const MOST = 1_000

/**
 * The keywords of a mailbox, shared by all sessions that have it open: a session that has not met a keyword is told of it
 * all the same, at its next checkpoint. Keywords are only added, so what a session was told is the beginning of the list.
 */
export class KeywordList {
  /** By lower case, in the order in which they came. */
  readonly names = new Map<string, string>()
  /** Rises when the list has begun anew. */
  generation = 0

  /** Adds a keyword that is not there yet. */
  add(keyword: string): void {
    const key = keyword.toLowerCase()
    if (this.names.has(key)) return
    if (this.names.size >= MOST) {
      // Most of them are of messages that are gone; those in use are met again.
      this.names.clear()
      this.generation++
    }
    this.names.set(key, keyword)
  }
}

/** Writes `* FLAGS` and PERMANENTFLAGS. */
export function writeFlagLists(session: ImapSession, view: MailboxView): void {
  const { names, generation } = view.keywords
  view.keywordsTold = { count: names.size, generation }
  session.out.line(`* FLAGS (${[SYSTEM_FLAGS, ...names.values()].join(' ')})`)
  const permanent = permanentFlags(view)
  const text = permanent === '' ? 'No flags can be changed' : 'Flags that can be changed'
  session.out.line(`* OK [PERMANENTFLAGS (${permanent})] ${text}`)
}

/** RFC 4314 §5.1.2: flags that this principal may change. */
function permanentFlags({ readOnly, mailbox, keywords }: MailboxView): string {
  if (readOnly) return ''
  const permit = flagPermit(mailbox.rights)
  const system = formatFlags(permit.flags & ALL)
  if (!permit.keywords) return system
  return [system, ...keywords.names.values(), '\\*'].join(' ')
}

const ALL = Flag.Seen | Flag.Answered | Flag.Flagged | Flag.Deleted | Flag.Draft

/** Tells of keywords that the client has not heard of, whoever has brought them. */
export function tellKeywords(session: ImapSession, view: MailboxView): void {
  const { names, generation } = view.keywords
  const { keywordsTold: told } = view
  if (told.count !== names.size || told.generation !== generation) writeFlagLists(session, view)
}

/** The same before a message is told, whose keywords may be new to everybody. */
export function noteKeywords(session: ImapSession, view: MailboxView, row: MessageRow): void {
  if (!row.keywords || row.keywords.length === 0) return
  for (const keyword of row.keywords) view.keywords.add(keyword)
  tellKeywords(session, view)
}
