/** STATUS (RFC 9051 §6.3.11). Authenticated state. */
import type { MailboxInfo } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { ok } from '../../syntax/status.js'
import type { Command, StatusItem } from '../extension.js'
import { existing, parseMailbox, toldUidNext } from '../mailboxes.js'
import type { ImapSession } from '../session.js'
import { mailboxKey } from '../view/recent.js'

interface StatusArgs {
  readonly path: readonly string[]
  readonly items: readonly StatusItem[]
}

/** Reads `(MESSAGES UNSEEN)`. */
export function parseStatusItems(cursor: Cursor, session: ImapSession): readonly StatusItem[] {
  const items: StatusItem[] = []
  cursor.list(() => {
    const name = cursor.word('Status item')
    const item = session.parts.statusItems.get(name)
    if (!item) return cursor.fail(`STATUS has no item ${name}`)
    items.push(item)
  })
  if (items.length === 0) cursor.fail('Status item expected')
  return items
}

/** Writes `* STATUS INBOX (MESSAGES 3)`. */
export async function writeStatus(
  session: ImapSession,
  mailbox: MailboxInfo,
  items: readonly StatusItem[],
): Promise<void> {
  const told: string[] = []
  for (const item of items) {
    const value = await item.value(mailbox, session)
    if (value !== null) told.push(`${item.name} ${value}`)
  }
  session.out
    .text('* STATUS ')
    .mailbox(mailbox.path)
    .line(` (${told.join(' ')})`)
}

export const status: Command<StatusArgs> = {
  name: 'STATUS',
  states: ['authenticated', 'selected'],
  parse(cursor, session) {
    cursor.space()
    const path = parseMailbox(cursor, session)
    cursor.space()
    return { path, items: parseStatusItems(cursor, session) }
  },
  async run(session, { path, items }) {
    await writeStatus(session, await existing(session, path, 'r'), items)
    return ok('STATUS completed')
  },
}

/** RFC 3501 §6.3.10: messages that no session was told of. */
async function recentIn(mailbox: MailboxInfo, session: ImapSession): Promise<number> {
  const first = session.server.recent.first(mailboxKey(session, mailbox), mailbox.uidNext)
  if (first >= mailbox.uidNext || mailbox.messages === 0) return 0
  let count = 0
  const query = { uids: [[first, mailbox.uidNext - 1]] as const, light: true }
  for await (const rows of session.account.messages(mailbox.id, query)) count += rows.length
  return count
}

export const coreStatusItems: readonly StatusItem[] = [
  { name: 'MESSAGES', value: (mailbox) => mailbox.messages },
  { name: 'RECENT', value: recentIn },
  { name: 'UIDNEXT', value: (mailbox) => toldUidNext(mailbox.uidNext) },
  { name: 'UIDVALIDITY', value: (mailbox) => mailbox.uidValidity },
  { name: 'UNSEEN', value: (mailbox) => mailbox.unseen },
  // RFC 9051 §6.3.11; a store that does not count them leaves it out.
  { name: 'DELETED', value: (mailbox) => mailbox.deleted ?? null },
]
