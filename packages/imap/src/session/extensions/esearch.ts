/** ESEARCH (RFC 4731) and SEARCHRES (RFC 5182): what SEARCH can return. */
import { uidSetFromSorted } from '@posthouse/store-api'
import { formatUidSet } from '../../syntax/sequence-set.js'
import type { ImapExtension, SearchResult } from '../extension.js'
import { sequencesOf } from '../search/evaluate.js'
import type { ImapSession } from '../session.js'

/** UIDs or message numbers, ascending. */
function numbers(result: SearchResult, session: ImapSession): Uint32Array {
  return result.byUid ? result.uids : sequencesOf(session, result.uids)
}

export const esearch: ImapExtension = {
  name: 'ESEARCH',
  capabilities: ['ESEARCH'],
  searchReturns: [
    {
      name: 'MIN',
      write(out, result, _, session) {
        if (result.uids.length > 0) out.text(` MIN ${numbers(result, session)[0]}`)
      },
    },
    {
      name: 'MAX',
      write(out, result, _, session) {
        const all = numbers(result, session)
        if (all.length > 0) out.text(` MAX ${all[all.length - 1]}`)
      },
    },
    {
      name: 'ALL',
      write(out, result, _, session) {
        if (result.uids.length > 0) out.text(` ALL ${formatUidSet(uidSetFromSorted(numbers(result, session)))}`)
      },
    },
    { name: 'COUNT', write: (out, { uids }) => void out.text(` COUNT ${uids.length}`) },
  ],
}

/** The saved result: all that was found, or only the first or last when only those were asked (RFC 5182 §2.4). */
function saved({ uids, returns }: SearchResult): Uint32Array {
  const narrow = (returns.has('MIN') || returns.has('MAX')) && !returns.has('ALL') && !returns.has('COUNT')
  if (!narrow || uids.length === 0) return uids
  const ends: number[] = []
  if (returns.has('MIN')) ends.push(uids[0])
  if (returns.has('MAX') && uids.length > ends.length) ends.push(uids[uids.length - 1])
  return Uint32Array.from(ends)
}

export const searchRes: ImapExtension = {
  name: 'SEARCHRES',
  capabilities: ['SEARCHRES'],
  requires: ['ESEARCH'],
  searchReturns: [
    {
      name: 'SAVE',
      write(_out, result, _args, session) {
        session.view.savedResult = uidSetFromSorted(saved(result))
      },
    },
  ],
}
