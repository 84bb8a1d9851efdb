/** ESEARCH (RFC 4731) and SEARCHRES (RFC 5182): what SEARCH and SORT can return, in the order of the search. */
import { uidSetFromSorted } from '@posthouse/store-api'
import { formatUidSet } from '../../syntax/sequence-set.js'
import type { ImapExtension, SearchResult } from '../extension.js'
import { numbersOf } from '../search/response.js'

/** ESEARCH (RFC 4731). */
export const esearch: ImapExtension = {
  name: 'ESEARCH',
  capabilities: ['ESEARCH'],
  searchReturns: [
    {
      name: 'MIN',
      write(out, result) {
        if (result.uids.length > 0) out.text(` MIN ${numbersOf(result)[0]}`)
      },
    },
    {
      name: 'MAX',
      write(out, result) {
        const all = numbersOf(result)
        if (all.length > 0) out.text(` MAX ${all[all.length - 1]}`)
      },
    },
    {
      name: 'ALL',
      write(out, result) {
        if (result.uids.length > 0) out.text(` ALL ${formatUidSet(uidSetFromSorted(numbersOf(result)))}`)
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

/** SEARCHRES (RFC 5182). */
export const searchRes: ImapExtension = {
  name: 'SEARCHRES',
  capabilities: ['SEARCHRES'],
  requires: ['ESEARCH'],
  searchReturns: [
    {
      name: 'SAVE',
      silent: true,
      after(result) {
        // What was sorted is saved as a set.
        result.view.savedResult = uidSetFromSorted(saved(result).slice().sort())
      },
    },
  ],
}
