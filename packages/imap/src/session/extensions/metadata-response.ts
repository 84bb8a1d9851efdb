/** The METADATA response with values (RFC 5464 §4.4.1). */
import type { MailboxInfo } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import type { ImapSession } from '../session.js'

/** What is told of an entry; `null`: it has no value. */
export type Told = Map<string, Uint8Array | null>

/** Writes `* METADATA INBOX (/shared/comment "Hello")` (RFC 5464 §4.4.1); nothing when there is nothing. */
export function writeMetadata(session: ImapSession, mailbox: MailboxInfo | null, told: Told): void {
  if (told.size === 0) return
  const { out } = session
  out.text('* METADATA ')
  if (mailbox) out.mailbox(mailbox.path)
  else out.text('""')
  let before = ' ('
  for (const [key, value] of told) {
    out.text(before)
    before = ' '
    if (isPlain(key)) out.text(key)
    else out.string(key)
    out.text(' ')
    if (value === null) out.text('NIL')
    else if (isQuotable(value)) out.string(latin1(value))
    else out.literal(value, value.includes(0))
  }
  out.line(')')
}

/** Can the name be sent without quotes? */
function isPlain(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    const letter = code | 32
    if (!((letter >= 97 && letter <= 122) || (code >= 45 && code <= 57) || code === 95)) return false
  }
  return true
}

function isQuotable(value: Uint8Array): boolean {
  return value.length <= 1024 && value.every((octet) => octet >= 32 && octet <= 126)
}
