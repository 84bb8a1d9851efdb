import type { SearchExpr, UidSet } from '../types.js'
import { uidSetHas, uidSetOf } from '../uid-set.js'
import type { StoredMailbox, StoredMessage } from './state.js'

/** Does a row match? `null`: rows cannot tell (header and text). */
function matches(message: StoredMessage, expr: SearchExpr): boolean | null {
  switch (expr.type) {
    case 'all':
      return true
    case 'and':
    case 'or': {
      const stop = expr.type === 'or'
      let unknown = false
      for (const part of expr.of) {
        const result = matches(message, part)
        if (result === stop) return stop
        if (result === null) unknown = true
      }
      return unknown ? null : !stop
    }
    case 'not': {
      const result = matches(message, expr.of)
      return result === null ? null : !result
    }
    case 'uids':
      return uidSetHas(expr.uids, message.uid)
    case 'flag':
      return (message.flags & expr.flag) !== 0
    case 'keyword': {
      const keyword = expr.keyword.toLowerCase()
      return message.keywords.some((known) => known.toLowerCase() === keyword)
    }
    case 'size': {
      const { size } = message.content
      return (expr.larger === undefined || size > expr.larger) && (expr.smaller === undefined || size < expr.smaller)
    }
    case 'date': {
      if (expr.which === 'sent') return null
      const date = expr.which === 'internal' ? message.internalDate : message.saveDate
      return (expr.from === undefined || date >= expr.from) && (expr.before === undefined || date < expr.before)
    }
    case 'modseq':
      return message.modseq >= expr.atLeast
    case 'emailId':
      return message.content.emailId === expr.id
    default:
      return null
  }
}

/** Everything that rows can decide; what they cannot is left in `rest`, over a superset of the answer. */
export function searchRows(mailbox: StoredMailbox, expr: SearchExpr): { uids: UidSet; rest: SearchExpr | null } {
  const uids: number[] = []
  let open = false
  for (const message of mailbox.messages.values()) {
    const result = matches(message, expr)
    if (result === false) continue
    if (result === null) open = true
    uids.push(message.uid)
  }
  return { uids: uidSetOf(uids), rest: open ? expr : null }
}
