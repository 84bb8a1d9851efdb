/**
 * Keeps a client up to date as it has asked (RFC 5465). Hints of the store only say that something may have changed; what
 * has is found by comparing the list of mailboxes with the one before, so that no event is told twice or missed.
 */
import {
  type CommitResult,
  isStoreError,
  type MailboxId,
  type MailboxInfo,
  mailboxPathKey,
  type Op,
} from '@posthouse/store-api'
import { beginList, has, toldUidNext } from '../mailboxes.js'
import type { ImapSession } from '../session.js'
import { MetadataWatch } from './metadata-watch.js'
import { noteOwn } from './own.js'
import { type EventGroup, eventsOf, type NotifyEvent, selectedGroup } from './request.js'
import { affectedParents, movedAlong, renamesBetween } from './tree.js'

export interface Notifier {
  readonly groups: readonly EventGroup[]
  /** The session has done this itself. */
  own(ops: readonly Op[], done: CommitResult): void
  stop(): void
}

/** Starts to tell. `mailboxes` are what the client knows. */
export function createNotifier(
  session: ImapSession,
  groups: readonly EventGroup[],
  mailboxes: readonly MailboxInfo[],
): Notifier {
  let known = byId(mailboxes)
  const metadata = new MetadataWatch()
  let due = false
  let selectedDue = false
  let over = false

  async function look(): Promise<void> {
    due = false
    if (over) return
    const infos = await session.account.mailboxes()
    const now = byId(infos)
    for (const [id, before] of known) if (!now.has(id)) tellGone(session, groups, before)
    const renames = renamesBetween(known, now)
    for (const mailbox of infos) tellChanges(session, groups, known.get(mailbox.id), mailbox, renames)
    for (const { mailbox, attributes } of affectedParents(known, now)) {
      if (!eventsOf(groups, mailbox, session).has('MAILBOXNAME')) continue
      beginList(session, attributes, mailbox.path)
      session.out.crlf()
    }
    known = now
    await tellMetadata(session, groups, infos, metadata)
  }

  /** What cannot be told is told to be so (RFC 5465 §5.8); from then on it is as after NOTIFY NONE. */
  async function lookOrGiveUp(): Promise<void> {
    try {
      await look()
    } catch (error) {
      if (isStoreError(error) && error.code === 'nonexistent') throw error
      session.log({ level: 'error', event: 'notify.failed', error })
      session.out.discardLine()
      session.out.line('* OK [NOTIFICATIONOVERFLOW] Changes are not told any more')
      stop()
    }
  }

  function hinted(mailbox: MailboxId | undefined): void {
    const { selected } = session
    const group = selectedGroup(groups)
    const here = selected !== null && (mailbox === undefined || mailbox === selected.id)
    if (here && group && group.events.size > 0 && !selectedDue) {
      selectedDue = true
      session.push(async () => {
        selectedDue = false
        // RFC 5465 §6.2: SELECTED-DELAYED leaves expunges for the moments at which they have always been told.
        if (over) return
        const flags = group.events.has('FLAGCHANGE')
        await session.synchronize(group.filter.type === 'selected', { withUids: true, flags })
      })
    }
    if (due || (here && mailbox !== undefined && !watchesMetadata(groups))) return
    due = true
    session.push(lookOrGiveUp)
  }

  const unwatch = session.watch(hinted)
  function stop(): void {
    over = true
    unwatch()
  }
  // Annotations are remembered now, and what has happened since `mailboxes` was read is seen.
  hinted(undefined)
  return { groups, own: (ops, done) => noteOwn(known, ops, done), stop }
}

function byId(mailboxes: readonly MailboxInfo[]): Map<MailboxId, MailboxInfo> {
  return new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox]))
}

function tellGone(session: ImapSession, groups: readonly EventGroup[], mailbox: MailboxInfo): void {
  if (!eventsOf(groups, mailbox, session).has('MAILBOXNAME') || !has(mailbox, 'l')) return
  beginList(session, '\\NonExistent', mailbox.path)
  session.out.crlf()
}

function tellChanges(
  session: ImapSession,
  groups: readonly EventGroup[],
  before: MailboxInfo | undefined,
  now: MailboxInfo,
  renames: ReadonlyMap<string, string>,
): void {
  const events = eventsOf(groups, now, session)
  if (events.size === 0) return
  if (has(now, 'l')) {
    // RFC 5465 §5.4: children of what was renamed are not told.
    const renamed =
      before !== undefined &&
      mailboxPathKey(before.path) !== mailboxPathKey(now.path) &&
      !movedAlong(renames, before.path, now.path)
    const resubscribed = before !== undefined && before.subscribed !== now.subscribed
    if (events.has('MAILBOXNAME') && (!before || renamed || !has(before, 'l'))) {
      beginList(session, now.subscribed ? '\\Subscribed' : '', now.path)
      // RFC 5465 §5.4
      if (before && renamed) session.out.text(' ("OLDNAME" (').mailbox(before.path).text('))')
      session.out.crlf()
    } else if (events.has('SUBSCRIPTIONCHANGE') && resubscribed) {
      beginList(session, now.subscribed ? '\\Subscribed' : '', now.path)
      session.out.crlf()
    }
  }
  // RFC 5465 §5.9
  if (events.has('MAILBOXNAME') && before && has(before, 'l') && !has(now, 'l')) {
    beginList(session, '\\NoAccess', now.path)
    session.out.crlf()
  }
  if (now.id !== session.selected?.id && has(now, 'r') && !now.noSelect) tellStatus(session, events, before, now)
}

/** RFC 5465 §5.1 to §5.3: changes in mailboxes that are not selected are STATUS responses. */
function tellStatus(
  session: ImapSession,
  events: ReadonlySet<NotifyEvent>,
  before: MailboxInfo | undefined,
  now: MailboxInfo,
): void {
  const came = now.uidNext !== (before?.uidNext ?? 1)
  // What has been made and filled in one step is as old as what is in it.
  if (before?.modseq === now.modseq && before.unseen === now.unseen && !came) return
  const items: string[] = []
  const fresh = events.has('MESSAGENEW') && came
  const counted = events.has('MESSAGEEXPUNGE') && now.messages !== (before?.messages ?? 0)
  const flags = events.has('FLAGCHANGE') && (before === undefined || !fresh || before.unseen !== now.unseen)
  if (fresh || counted) items.push(`UIDNEXT ${toldUidNext(now.uidNext)}`)
  if (fresh || counted) items.push(`MESSAGES ${now.messages}`)
  if (flags) items.push(`UNSEEN ${now.unseen}`)
  if (items.length === 0) return
  // RFC 5465 §5.3: a modification sequence says nothing without the UIDVALIDITY that it belongs to.
  if (session.parts.names.has('CONDSTORE')) items.push(`UIDVALIDITY ${now.uidValidity}`, `HIGHESTMODSEQ ${now.modseq}`)
  session.out
    .text('* STATUS ')
    .mailbox(now.path)
    .line(` (${items.join(' ')})`)
}

function watchesMetadata(groups: readonly EventGroup[]): boolean {
  return groups.some(({ events }) => events.has('MAILBOXMETADATACHANGE') || events.has('SERVERMETADATACHANGE'))
}

async function tellMetadata(
  session: ImapSession,
  groups: readonly EventGroup[],
  mailboxes: readonly MailboxInfo[],
  watch: MetadataWatch,
): Promise<void> {
  if (groups.some(({ events }) => events.has('SERVERMETADATACHANGE'))) await watch.look(session, null)
  for (const mailbox of mailboxes) {
    if (eventsOf(groups, mailbox, session).has('MAILBOXMETADATACHANGE')) await watch.look(session, mailbox)
  }
}
