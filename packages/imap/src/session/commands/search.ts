/** SEARCH and UID SEARCH (RFC 9051 §6.4.4). Selected state. */
import type { Cursor } from '../../syntax/cursor.js'
import { ok, type Status } from '../../syntax/status.js'
import { bounded, hasBounds } from '../bound.js'
import type { Command, SearchResult } from '../extension.js'
import { evaluate } from '../search/evaluate.js'
import { bounds, resolveProgram } from '../search/program.js'
import { allOf, forgetSaved, parseRest, parseReturns, type SearchRequest } from '../search/request.js'
import { writeEsearch, writeNumbers } from '../search/response.js'
import type { ImapSession } from '../session.js'

function parse(cursor: Cursor, session: ImapSession): SearchRequest {
  cursor.space()
  const returns = parseReturns(cursor, session)
  if (returns) cursor.space()
  return parseRest(cursor, session, { returns })
}

async function run(session: ImapSession, request: SearchRequest, byUid: boolean): Promise<Status> {
  const { tree, returns, modseq, values } = request
  const { view } = session
  try {
    const program = resolveProgram(tree, view)
    const within = hasBounds(session) ? await bounded(session, 'SEARCH', bounds(program)) : null
    const found = await evaluate(session, view, program, { modseq, ...(within && { within: within.uids }) })
    const result: Omit<SearchResult, 'returns'> = { ...found, byUid, view, program, order: null, entries: null, values }
    // RFC 9051 §6.4.4: rev2 answers with ESEARCH whether RETURN was there or not.
    const options = returns ?? (session.enabled.has('IMAP4REV2') ? allOf(session) : null)
    if (options) writeEsearch(session, result, options)
    else await writeNumbers(session, 'SEARCH', result)
    return ok('SEARCH completed', within?.code ?? null)
  } catch (error) {
    throw forgetSaved(session, returns, error)
  }
}

function searchCommand(byUid: boolean): Command<SearchRequest> {
  return {
    name: byUid ? 'UID SEARCH' : 'SEARCH',
    states: ['selected'],
    updates: byUid ? 'all' : 'no-expunge',
    parse,
    run: (session, request) => run(session, request, byUid),
  }
}

export const search = searchCommand(false)
export const uidSearch = searchCommand(true)
