/** SEARCH and UID SEARCH (RFC 9051 §6.4.4). Selected state. */
import { decodeCharset } from '@posthouse/mime/body'
import type { Cursor } from '../../syntax/cursor.js'
import { parseSearchProgram, type SearchTree } from '../../syntax/search-program.js'
import { no, ok, Refusal, type Status } from '../../syntax/status.js'
import type { Command, SearchKeyContext, SearchLeaf, SearchResult, SearchReturn } from '../extension.js'
import { evaluate, sequencesOf } from '../search/evaluate.js'
import type { ImapSession } from '../session.js'

/** A search as it was asked: shared by SEARCH, SORT and THREAD. */
export interface SearchArgs {
  readonly tree: SearchTree<SearchLeaf>
  /** RETURN options; `null` without RETURN. */
  readonly returns: readonly { readonly option: SearchReturn; readonly args: unknown }[] | null
  readonly modseq: boolean
}

const CHARSETS = new Set(['US-ASCII', 'UTF-8'])

/** Reads `RETURN (...)` when it is there. */
export function parseReturns(cursor: Cursor, session: ImapSession): SearchArgs['returns'] {
  const { searchReturns } = session.parts
  if (searchReturns.size === 0 || !cursor.takeWord('RETURN')) return null
  cursor.space()
  const returns: { option: SearchReturn; args: unknown }[] = []
  cursor.list(() => {
    const name = cursor.word('RETURN option')
    const option = searchReturns.get(name)
    if (!option) return cursor.fail(`SEARCH cannot return ${name}`)
    returns.push({ option, args: option.parse?.(cursor) })
  })
  // RFC 9051 §6.4.4: without options it is ALL.
  const all = searchReturns.get('ALL')
  if (returns.length === 0 && all) returns.push({ option: all, args: undefined })
  return returns
}

/** Reads a charset's name. @throws Refusal for one that is not known (RFC 9051 §7.1, BADCHARSET). */
export function parseCharset(cursor: Cursor): string {
  const charset = cursor.text('Charset').toUpperCase()
  if (!CHARSETS.has(charset)) {
    throw new Refusal(no('Charsets are US-ASCII and UTF-8', 'BADCHARSET (US-ASCII UTF-8)'))
  }
  return charset
}

/** Reads a search program. */
export function parseProgram(
  cursor: Cursor,
  session: ImapSession,
  charset: string,
): Pick<SearchArgs, 'tree' | 'modseq'> {
  let modseq = false
  const context: SearchKeyContext = {
    session,
    text: (from) => decodeCharset(from.astring('Text'), charset).text,
    useModseq() {
      modseq = true
    },
  }
  const tree = parseSearchProgram<SearchLeaf>(cursor, (name, from) => {
    const key = session.parts.searchKeys.get(name)
    return key ? key.parse(from, context) : from.fail(`${name} is no search key`)
  })
  return { tree, modseq }
}

function parse(cursor: Cursor, session: ImapSession): SearchArgs {
  cursor.space()
  const returns = parseReturns(cursor, session)
  if (returns) cursor.space()
  let charset = 'UTF-8'
  if (cursor.takeWord('CHARSET')) {
    cursor.space()
    charset = parseCharset(cursor)
    cursor.space()
  }
  return { returns, ...parseProgram(cursor, session, charset) }
}

async function run(
  session: ImapSession,
  { tree, returns, modseq }: SearchArgs,
  byUid: boolean,
  tag: string,
): Promise<Status> {
  const { out } = session
  const found = await evaluate(session, tree, modseq)
  if (returns || session.enabled.has('IMAP4REV2')) {
    // RFC 9051 §6.4.4: rev2 answers with ESEARCH whether RETURN was there or not.
    const all = session.parts.searchReturns.get('ALL')
    const options = returns ?? (all ? [{ option: all, args: undefined }] : [])
    writeEsearch(session, { uids: found.uids, byUid, modseq: found.modseq }, options, tag)
    return ok('SEARCH completed')
  }
  const numbers = byUid ? found.uids : sequencesOf(session, found.uids)
  out.text('* SEARCH')
  for (const number of numbers) out.text(` ${number}`)
  if (found.modseq !== null && found.uids.length > 0) out.text(` (MODSEQ ${found.modseq})`)
  out.crlf()
  return ok('SEARCH completed')
}

/** Writes `* ESEARCH (TAG "a") UID ...` (RFC 9051 §7.3.4). */
export function writeEsearch(
  session: ImapSession,
  found: Omit<SearchResult, 'returns'>,
  options: NonNullable<SearchArgs['returns']>,
  tag: string,
): void {
  const { out } = session
  const result: SearchResult = { ...found, returns: new Set(options.map(({ option }) => option.name)) }
  // RFC 5182 §2.2: with SAVE alone there is nothing to tell.
  if (options.length > 0 && options.every(({ option }) => option.name === 'SAVE')) {
    for (const { option, args } of options) option.write(out, result, args, session)
    return
  }
  out
    .text('* ESEARCH (TAG ')
    .string(tag)
    .text(result.byUid ? ') UID' : ')')
  for (const { option, args } of options) option.write(out, result, args, session)
  if (result.modseq !== null && result.uids.length > 0) out.text(` MODSEQ ${result.modseq}`)
  out.crlf()
}

function searchCommand(byUid: boolean): Command<SearchArgs> {
  return {
    name: byUid ? 'UID SEARCH' : 'SEARCH',
    states: ['selected'],
    updates: byUid ? 'all' : 'no-expunge',
    parse,
    run: (session, args) => run(session, args, byUid, session.tag),
  }
}

export const search = searchCommand(false)
export const uidSearch = searchCommand(true)
