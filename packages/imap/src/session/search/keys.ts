/** The search keys that every server has (RFC 9051 §6.4.4, RFC 3501 §6.4.4). */

import type { Summary } from '@posthouse/mime/summary'
import { Flag, type SearchExpr } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import { DAY_MS, parseDate, startOfDay } from '../../syntax/date-time.js'
import type { SearchTree } from '../../syntax/search-program.js'
import type { SearchKey, SearchLeaf } from '../extension.js'
import type { SearchedMessage } from './message.js'
import { bodyPlace, everyPlace, fieldPlace, indexedField, type Place, textLeaf } from './places.js'

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
const RECENT: Tree = { type: 'recent' }

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
      const compare = ({ sentDate, sentZone }: Summary, { row }: SearchedMessage): boolean => {
        const time = sentDate === null ? row.internalDate : sentDate + (sentZone ?? 0) * 60_000
        return fits(startOfDay(time), wanted)
      }
      return {
        type: 'leaf',
        leaf: {
          type: 'test',
          needs: ['summary'],
          test(message) {
            const summary = message.summary()
            return summary instanceof Promise
              ? summary.then((made) => compare(made, message))
              : compare(summary, message)
          },
        },
      }
    },
  }
}

function text(name: string, place: Place): SearchKey {
  return {
    name,
    parse(cursor, context) {
      cursor.space()
      return textLeaf(place, context.text(cursor), context)
    },
  }
}

const header: SearchKey = {
  name: 'HEADER',
  parse(cursor, context) {
    cursor.space()
    const field = latin1(cursor.astring('Field name'))
    cursor.space()
    return textLeaf(fieldPlace(field, true), context.text(cursor), context)
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
  // RFC 3501 §6.4.4
  plain('RECENT', RECENT),
  plain('NEW', { type: 'and', of: [RECENT, not(flag(Flag.Seen))] }),
  plain('OLD', not(RECENT)),
  keyword('KEYWORD', false),
  keyword('UNKEYWORD', true),
  ...dateKeys('', 'internal'),
  sent('SENTBEFORE', (date, wanted) => date < wanted),
  sent('SENTON', (date, wanted) => date === wanted),
  sent('SENTSINCE', (date, wanted) => date >= wanted),
  size('LARGER'),
  size('SMALLER'),
  header,
  text('BCC', indexedField('bcc')),
  text('CC', indexedField('cc')),
  text('FROM', indexedField('from')),
  text('TO', indexedField('to')),
  text('SUBJECT', indexedField('subject')),
  text('BODY', bodyPlace),
  text('TEXT', everyPlace),
]
