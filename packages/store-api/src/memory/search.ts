/** Search by what stands in the rows. Text and headers are left to the caller. */
import type { SearchExpr, UidSet } from '../types.js'
import { addUid, uidSetContains } from '../uid-set.js'
import { type Mailbox, type Row, rowsOf } from './mailbox.js'

type Test = (row: Row, flags: number, modseq: number) => boolean

/** A superset of the answer and what is left to test, or `null` when the rows say nothing about it. */
export function searchRows(
  mailbox: Mailbox,
  expr: SearchExpr,
  flagsOf: (row: Row) => number,
  modseqOf: (row: Row) => number,
): { uids: UidSet; rest: SearchExpr | null } | null {
  const parts = expr.type === 'and' ? expr.of : [expr]
  const tests: Test[] = []
  const rest: SearchExpr[] = []
  for (const part of parts) {
    const test = testOf(part)
    if (test) tests.push(test)
    else rest.push(part)
  }
  if (tests.length === 0 && rest.length > 0) return null
  const uids: [number, number][] = []
  for (const row of rowsOf(mailbox, undefined)) {
    const flags = flagsOf(row)
    const modseq = modseqOf(row)
    if (tests.every((test) => test(row, flags, modseq))) addUid(uids, row.uid)
  }
  return { uids, rest: rest.length === 0 ? null : rest.length === 1 ? rest[0]! : { type: 'and', of: rest } }
}

/** The test of an expression on a row, or `null` when a row is not enough. */
function testOf(expr: SearchExpr): Test | null {
  switch (expr.type) {
    case 'all':
      return () => true
    case 'and':
    case 'or': {
      const tests = expr.of.map(testOf)
      if (tests.includes(null)) return null
      const all = tests as Test[]
      return expr.type === 'and'
        ? (row, flags, modseq) => all.every((test) => test(row, flags, modseq))
        : (row, flags, modseq) => all.some((test) => test(row, flags, modseq))
    }
    case 'not': {
      const test = testOf(expr.of)
      return test && ((row, flags, modseq) => !test(row, flags, modseq))
    }
    case 'uids':
      return (row) => uidSetContains(expr.uids, row.uid)
    case 'flag':
      return (_row, flags) => (flags & expr.flag) !== 0
    case 'keyword': {
      const folded = expr.keyword.toLowerCase()
      return (row) => row.keywords.some((name) => name.toLowerCase() === folded)
    }
    case 'size':
      return (row) =>
        row.content.size > (expr.larger ?? -1) && row.content.size < (expr.smaller ?? Number.POSITIVE_INFINITY)
    case 'date':
      if (expr.which === 'sent') return null
      return (row) => {
        const date = expr.which === 'saved' ? row.saveDate : row.internalDate
        return date >= (expr.from ?? Number.NEGATIVE_INFINITY) && date < (expr.before ?? Number.POSITIVE_INFINITY)
      }
    case 'modseq':
      return (_row, _flags, modseq) => modseq >= expr.atLeast
    case 'emailId':
      return (row) => row.content.emailId === expr.id
    case 'threadId':
      return (row) => row.content.threadId === expr.id
    default:
      return null
  }
}
