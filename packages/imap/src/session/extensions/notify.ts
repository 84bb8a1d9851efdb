/** NOTIFY (RFC 5465): the client says which changes it wants to hear of, in which mailboxes, without asking again. */
import { type MailboxInfo, uidSetIntersect } from '@posthouse/store-api'
import { no, ok, type Status } from '../../syntax/status.js'
import { writeStatus } from '../commands/status.js'
import type { Command, ImapExtension } from '../extension.js'
import { beginList, has } from '../mailboxes.js'
import { createNotifier, type Notifier } from '../notify/notifier.js'
import { type EventGroup, eventsOf, type NotifyRequest, parseNotify, selectedGroup } from '../notify/request.js'
import { tellNew } from '../notify/tell-new.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'

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

/** NOTIFY NONE: the client wants to hear of nothing. */
const SILENT: Notifier = { groups: [], own() {}, stop() {} }

/** RFC 5465 §3.1: the selected mailbox stays as it is for whoever has not asked for its events. */
function isMuted(groups: readonly EventGroup[]): boolean {
  return (selectedGroup(groups)?.events.size ?? 0) === 0
}

async function run(session: ImapSession, { status, groups }: NotifyRequest): Promise<Status> {
  keptOf(session)?.notifier.stop()
  session.values.delete(NAME)
  if (!groups) {
    session.values.set(NAME, { notifier: SILENT, view: null, told: 0 } satisfies Kept)
    return ok('NOTIFY completed')
  }
  const mailboxes = await session.account.mailboxes()
  if (mailboxes.length > session.limits.notifyMailboxes) {
    return no('Too many mailboxes to watch', 'NOTIFICATIONOVERFLOW')
  }
  tellNoAccess(session, groups, mailboxes)
  // RFC 5465 §3.1: what has changed up to now is told before the mailbox falls silent.
  if (isMuted(groups)) await session.synchronize(true)
  if (status) await tellAll(session, groups, mailboxes)
  const { selected } = session
  const notifier = createNotifier(session, groups, mailboxes)
  session.values.set(NAME, { notifier, view: selected, told: selected?.lastUid ?? 0 } satisfies Kept)
  return ok('NOTIFY completed')
}

/** RFC 5465 §3.1: mailboxes that may be looked up, and not be watched. */
function tellNoAccess(session: ImapSession, groups: readonly EventGroup[], mailboxes: readonly MailboxInfo[]): void {
  for (const mailbox of mailboxes) {
    if (!has(mailbox, 'l') || has(mailbox, 'r') || eventsOf(groups, mailbox, session).size === 0) continue
    beginList(session, '\\NoAccess', mailbox.path)
    session.out.crlf()
  }
}

/** RFC 5465 §3.1, STATUS: how the mailboxes are now, all but the selected one. */
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
  // RFC 5465 §3.1: as if a NOOP had come with it.
  checkpoint: true,
  parse: parseNotify,
  run,
}

/** NOTIFY (RFC 5465). */
export const notify: ImapExtension = {
  name: NAME,
  capabilities: [NAME],
  // Without hints nothing could be told in time.
  available: (account) => account.watch !== undefined,
  commands: [notifyCommand as Command],
  // RFC 5465 §5: the server should not tell a client what it has done itself.
  mailboxesChanged: (session, ops, done) => keptOf(session)?.notifier.own(ops, done),
  viewChanges: {
    muted(session) {
      const kept = keptOf(session)
      return kept !== undefined && isMuted(kept.notifier.groups)
    },
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
