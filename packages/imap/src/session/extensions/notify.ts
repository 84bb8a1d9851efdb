/** NOTIFY (RFC 5465): the client says which changes it wants to hear of, in which mailboxes, without asking again. */
import { type Column, type MailboxInfo, type UidSet, uidSetIntersect } from '@posthouse/store-api'
import { no, ok, type Status } from '../../syntax/status.js'
import type { WantedItem } from '../commands/fetch.js'
import { writeStatus } from '../commands/status.js'
import type { Command, ImapExtension } from '../extension.js'
import { fetchedMessage } from '../fetch/message.js'
import { has } from '../mailboxes.js'
import { createNotifier, type Notifier } from '../notify/notifier.js'
import { type EventGroup, eventsOf, type NotifyRequest, parseNotify, selectedGroup } from '../notify/request.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'
import { beginFetch } from '../view/report.js'

const NAME = 'NOTIFY'

/** What a session keeps: the notifier, and up to where new messages of which view were told. */
interface Kept {
  readonly notifier: Notifier
  view: MailboxView | null
  told: number
}

function keptOf({ values }: ImapSession): Kept | undefined {
  return values.get(NAME) as Kept | undefined
}

async function run(session: ImapSession, { status, groups }: NotifyRequest): Promise<Status> {
  keptOf(session)?.notifier.stop()
  session.values.delete(NAME)
  if (!groups) return ok('NOTIFY completed')
  const mailboxes = await session.account.mailboxes()
  if (mailboxes.length > session.limits.notifyMailboxes) {
    return no('Too many mailboxes to watch', 'NOTIFICATIONOVERFLOW')
  }
  if (status) await tellAll(session, groups, mailboxes)
  const { selected } = session
  const notifier = createNotifier(session, groups, mailboxes)
  session.values.set(NAME, { notifier, view: selected, told: selected?.lastUid ?? 0 } satisfies Kept)
  return ok('NOTIFY completed')
}

/** RFC 5465 §4, STATUS: how the mailboxes are now, all but the selected one. */
async function tellAll(
  session: ImapSession,
  groups: readonly EventGroup[],
  mailboxes: readonly MailboxInfo[],
): Promise<void> {
  const { parts, selected } = session
  for (const mailbox of mailboxes) {
    if (mailbox.id === selected?.id || mailbox.noSelect || !has(mailbox, 'r')) continue
    const events = eventsOf(groups, mailbox, session)
    if (!events.has('MESSAGENEW')) continue
    const names = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', ...(events.has('FLAGCHANGE') ? ['UNSEEN'] : [])]
    if (parts.names.has('CONDSTORE')) names.push('HIGHESTMODSEQ')
    const items = names.flatMap((name) => parts.statusItems.get(name) ?? [])
    await writeStatus(session, mailbox, items)
    const slow = session.flushMuch()
    if (slow) await slow
  }
}

const notifyCommand: Command<NotifyRequest> = {
  name: NAME,
  states: ['authenticated', 'selected'],
  parse: parseNotify,
  run,
}

/** Tells of messages that have come, with what the client wants to know of them (RFC 5465 §5.1). */
async function tellNew(session: ImapSession, uids: UidSet, items: readonly WantedItem[]): Promise<void> {
  const { view, account, out } = session
  const want = [...new Set(items.flatMap(({ item, args }) => item.needs?.(args) ?? []))] as readonly Column[]
  for await (const rows of account.messages(view.id, { uids, want })) {
    for (const row of rows) {
      const sequence = view.sequenceOf(row.uid)
      if (sequence === 0) continue
      beginFetch(session, sequence, row.uid)
      const message = fetchedMessage(session, row)
      for (const [i, { item, args }] of items.entries()) {
        if (i > 0) out.text(' ')
        const wait = item.write(out, message, args, session)
        if (wait) await wait
      }
      out.line(')')
      const slow = session.flushMuch()
      if (slow) await slow
    }
  }
}

export const notify: ImapExtension = {
  name: NAME,
  capabilities: [NAME],
  // Without hints nothing could be told in time.
  available: (account) => account.watch !== undefined,
  commands: [notifyCommand as Command],
  viewChanges: {
    async changed(session, uids) {
      const kept = keptOf(session)
      const group = kept && selectedGroup(kept.notifier.groups)
      if (!kept || !group) return
      const { view } = session
      if (kept.view !== view) {
        // Another mailbox: what it had when it was selected is known.
        kept.view = view
        kept.told = view.mailbox.uidNext - 1
      }
      const fresh = uidSetIntersect(uids, [[kept.told + 1, 0xffffffff]])
      kept.told = view.lastUid
      if (group.items.length > 0 && fresh.length > 0) await tellNew(session, fresh, group.items)
    },
  },
}
