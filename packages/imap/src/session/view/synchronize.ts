/**
 * Pulls what has changed since the view's cursor and tells the client.
 *
 * The rules (RFC 9051 §7.5.1, RFC 7162 §3.1.1 and its erratum 1810): no EXPUNGE where message numbers must not move; no
 * EXISTS before an EXPUNGE that is withheld; and while one is withheld the cursor, which HIGHESTMODSEQ never passes,
 * stays where it is.
 */
import {
  type MessageRow,
  type Uid,
  type UidSet,
  uidSetContains,
  uidSetFromSorted,
  uidSetSubtract,
  uidSetUnion,
  uidsOf,
} from '@posthouse/store-api'
import type { ImapSession } from '../session.js'
import { tellKeywords } from './keywords.js'
import type { MailboxView } from './mailbox-view.js'
import { knowsRecent } from './recent.js'
import { reportExpunged, reportFlags, unaskedWithUid } from './report.js'

/** What a pull has found. */
interface Changes {
  readonly rows: readonly MessageRow[]
  /** UIDs of the view that are gone from the store. */
  readonly gone: UidSet
}

async function pull(session: ImapSession, view: MailboxView): Promise<Changes> {
  const { account } = session
  const rows: MessageRow[] = []
  for await (const batch of account.messages(view.id, { since: view.cursor, light: session.parts.lightUpdates }))
    rows.push(...batch)
  // Asked behind the rows: whatever the rows have seen, this has seen, too (R2).
  const vanished = account.vanished ? await account.vanished(view.id, view.cursor) : null
  if (vanished) return { rows, gone: uidSetFromSorted(view.pick(vanished)) }
  return { rows, gone: await complement(session, view) }
}

/** Known UIDs without present ones, for stores without a history (or whose history is gone). */
async function complement(session: ImapSession, view: MailboxView): Promise<UidSet> {
  const present = new Set<Uid>(await uidsOf(session.account, view.id))
  const gone: Uid[] = []
  for (const uid of view.uids) if (!present.has(uid)) gone.push(uid)
  return uidSetFromSorted(gone)
}

export interface SynchronizeOptions {
  /**
   * Flags come with UIDs: told without a command (RFC 9051 §6.3.13, RFC 5465 §5.3), or behind one with UIDs (RFC 9051
   * §6.4.9: Thunderbird looks over the others then).
   */
  readonly withUids?: boolean
  /** `false`: changes of flags wait for the next command (RFC 5465 §5.3). */
  readonly flags?: boolean
}

/** Tells the client of changes; of expunges only where `expunges` allows it. What fails is due again. */
export async function synchronize(
  session: ImapSession,
  view: MailboxView,
  expunges: boolean,
  options: SynchronizeOptions = {},
): Promise<void> {
  view.dirty = false
  try {
    await tellChanges(session, view, expunges, options)
  } catch (error) {
    view.dirty = true
    throw error
  }
}

async function tellChanges(
  session: ImapSession,
  view: MailboxView,
  expunges: boolean,
  { withUids = false, flags = true }: SynchronizeOptions,
): Promise<void> {
  const { visible } = view
  const { rows, gone } = await pull(session, view)
  view.withheld = gone.length > 0 && !expunges
  if (gone.length > 0 && expunges) {
    for (const { viewChanges } of session.parts.extensions) viewChanges?.expunging?.(session, gone)
    reportExpunged(session, view.remove(gone), gone)
    if (view.savedResult.length > 0) view.savedResult = uidSetSubtract(view.savedResult, gone)
  }
  const last = view.lastUid
  if (!view.withheld) {
    const fresh: Uid[] = []
    for (const { uid } of rows) if (uid > last && !uidSetContains(gone, uid)) fresh.push(uid)
    if (fresh.length > 0) {
      view.append(fresh)
      claimRecent(session, view)
      session.out.line(`* ${view.count} EXISTS`)
    }
    tellRecent(session, view)
  }
  // Before a message that carries one is told, and also when none that does is left.
  tellKeywords(session, view)
  let told = Math.max(view.cursor, visible)
  let held = false
  const withUid = withUids || unaskedWithUid(session)
  for (const row of rows) {
    if (row.modseq > told) told = row.modseq
    // A message that is new to the client comes without flags: it asks for them.
    if (row.uid > last || row.modseq <= view.flagsTold || view.isQuiet(row.uid, row.modseq)) continue
    const sequence = view.sequenceOf(row.uid)
    if (sequence === 0) continue
    if (!flags) {
      held = true
      continue
    }
    const wait = reportFlags(session, view, sequence, row, withUid)
    if (wait) await wait
    const slow = session.flushMuch()
    if (slow) await slow
  }
  await tellListeners(session, view, rows)
  if (!held && told > view.flagsTold) view.flagsTold = told
  if (!held && !view.withheld && told > view.cursor) view.cursor = told
  if (view.withheld || held) view.dirty = true
  else view.settle()
  tellHighest(session, view)
  if (view.quiet.length > 0) view.quiet = view.quiet.filter(({ modseq }) => modseq > view.flagsTold)
}

/** Messages that came while the mailbox was open are recent in the session that is told first. */
export function claimRecent(session: ImapSession, view: MailboxView): void {
  if (view.recentKey === null || !knowsRecent(session)) return
  const { recent } = session.server
  const next = Math.max(view.lastUid + 1, view.mailbox.uidNext)
  const first = view.readOnly ? recent.first(view.recentKey, next) : recent.claim(view.recentKey, next)
  if (first < next) view.recent = uidSetUnion(view.recent, [[first, next - 1]])
}

/** RFC 3501 §7.3.2: told when it has changed, by expunges too. */
function tellRecent(session: ImapSession, view: MailboxView): void {
  const count = view.recent.length === 0 ? 0 : view.countIn(view.recent)
  if (count === view.recentTold) return
  view.recentTold = count
  session.out.line(`* ${count} RECENT`)
}

/**
 * RFC 7162 §3.2: a client may take the largest MODSEQ that it was told for the mailbox's. While an expunge is withheld
 * that one is too large: a client that comes back with it would never hear of the expunge.
 */
function tellHighest(session: ImapSession, view: MailboxView): void {
  if (view.withheld && view.modseqTold > view.cursor && session.enabled.has('CONDSTORE')) {
    session.out.line(`* OK [HIGHESTMODSEQ ${view.cursor}] Behind it are expunges`)
    view.toldLower = true
  } else if (view.toldLower && !view.dirty) {
    // RFC 7162 §6: with the expunges told, the client may go on from here.
    session.out.line(`* OK [HIGHESTMODSEQ ${view.cursor}] Highest`)
    view.toldLower = false
  }
  view.modseqTold = 0
}

/** Shows what was told to the extensions that keep something up to date with it. */
async function tellListeners(session: ImapSession, view: MailboxView, rows: readonly MessageRow[]): Promise<void> {
  let uids: UidSet | null = null
  for (const { viewChanges } of session.parts.extensions) {
    if (!viewChanges?.changed) continue
    uids ??= uidSetFromSorted(rows.map(({ uid }) => uid).filter((uid) => view.sequenceOf(uid) > 0))
    const slow = uids.length > 0 ? viewChanges.changed(session, uids) : undefined
    if (slow) await slow
  }
}
