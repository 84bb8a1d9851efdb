/** What the columns of a row say about an expression of the store. */
import { type MessageRow, type SearchExpr, uidSetContains } from '@posthouse/store-api'

/** Does a row match? Expressions that need more than the row never come here. */
export function matchesRow(row: MessageRow, expr: SearchExpr): boolean {
  switch (expr.type) {
    case 'all':
      return true
    case 'and':
      return expr.of.every((one) => matchesRow(row, one))
    case 'or':
      return expr.of.some((one) => matchesRow(row, one))
    case 'not':
      return !matchesRow(row, expr.of)
    case 'uids':
      return uidSetContains(expr.uids, row.uid)
    case 'flag':
      return (row.flags & expr.flag) !== 0
    case 'keyword': {
      const wanted = expr.keyword.toLowerCase()
      return row.keywords?.some((keyword) => keyword.toLowerCase() === wanted) ?? false
    }
    case 'size':
      return (
        (expr.larger === undefined || row.size > expr.larger) && (expr.smaller === undefined || row.size < expr.smaller)
      )
    case 'date': {
      const date = expr.which === 'saved' ? (row.saveDate ?? row.internalDate) : row.internalDate
      return (expr.from === undefined || date >= expr.from) && (expr.before === undefined || date < expr.before)
    }
    case 'modseq':
      return row.modseq >= expr.atLeast
    case 'emailId':
      return row.emailId === expr.id
    case 'threadId':
      return row.threadId === expr.id
    default:
      return false
  }
}
