/** PARTIAL (RFC 9394): a window of what SEARCH or UID FETCH would tell. */
import { uidSetFromSorted } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { formatUidSet } from '../../syntax/sequence-set.js'
import type { ImapExtension, SearchResult, SearchReturn } from '../extension.js'
import { numbersOf } from '../search/response.js'
import { searchRes } from './esearch.js'

/** Positions from 1, both ends included, the smaller first; from the end when `last`. */
interface Window {
  readonly low: number
  readonly high: number
  readonly last: boolean
  /** The smaller position first, whichever the client wrote first (RFC 9394 §4). */
  readonly told: string
}

/** Reads `1:500`, or `-1:-100` for the last hundred. */
function parseWindow(cursor: Cursor): Window {
  cursor.space()
  const last = cursor.take('-')
  const from = cursor.nzNumber('Position')
  cursor.expect(':')
  if (last) cursor.expect('-')
  const to = cursor.nzNumber('Position')
  const sign = last ? '-' : ''
  const [low, high] = [Math.min(from, to), Math.max(from, to)]
  return { low, high, last, told: `${sign}${low}:${sign}${high}` }
}

/** The part of a list in the window. */
function within(uids: Uint32Array, { low, high, last }: Window): Uint32Array {
  const { length } = uids
  return last
    ? uids.subarray(Math.max(0, length - high), Math.max(0, length - low + 1))
    : uids.subarray(Math.min(length, low - 1), Math.min(length, high))
}

const partialReturn: SearchReturn = {
  name: 'PARTIAL',
  parse: parseWindow,
  write(out, result, args) {
    const window = args as Window
    const uids = within(result.uids, window)
    const told = uids.length === 0 ? 'NIL' : formatUidSet(uidSetFromSorted(numbersOf({ ...result, uids })))
    out.text(` PARTIAL (${window.told} ${told})`)
  },
  after(result, args) {
    if (result.returns.has('SAVE')) save(result, within(result.uids, args as Window))
  },
}

/** RFC 9394 §3.2: with PARTIAL the saved result is what was told, and the ends when they were asked; with COUNT it is all. */
function save({ uids, returns, view }: SearchResult, told: Uint32Array): void {
  const kept = new Set(returns.has('COUNT') ? uids : told)
  if (uids.length > 0 && returns.has('MIN')) kept.add(uids[0])
  if (uids.length > 0 && returns.has('MAX')) kept.add(uids[uids.length - 1])
  view.savedResult = uidSetFromSorted(Uint32Array.from(kept).sort())
}

/** PARTIAL (RFC 9394). */
export const partial: ImapExtension = {
  name: 'PARTIAL',
  capabilities: ['PARTIAL'],
  requires: ['ESEARCH'],
  searchReturns: [partialReturn],
  fetchModifiers: [
    {
      name: 'PARTIAL',
      parse(cursor, _session, byUid) {
        // RFC 9394 §3.3
        if (!byUid) cursor.fail('PARTIAL is for UID FETCH')
        const window = parseWindow(cursor)
        // RFC 9394 §3.4: CHANGEDSINCE chooses among the messages of the window.
        return { whole: true, before: ({ view }, { uids }) => uidSetFromSorted(within(view.pick(uids), window)) }
      },
    },
  ],
}

/** SAVE beside PARTIAL: PARTIAL saves, whichever stands first. */
export const partialSave: ImapExtension = {
  name: 'PARTIAL with SEARCHRES',
  requires: ['PARTIAL', 'SEARCHRES'],
  searchReturns: (searchRes.searchReturns ?? []).map((option) => ({
    ...option,
    after(result, args, session) {
      if (!result.returns.has('PARTIAL')) option.after?.(result, args, session)
    },
  })),
}
