/** What SEARCH, SORT, THREAD and ESEARCH ask: RETURN options, charset, program. */
import { decodeCharset } from '@posthouse/mime/body'
import { noUids } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { SyntaxFault } from '../../syntax/fault.js'
import { parseSearchProgram, type SearchTree } from '../../syntax/search-program.js'
import { bad, no, Refusal } from '../../syntax/status.js'
import type { SearchKeyContext, SearchLeaf, SearchReturn } from '../extension.js'
import type { ImapSession } from '../session.js'
import { casemap } from './casemap.js'

/** An option of RETURN with its arguments. */
export interface ReturnOption {
  readonly option: SearchReturn
  readonly args: unknown
}

/** A search program as it was asked. */
export interface AskedProgram {
  readonly tree: SearchTree<SearchLeaf>
  /** The answer tells modification sequences. */
  readonly modseq: boolean
  /** What keys have noted. */
  readonly values: ReadonlyMap<string, unknown>
}

/** A search as it was asked. */
export interface SearchRequest extends AskedProgram {
  /** `null` without RETURN. */
  readonly returns: readonly ReturnOption[] | null
}

const CHARSETS = new Set(['US-ASCII', 'UTF-8'])

/** Reads `RETURN (...)` when it is there. */
export function parseReturns(cursor: Cursor, session: ImapSession): readonly ReturnOption[] | null {
  const { searchReturns } = session.parts
  if (searchReturns.size === 0 || !cursor.takeWord('RETURN')) return null
  cursor.space()
  const returns: ReturnOption[] = []
  cursor.list(() => {
    const name = cursor.word('RETURN option')
    const option = searchReturns.get(name)
    if (!option) return cursor.fail(`${name} cannot be returned`)
    returns.push({ option, args: option.parse?.(cursor, session) })
  })
  // RFC 9394 §3.1: one of PARTIAL and ALL, once.
  const lists = returns.filter(({ option }) => option.name === 'PARTIAL' || option.name === 'ALL')
  if (lists.length > 1 && lists.some(({ option }) => option.name === 'PARTIAL')) {
    cursor.fail('PARTIAL stands alone: no ALL, no other PARTIAL')
  }
  return returns.every(({ option }) => option.hint) ? [...returns, ...allOf(session)] : returns
}

/** What is returned where nothing was said (RFC 9051 §6.4.4): all. */
export function allOf(session: ImapSession): readonly ReturnOption[] {
  const option = session.parts.searchReturns.get('ALL')
  return option ? [{ option, args: undefined }] : []
}

/** Reads a charset's name. @throws Refusal for one that is not known (RFC 9051 §7.1, BADCHARSET). */
export function parseCharset(cursor: Cursor, { enabled }: ImapSession): string {
  const charset = cursor.text('Charset').toUpperCase()
  // RFC 9755 §3: everything is UTF-8 already.
  if (enabled.has('UTF8=ACCEPT') && charset !== 'UTF-8') {
    throw new Refusal(bad('No charset but UTF-8 after ENABLE UTF8=ACCEPT'))
  }
  if (!CHARSETS.has(charset)) {
    throw new Refusal(no('Charsets are US-ASCII and UTF-8', 'BADCHARSET (US-ASCII UTF-8)'))
  }
  return charset
}

/** Reads `CHARSET name` when it is there, and the space behind it. */
function parseOptionalCharset(cursor: Cursor, session: ImapSession): string {
  if (!cursor.takeWord('CHARSET')) return 'UTF-8'
  // RFC 9755 §3: everything is UTF-8 already.
  if (session.enabled.has('UTF8=ACCEPT')) throw new Refusal(bad('No CHARSET after ENABLE UTF8=ACCEPT'))
  cursor.space()
  const charset = parseCharset(cursor, session)
  cursor.space()
  return charset
}

/** Reads a search program up to the end of the command. */
export function parseProgram(cursor: Cursor, session: ImapSession, charset: string): AskedProgram {
  const { searchDepth, searchKeys, searchText } = session.limits
  const values = new Map<string, unknown>()
  let modseq = false
  let nestedKey: (() => SearchTree<SearchLeaf>) | null = null
  const context: SearchKeyContext = {
    session,
    values,
    text(from) {
      const { text } = decodeCharset(from.astring('Text'), charset)
      if (text.length > searchText) from.fail(`A text to search for has ${searchText} characters at most`)
      return casemap(text)
    },
    key: (from) => nestedKey?.() ?? from.fail('Search key expected'),
    useModseq() {
      modseq = true
    },
  }
  const tree = parseSearchProgram<SearchLeaf>(
    cursor,
    (name, from, nested) => {
      const key = session.parts.searchKeys.get(name)
      if (!key) return from.fail(`${name} is no search key`)
      nestedKey = nested
      return key.parse(from, context)
    },
    { depth: searchDepth, keys: searchKeys },
  )
  return { tree, modseq, values }
}

/** The request, when all that it wants can be returned. @throws Refusal */
export function checked<T extends SearchRequest>(request: T): T {
  for (const { option } of request.returns ?? []) option.check?.(request.values)
  return request
}

/** Reads the rest of a SEARCH or ESEARCH: the charset and the program. @throws Refusal */
export function parseRest<T extends Pick<SearchRequest, 'returns'>>(
  cursor: Cursor,
  session: ImapSession,
  asked: T,
): T & AskedProgram {
  try {
    const charset = parseOptionalCharset(cursor, session)
    return checked({ ...asked, ...parseProgram(cursor, session, charset) })
  } catch (error) {
    throw forgetSaved(session, asked.returns, error)
  }
}

/**
 * RFC 5182 §2.1: a search that was to be saved and failed leaves an empty result, and what was given up is told by its
 * own code. BAD leaves what was saved before. Gives the error to throw.
 */
export function forgetSaved(session: ImapSession, returns: readonly ReturnOption[] | null, error: unknown): unknown {
  const reply = error instanceof Refusal ? error.reply : null
  const isBad = error instanceof SyntaxFault || reply?.status === 'BAD'
  if (isBad || !returns?.some(({ option }) => option.name === 'SAVE')) return error
  if (session.selected) session.selected.savedResult = noUids
  return reply?.code === 'LIMIT' ? new Refusal(no(reply.text, 'NOTSAVED')) : error
}
