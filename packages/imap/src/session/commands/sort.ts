/** SORT and UID SORT (RFC 5256 §3, RFC 5267 §3). Selected state. */
import type { Cursor } from '../../syntax/cursor.js'
import { ok, type Status } from '../../syntax/status.js'
import type { Command, SearchResult, SortOrder } from '../extension.js'
import { resolveProgram } from '../search/program.js'
import {
  checked,
  forgetSaved,
  parseCharset,
  parseProgram,
  parseReturns,
  type SearchRequest,
} from '../search/request.js'
import { writeEsearch, writeNumbers } from '../search/response.js'
import type { ImapSession } from '../session.js'
import { parseOrder, sorted } from '../sort/order.js'

interface SortRequest extends SearchRequest {
  readonly order: readonly SortOrder[]
}

function parse(cursor: Cursor, session: ImapSession): SortRequest {
  cursor.space()
  const extended = session.parts.names.has('ESORT')
  let returns = extended ? parseReturns(cursor, session) : null
  if (returns) cursor.space()
  try {
    const order = parseOrder(cursor, session)
    cursor.space()
    // RFC 5256 §3: the charset always stands there, without the word.
    const charset = parseCharset(cursor, session)
    cursor.space()
    if (extended && !returns) {
      // Some clients put it where SEARCH has its key.
      returns = parseReturns(cursor, session)
      if (returns) cursor.space()
    }
    const program = parseProgram(cursor, session, charset)
    for (const { criterion } of order) criterion.check?.(program.values)
    return checked({ returns, order, ...program })
  } catch (error) {
    throw forgetSaved(session, returns, error)
  }
}

async function run(session: ImapSession, request: SortRequest, byUid: boolean): Promise<Status> {
  const { tree, returns, modseq, values, order } = request
  const { view } = session
  try {
    const program = resolveProgram(tree, view)
    const result: Omit<SearchResult, 'returns'> = {
      ...(await sorted(session, view, { program, order, values }, modseq)),
      byUid,
      view,
      program,
      order,
      values,
    }
    if (returns) writeEsearch(session, result, returns)
    else await writeNumbers(session, 'SORT', result)
  } catch (error) {
    throw forgetSaved(session, returns, error)
  }
  return ok('SORT completed')
}

function sortCommand(byUid: boolean): Command<SortRequest> {
  return {
    name: byUid ? 'UID SORT' : 'SORT',
    states: ['selected'],
    updates: byUid ? 'all' : 'no-expunge',
    parse,
    run: (session, request) => run(session, request, byUid),
  }
}

export const sort = sortCommand(false)
export const uidSort = sortCommand(true)
