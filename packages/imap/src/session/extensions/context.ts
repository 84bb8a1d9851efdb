/** CONTEXT=SEARCH and CONTEXT=SORT (RFC 5267): searches whose results are kept up to date. */
import { latin1 } from '@posthouse/wire'
import { bad, no, ok, Refusal } from '../../syntax/status.js'
import { parseItems, type WantedItem } from '../commands/fetch.js'
import type { Command, ImapExtension, SearchReturn } from '../extension.js'
import { type UpdatingSearch, updatingSearch, updatingSort } from '../search/updates.js'
import type { ImapSession } from '../session.js'

const NAME = 'CONTEXT'

/** The updating searches of the selected mailbox, by tag. They end with it (§4.3). */
function updatingOf(session: ImapSession): Map<string, UpdatingSearch> {
  const kept = session.values.get(NAME) as Map<string, UpdatingSearch> | undefined
  const current = new Map([...(kept ?? [])].filter(([, { view }]) => view === session.selected))
  session.values.set(NAME, current)
  return current
}

/** The same without a look at which are over; for every change that is told. */
function active(session: ImapSession): readonly UpdatingSearch[] {
  return session.values.has(NAME) ? [...updatingOf(session).values()] : []
}

const update: SearchReturn = {
  name: 'UPDATE',
  parse(cursor, session) {
    if (updatingOf(session).has(session.tag))
      throw new Refusal(bad('This tag belongs to a search that is kept up to date'))
    // RFC 5465 §7: what is told of new messages.
    if (!session.parts.names.has('NOTIFY') || cursor.peek() !== 32 || cursor.bytes[cursor.at + 1] !== 40) return []
    cursor.space()
    return parseItems(cursor, session)
  },
  after(result, args, session) {
    const { tag, limits, out, parts } = session
    const { order, entries } = result
    const searches = updatingOf(session)
    const possible = result.view === session.selected && (!order || parts.names.has('CONTEXT=SORT'))
    if (!possible || searches.size >= limits.updatingSearches) {
      // §4.3.1: everything else that was asked has been told.
      out.text('* NO [NOUPDATE ').string(tag).line('] This search is not kept up to date')
      return
    }
    const items = args as readonly WantedItem[]
    searches.set(tag, entries ? updatingSort(tag, result, entries(), items) : updatingSearch(tag, result, items))
  },
}

/** §4.2: a hint that the search will be asked again. */
const context: SearchReturn = { name: 'CONTEXT', hint: true }

const cancelUpdate: Command<readonly string[]> = {
  name: 'CANCELUPDATE',
  states: ['selected'],
  parse(cursor) {
    const tags: string[] = []
    do {
      cursor.space()
      cursor.item()
      tags.push(latin1(cursor.string('Tag')))
    } while (!cursor.atEnd())
    return tags
  },
  run(session, tags) {
    const searches = updatingOf(session)
    if (!tags.every((tag) => searches.has(tag))) return no('No search with that tag is kept up to date')
    for (const tag of tags) searches.delete(tag)
    return ok('CANCELUPDATE completed')
  },
}

/** CONTEXT=SEARCH (RFC 5267). */
export const contextSearch: ImapExtension = {
  name: 'CONTEXT=SEARCH',
  capabilities: ['CONTEXT=SEARCH'],
  requires: ['ESEARCH', 'PARTIAL'],
  commands: [cancelUpdate as Command],
  searchReturns: [update, context],
  viewChanges: {
    expunging(session, uids) {
      for (const search of active(session)) search.expunging(session, uids)
    },
    async changed(session, uids) {
      for (const search of active(session)) await search.changed(session, uids)
    },
  },
}

/** The same options for SORT. */
export const contextSort: ImapExtension = {
  name: 'CONTEXT=SORT',
  capabilities: ['CONTEXT=SORT'],
  requires: ['CONTEXT=SEARCH', 'ESORT'],
}
