/**
 * Searches that are kept up to date (RFC 5267 §4.3): what they have found is remembered, and at each change that is told
 * only the changed messages are searched again.
 */
import {
  type UidSet,
  uidSetFromSorted,
  uidSetIntersect,
  uidSetOf,
  uidSetSubtract,
  uidSetUnion,
  uidSetValues,
} from '@posthouse/store-api'
import { formatUidSet } from '../../syntax/sequence-set.js'
import type { WantedItem } from '../commands/fetch.js'
import type { SearchResult } from '../extension.js'
import { tellNew } from '../notify/tell-new.js'
import type { ImapSession } from '../session.js'
import { placeOf } from '../sort/kept-order.js'
import { comparer, type SortEntry, sortEntries } from '../sort/order.js'
import type { MailboxView } from '../view/mailbox-view.js'
import { evaluate } from './evaluate.js'

/** One search that is kept up to date. */
export interface UpdatingSearch {
  readonly tag: string
  readonly view: MailboxView
  /** Tells what leaves with messages that are expunged. */
  expunging(session: ImapSession, uids: UidSet): void
  /** Tells what changes of messages have changed. */
  changed(session: ImapSession, uids: UidSet): Promise<void>
}

/** Positions with what is there, in the order in which they apply. */
type Steps = readonly { readonly position: number; readonly uids: UidSet }[]

function tell(session: ImapSession, tag: string, result: SearchResult, removed: Steps, added: Steps): void {
  if (removed.length === 0 && added.length === 0) return
  const { out } = session
  const { byUid, view } = result
  const list = (steps: Steps): string =>
    steps
      .map(({ position, uids }) => {
        const told = byUid ? uids : uidSetFromSorted(Array.from(uidSetValues(uids), (uid) => view.sequenceOf(uid)))
        return `${position} ${formatUidSet(told)}`
      })
      .join(' ')
  out
    .text('* ESEARCH (TAG ')
    .string(tag)
    .text(byUid ? ') UID' : ')')
  if (removed.length > 0) out.text(` REMOVEFROM (${list(removed)})`)
  if (added.length > 0) out.text(` ADDTO (${list(added)})`)
  out.crlf()
}

/** In mailbox order: a position of 0 lets the client find the place (§4.3.3). */
const anywhere = (uids: UidSet): Steps => (uids.length > 0 ? [{ position: 0, uids }] : [])

/** Tells what is wanted of messages that have just come and belong to a search; flags alone bring no data (RFC 5465 §7). */
function newcomers(view: MailboxView, items: readonly WantedItem[]) {
  let known = view.lastUid
  return async (session: ImapSession, fresh: UidSet): Promise<void> => {
    const come = uidSetIntersect(fresh, [[known + 1, 0xffffffff]])
    known = view.lastUid
    if (items.length > 0 && come.length > 0) await tellNew(session, come, items)
  }
}

/** Keeps a SEARCH up to date. `items`: what to tell of new messages. */
export function updatingSearch(tag: string, result: SearchResult, items: readonly WantedItem[]): UpdatingSearch {
  const { view, program } = result
  const tellNewcomers = newcomers(view, items)
  let members = uidSetFromSorted(result.uids)
  return {
    tag,
    view,
    expunging(session, uids) {
      const gone = uidSetIntersect(members, uids)
      members = uidSetSubtract(members, gone)
      tell(session, tag, result, anywhere(gone), [])
    },
    async changed(session, uids) {
      const found = uidSetFromSorted((await evaluate(session, view, program, { within: uids })).uids)
      const before = uidSetIntersect(members, uids)
      const gone = uidSetSubtract(before, found)
      const fresh = uidSetSubtract(found, before)
      members = uidSetUnion(uidSetSubtract(members, gone), fresh)
      await tellNewcomers(session, fresh)
      tell(session, tag, result, anywhere(gone), anywhere(fresh))
    },
  }
}

/** Keeps a SORT up to date: every position counts (§4.3.3, §4.3.4). */
export function updatingSort(
  tag: string,
  result: SearchResult,
  entries: readonly SortEntry[],
  items: readonly WantedItem[],
): UpdatingSearch {
  const { view, program, values } = result
  const tellNewcomers = newcomers(view, items)
  const order = result.order ?? []
  const compare = comparer(order)
  const members = [...entries]
  const byUid = new Map(entries.map((entry) => [entry.uid, entry]))

  function remove(uids: Iterable<number>): Steps {
    const steps: { position: number; uids: UidSet }[] = []
    for (const uid of uids) {
      const entry = byUid.get(uid)
      if (!entry) continue
      const at = placeOf(members, entry, compare)
      members.splice(at, 1)
      byUid.delete(uid)
      steps.push({ position: at + 1, uids: [[uid, uid]] })
    }
    return steps
  }

  function add(fresh: readonly SortEntry[]): Steps {
    const steps: { position: number; uids: UidSet }[] = []
    for (const entry of fresh) {
      const at = placeOf(members, entry, compare)
      members.splice(at, 0, entry)
      byUid.set(entry.uid, entry)
      steps.push({ position: at + 1, uids: [[entry.uid, entry.uid]] })
    }
    return steps
  }

  return {
    tag,
    view,
    expunging: (session, uids) => tell(session, tag, result, remove(view.pick(uids)), []),
    async changed(session, uids) {
      const found = await sortEntries(session, view, { program, order, values }, { within: uids })
      const still = new Set(found.map(({ uid }) => uid))
      const removed = remove([...uidSetValues(uids)].filter((uid) => !still.has(uid)))
      const fresh = found.filter(({ uid }) => !byUid.has(uid))
      const added = add(fresh)
      await tellNewcomers(session, uidSetOf(fresh.map(({ uid }) => uid)))
      tell(session, tag, result, removed, added)
    },
  }
}
