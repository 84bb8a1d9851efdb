import type { SearchExpr, Uid } from '@posthouse/store-api'
import { contentNumber, threadNumber } from '../blob-id.js'
import type { Connection } from '../sql/connection.js'
import type { SqlValue } from '../sql/driver.js'
import type { Guest } from '../viewer.js'
import { columnBits, indexedForm } from '../write/search-index.js'
import type { ReadAnswers } from './requests.js'
import { GUEST_MESSAGES, guestColumns } from './rows.js'

/**
 * The part of a search that columns can answer, as one SQL condition: never narrower than the expression (a
 * superset), and `rest` says what is left to test on the rows found. Text, headers and sent dates need the message
 * itself and stay with the caller.
 */
interface Condition {
  /** A condition over `msg`; true for every row that matches. */
  readonly sql: string
  readonly values: readonly SqlValue[]
  /** True only for rows that match. */
  readonly exact: boolean
  /** Names few rows by itself: the search begins with it, and costs what it names. */
  readonly leads?: boolean
}

const EVERYTHING: Condition = { sql: '1', values: [], exact: true }
const NOTHING: Condition = { sql: '0', values: [], exact: true }
const UNKNOWN: Condition = { sql: '1', values: [], exact: false }

/** UID ranges written into one statement; larger sets are narrowed by their ends only. */
const MAX_RANGES = 200
/** Parts of one expression; larger ones are left to the caller. */
const MAX_PARTS = 400
/** Values of one statement (SQLite takes 32,766); larger ones are left to the caller. */
const MAX_VALUES = 30_000

/** What an expression may use. */
interface Budget {
  /** Parts that are left. */
  parts: number
  readonly fullText: boolean
}

/** `fullText`: the full-text index is attached as `search`. */
export function search(
  index: Connection,
  mailbox: number,
  expr: SearchExpr,
  fullText: boolean,
  guest: Guest | null,
): ReadAnswers['search'] {
  const budget = { parts: MAX_PARTS, fullText }
  const { sql, values, rest, leads } = split(expr, budget)
  if (budget.parts < 0 || values.length > MAX_VALUES || (sql === '1' && rest !== null)) return null
  const { flags, modseq } = guest ? guestColumns(guest) : { flags: '', modseq: '' }
  const source = guest
    ? `(SELECT m.mailbox, m.uid, ${flags} AS flags, ${modseq} AS modseq, m.kw, m.size, m.idate, m.sdate, m.content, m.thread
        FROM ${GUEST_MESSAGES})`
    : 'msg'
  const who = guest ? [guest.principal] : []
  const uids = index.allOnce(
    `SELECT min(uid), max(uid) FROM (SELECT uid, uid - row_number() OVER (ORDER BY uid) AS island
     FROM ${source} WHERE ${leads ? '+' : ''}mailbox=? AND (${sql})) GROUP BY island ORDER BY 1`,
    [...who, mailbox, ...values],
  )
  return { uids: uids as unknown as [Uid, Uid][], rest }
}

/** The top of an expression: each inexact member of an `and` is left to the caller by itself. */
function split(expr: SearchExpr, budget: Budget): Condition & { readonly rest: SearchExpr | null } {
  const members = expr.type === 'and' ? expr.of : [expr]
  const rest: SearchExpr[] = []
  const conditions = members.map((member) => {
    const condition = conditionOf(member, budget)
    if (!condition.exact) rest.push(member)
    return condition
  })
  const all = join(conditions, 'AND')
  const leads = conditions.some((condition) => condition.leads)
  return { ...all, leads, rest: rest.length === 0 ? null : rest.length === 1 ? rest[0] : { type: 'and', of: rest } }
}

function conditionOf(expr: SearchExpr, budget: Budget): Condition {
  if (--budget.parts < 0) return UNKNOWN
  switch (expr.type) {
    case 'and':
      return join(
        expr.of.map((member) => conditionOf(member, budget)),
        'AND',
      )
    case 'or':
      return join(
        expr.of.map((member) => conditionOf(member, budget)),
        'OR',
      )
    case 'not': {
      const inner = conditionOf(expr.of, budget)
      return inner.exact ? { ...inner, sql: `NOT (${inner.sql})` } : UNKNOWN
    }
    case 'all':
      return EVERYTHING
    case 'uids':
      return uidCondition(expr.uids)
    case 'flag':
      return exact('(flags & ?) != 0', expr.flag)
    case 'keyword':
      return exact("(kw IS NOT NULL AND instr(' ' || lower(kw) || ' ', lower(?)) > 0)", ` ${expr.keyword} `)
    case 'size':
      return both('size', '>', expr.larger, '<', expr.smaller)
    case 'date':
      if (expr.which === 'sent') return UNKNOWN
      return both(expr.which === 'saved' ? 'sdate' : 'idate', '>=', expr.from, '<', expr.before)
    case 'modseq':
      return exact('modseq >= ?', expr.atLeast)
    case 'emailId': {
      const content = contentNumber(expr.id)
      return content === undefined ? NOTHING : exact('content = ?', content)
    }
    case 'threadId': {
      const thread = threadNumber(expr.id)
      // Never NULL, so that NOT finds the messages without a thread.
      return thread === undefined ? NOTHING : exact('(thread IS NOT NULL AND thread = ?)', thread)
    }
    case 'text':
      return budget.fullText ? textCondition(expr) : UNKNOWN
    default:
      return UNKNOWN
  }
}

/** A text with the form in which the index has it. */
export type FoldedText = Extract<SearchExpr, { type: 'text' }> & { readonly folded?: string }

/** A trigram index finds substrings of three characters and more; what it does not hold yet is a candidate. */
function textCondition(expr: FoldedText): Condition {
  const wanted = indexedForm(expr.folded ?? expr.contains)
  if ([...wanted].length < 3) return UNKNOWN
  const columns = expr.in === 'all' ? (['header', 'body'] as const) : ([expr.in] as const)
  const named = columns.map((column) => `"${column}"`).join(' ')
  const phrase = `"${wanted.replaceAll('"', '""')}"`
  return {
    sql: `content IN (SELECT rowid FROM search.text WHERE text MATCH ?
      UNION ALL SELECT content FROM search.unindexed WHERE columns & ? != 0
      UNION ALL SELECT id FROM content WHERE id > (SELECT done FROM search.progress))`,
    values: [`{${named}} : ${phrase}`, columnBits(columns)],
    exact: false,
    leads: true,
  }
}

function exact(sql: string, ...values: SqlValue[]): Condition {
  return { sql, values, exact: true }
}

function both(
  column: string,
  over: string,
  low: number | undefined,
  under: string,
  high: number | undefined,
): Condition {
  const conditions: Condition[] = []
  if (low !== undefined) conditions.push(exact(`${column} ${over} ?`, low))
  if (high !== undefined) conditions.push(exact(`${column} ${under} ?`, high))
  return join(conditions, 'AND')
}

function uidCondition(uids: readonly (readonly [Uid, Uid])[]): Condition {
  if (uids.length === 0) return NOTHING
  if (uids.length > MAX_RANGES) {
    const ends = exact('uid BETWEEN ? AND ?', uids[0][0], uids[uids.length - 1][1])
    return { ...ends, exact: false }
  }
  return join(
    uids.map(([lo, hi]) => exact('uid BETWEEN ? AND ?', lo, hi)),
    'OR',
  )
}

function join(conditions: readonly Condition[], word: 'AND' | 'OR'): Condition {
  const isExact = conditions.every((condition) => condition.exact)
  // `1` narrows no AND; an OR that holds it is `1` itself.
  if (word === 'OR' && conditions.some((condition) => condition.sql === '1')) return { ...UNKNOWN, exact: isExact }
  const parts = word === 'AND' ? conditions.filter((condition) => condition.sql !== '1') : conditions
  if (parts.length === 0) return word === 'AND' ? { ...EVERYTHING, exact: isExact } : NOTHING
  return {
    sql: parts.length === 1 ? parts[0].sql : `(${parts.map((part) => part.sql).join(` ${word} `)})`,
    values: parts.flatMap((part) => part.values),
    exact: isExact,
  }
}
