/** ESEARCH (RFC 7377): a search in several mailboxes. Authenticated and selected state. */
import { type MailboxInfo, uidsOf } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { bad, no, ok, Refusal, type Status } from '../../syntax/status.js'
import type { Command } from '../extension.js'
import { filterMailboxes, type MailboxFilter, parseMailboxFilter } from '../mailbox-filter.js'
import { evaluate } from '../search/evaluate.js'
import { scoresOf } from '../search/fuzzy.js'
import { resolveProgram } from '../search/program.js'
import {
  allOf,
  forgetSaved,
  parseRest,
  parseReturns,
  type ReturnOption,
  type SearchRequest,
} from '../search/request.js'
import { writeEsearch } from '../search/response.js'
import type { ImapSession } from '../session.js'
import { MailboxView } from '../view/mailbox-view.js'

interface MultiSearchRequest extends SearchRequest {
  /** Where to search. */
  readonly sources: readonly MailboxFilter[]
  readonly returns: readonly ReturnOption[]
}

const SELECTED: readonly MailboxFilter[] = [{ type: 'selected' }]

/** Reads `IN (mailboxes "folder1" subtree "folder2")` when it is there. */
function parseSources(cursor: Cursor, session: ImapSession): readonly MailboxFilter[] {
  if (!cursor.takeWord('IN')) return SELECTED
  cursor.space()
  const sources: MailboxFilter[] = []
  cursor.list(() => {
    // Options of the scope stand in parentheses; there are none yet (§4).
    if (cursor.atList()) cursor.fail('There are no scope options')
    const filter = parseMailboxFilter(cursor, session)
    if (filter.type === 'selected-delayed') cursor.fail('selected-delayed is for NOTIFY')
    sources.push(filter)
  })
  if (sources.length === 0) cursor.fail('Which mailboxes?')
  cursor.space()
  return sources
}

function parse(cursor: Cursor, session: ImapSession): MultiSearchRequest {
  cursor.space()
  const sources = parseSources(cursor, session)
  const returns = parseReturns(cursor, session)
  if (returns) cursor.space()
  check(session, sources, returns ?? [])
  return parseRest(cursor, session, { sources, returns: returns ?? allOf(session) })
}

/** §2.2: what only the selected mailbox can do. */
function check(session: ImapSession, sources: readonly MailboxFilter[], returns: readonly ReturnOption[]): void {
  const selected = sources.some(({ type }) => type === 'selected')
  if (selected && !session.selected) throw new Refusal(bad('Select a mailbox first'))
  for (const { option } of returns) {
    if (option.name === 'SAVE' && sources.some(({ type }) => type !== 'selected')) {
      throw new Refusal(bad('SAVE is for the selected mailbox alone'))
    }
    if (option.name === 'UPDATE' && !session.selected) throw new Refusal(bad('UPDATE needs a selected mailbox'))
  }
}

/** The view of a mailbox that is not selected: what it holds now. */
async function viewOf(session: ImapSession, mailbox: MailboxInfo): Promise<MailboxView> {
  const { selected, account } = session
  if (selected?.id === mailbox.id) return selected
  const view = new MailboxView(mailbox, await uidsOf(account, mailbox.id), true)
  view.uidsOnly = session.enabled.has('UIDONLY')
  return view
}

async function run(session: ImapSession, request: MultiSearchRequest): Promise<Status> {
  try {
    return await searchAll(session, request)
  } catch (error) {
    throw forgetSaved(session, request.returns, error)
  }
}

async function searchAll(session: ImapSession, request: MultiSearchRequest): Promise<Status> {
  const { sources, tree, values, modseq } = request
  const { limits, out } = session
  const mailboxes = await filterMailboxes(session, sources)
  if (mailboxes.length > limits.searchMailboxes) return no('Too many mailboxes', 'LIMIT')
  for (const mailbox of mailboxes) {
    const view = await viewOf(session, mailbox)
    const isSelected = view === session.selected
    const program = resolveProgram(tree, view)
    // Scores are by UID, and each mailbox has its own.
    scoresOf(values)?.clear()
    const found = await evaluate(session, view, program, { modseq })
    // §2.2: updates are told of the selected mailbox only.
    const returns = isSelected ? request.returns : request.returns.filter(({ option }) => option.name !== 'UPDATE')
    // §2.1: a mailbox in which nothing was found is not told of.
    writeEsearch(session, { ...found, byUid: true, view, program, order: null, entries: null, values }, returns, {
      correlate: () => void out.text(' MAILBOX ').mailbox(mailbox.path).text(` UIDVALIDITY ${mailbox.uidValidity}`),
      onlyFound: true,
    })
    const slow = session.flushMuch()
    if (slow) await slow
  }
  return ok('ESEARCH completed')
}

export const multiSearch: Command<MultiSearchRequest> = {
  name: 'ESEARCH',
  states: ['authenticated', 'selected'],
  parse,
  run,
}
