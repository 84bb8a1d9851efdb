/** The search keys that every server has (RFC 9051 §6.4.4, RFC 3501 §6.4.4). */
import { Flag, type SearchExpr } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import type { Cursor } from '../../syntax/cursor.js'
import { DAY_MS, parseDate } from '../../syntax/date-time.js'
import type { SearchTree } from '../../syntax/search-program.js'
import type { SearchKey, SearchKeyContext, SearchLeaf } from '../extension.js'
import type { SearchedMessage } from './message.js'
import { anyHeaderHas, bodyHas, fold, headerHas } from './text.js'

type Tree = SearchTree<SearchLeaf>

/** A leaf in the store's words. */
export const expr = (of: SearchExpr): Tree => ({ type: 'leaf', leaf: { type: 'expr', expr: of } })

/** A key without arguments. */
function plain(name: string, tree: Tree): SearchKey {
  return { name, parse: () => tree }
}

const flag = (bit: number): Tree => expr({ type: 'flag', flag: bit })
const not = (of: Tree): Tree => ({ type: 'not', of })
const ALL = expr({ type: 'all' })

function keyword(name: string, negated: boolean): SearchKey {
  return {
    name,
    parse(cursor) {
      cursor.space()
      const tree = expr({ type: 'keyword', keyword: cursor.atom('Keyword') })
      return negated ? not(tree) : tree
    },
  }
}

/** Days count in UTC, as INTERNALDATE tells it. */
function day(
  name: string,
  which: 'internal' | 'saved',
  range: (start: number) => { from?: number; before?: number },
): SearchKey {
  return {
    name,
    parse(cursor) {
      cursor.space()
      return expr({ type: 'date', which, ...range(parseDate(cursor)) })
    },
  }
}

/** The three keys for one date: `BEFORE`, `ON`, `SINCE` behind a prefix. */
export function dateKeys(prefix: string, which: 'internal' | 'saved'): readonly SearchKey[] {
  return [
    day(`${prefix}BEFORE`, which, (start) => ({ before: start })),
    day(`${prefix}ON`, which, (start) => ({ from: start, before: start + DAY_MS })),
    day(`${prefix}SINCE`, which, (start) => ({ from: start })),
  ]
}

/** SENTBEFORE and its kin compare the day that the Date field says, whatever its zone. */
function sent(name: string, fits: (day: number, wanted: number) => boolean): SearchKey {
  return {
    name,
    parse(cursor) {
      cursor.space()
      const wanted = parseDate(cursor)
      return test(['summary'], async (message) => {
        const { sentDate, sentZone } = await message.summary()
        const time = sentDate === null ? message.row.internalDate : sentDate + (sentZone ?? 0) * 60_000
        return fits(Math.floor(time / DAY_MS) * DAY_MS, wanted)
      })
    },
  }
}

function test(
  needs: readonly ('summary' | 'header' | 'inline')[],
  run: (message: SearchedMessage) => Promise<boolean>,
): Tree {
  return { type: 'leaf', leaf: { type: 'test', needs, test: run } }
}

function text(name: string, make: (wanted: string) => Tree): SearchKey {
  return {
    name,
    parse(cursor: Cursor, context: SearchKeyContext) {
      cursor.space()
      return make(fold(context.text(cursor)))
    },
  }
}

const headerField = (field: string, wanted: string): Tree =>
  test(['header'], (message) => headerHas(message, field, wanted))

const header: SearchKey = {
  name: 'HEADER',
  parse(cursor, context) {
    cursor.space()
    const field = latin1(cursor.astring('Field name'))
    cursor.space()
    return headerField(field, fold(context.text(cursor)))
  },
}

function size(name: 'LARGER' | 'SMALLER'): SearchKey {
  return {
    name,
    parse(cursor) {
      cursor.space()
      const octets = cursor.number('Size')
      return expr(name === 'LARGER' ? { type: 'size', larger: octets } : { type: 'size', smaller: octets })
    },
  }
}

export const coreSearchKeys: readonly SearchKey[] = [
  plain('ALL', ALL),
  plain('ANSWERED', flag(Flag.Answered)),
  plain('DELETED', flag(Flag.Deleted)),
  plain('DRAFT', flag(Flag.Draft)),
  plain('FLAGGED', flag(Flag.Flagged)),
  plain('SEEN', flag(Flag.Seen)),
  plain('UNANSWERED', not(flag(Flag.Answered))),
  plain('UNDELETED', not(flag(Flag.Deleted))),
  plain('UNDRAFT', not(flag(Flag.Draft))),
  plain('UNFLAGGED', not(flag(Flag.Flagged))),
  plain('UNSEEN', not(flag(Flag.Seen))),
  // RFC 3501: without \Recent nothing is recent or new, and everything is old.
  plain('RECENT', not(ALL)),
  plain('NEW', not(ALL)),
  plain('OLD', ALL),
  keyword('KEYWORD', false),
  keyword('UNKEYWORD', true),
  ...dateKeys('', 'internal'),
  sent('SENTBEFORE', (date, wanted) => date < wanted),
  sent('SENTON', (date, wanted) => date === wanted),
  sent('SENTSINCE', (date, wanted) => date >= wanted),
  size('LARGER'),
  size('SMALLER'),
  header,
  text('BCC', (wanted) => headerField('bcc', wanted)),
  text('CC', (wanted) => headerField('cc', wanted)),
  text('FROM', (wanted) => headerField('from', wanted)),
  text('TO', (wanted) => headerField('to', wanted)),
  text('SUBJECT', (wanted) => headerField('subject', wanted)),
  text('BODY', (wanted) => test(['summary', 'inline'], (message) => bodyHas(message, wanted))),
  text('TEXT', (wanted) =>
    test(
      ['summary', 'header', 'inline'],
      async (message) => (await anyHeaderHas(message, wanted)) || bodyHas(message, wanted),
    ),
  ),
]
