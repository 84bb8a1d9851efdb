/** FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5, §7.1): told at SELECT, and again when a new keyword shows up. */
import type { MessageRow } from '@posthouse/store-api'
import { Flag, flagPermit } from '@posthouse/store-api'
import { formatFlags, SYSTEM_FLAGS } from '../../syntax/flags.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from './mailbox-view.js'

/** Writes `* FLAGS` and PERMANENTFLAGS. */
export function writeFlagLists(session: ImapSession, view: MailboxView): void {
  const names = [SYSTEM_FLAGS, ...view.keywords.values()].join(' ')
  session.out.line(`* FLAGS (${names})`)
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
  return [system, ...keywords.values(), '\\*'].join(' ')
}

const ALL = Flag.Seen | Flag.Answered | Flag.Flagged | Flag.Deleted | Flag.Draft

/** Tells of keywords that the client has not heard of, before a message that carries one is told. */
export function noteKeywords(session: ImapSession, view: MailboxView, row: MessageRow): void {
  if (!row.keywords || row.keywords.length === 0) return
  let fresh = false
  for (const keyword of row.keywords) {
    const key = keyword.toLowerCase()
    if (view.keywords.has(key)) continue
    view.keywords.set(key, keyword)
    fresh = true
  }
  if (fresh) writeFlagLists(session, view)
}
