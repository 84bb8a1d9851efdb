import type { SearchExpr } from '../types.js'

/** The expression when no id of a message or thread is in it; those have other names in another account. */
export function withoutIds(expr: SearchExpr): SearchExpr | null {
  return namesId(expr) ? null : expr
}

function namesId(expr: SearchExpr): boolean {
  if (expr.type === 'and' || expr.type === 'or') return expr.of.some(namesId)
  if (expr.type === 'not') return namesId(expr.of)
  return expr.type === 'emailId' || expr.type === 'threadId'
}
