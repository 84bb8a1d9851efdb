/** FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5, §7.1): told at SELECT, and again when a new keyword shows up. */
import type { MessageRow } from '@posthouse/store-api'
import { SYSTEM_FLAGS } from '../../syntax/flags.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from './mailbox-view.js'

/** Writes `* FLAGS` and PERMANENTFLAGS. */
export function writeFlagLists(session: ImapSession, view: MailboxView): void {
  const names = [SYSTEM_FLAGS, ...view.keywords.values()].join(' ')
  session.out.line(`* FLAGS (${names})`)
  session.out.line(
    view.readOnly
      ? '* OK [PERMANENTFLAGS ()] No flags can be changed'
      : `* OK [PERMANENTFLAGS (${names} \\*)] Flags that can be changed`,
  )
}

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
