/**
 * Finds the messages that a search program means.
 *
 * Sets of numbers are resolved against the view. What the store can tell from its rows is asked there; the rest is
 * tested message by message, cheap tests first, reading no more than a test needs.
 */
import {
  allUids,
  type Column,
  type MessageRow,
  type ModSeq,
  type SearchExpr,
  type UidSet,
  uidSetContains,
  uidSetIntersect,
} from '@posthouse/store-api'
import type { SearchTree } from '../../syntax/search-program.js'
import type { SearchLeaf } from '../extension.js'
import { fetchedMessage } from '../fetch/message.js'
import type { ImapSession } from '../session.js'
import type { SearchedMessage } from './message.js'

type Tree = SearchTree<SearchLeaf>

/** A program with its sets resolved. */
type Resolved =
  | { readonly type: 'and' | 'or'; readonly of: readonly Resolved[] }
  | { readonly type: 'not'; readonly of: Resolved }
  | Extract<SearchLeaf, { type: 'expr' }>
  | Extract<SearchLeaf, { type: 'test' }>

/** What was found in the selected mailbox. */
export interface Found {
  readonly uids: Uint32Array
  /** The largest modification sequence among them; `null` when rows were not read. */
  readonly modseq: ModSeq | null
}

function resolve(tree: Tree, session: ImapSession): Resolved {
  switch (tree.type) {
    case 'and':
    case 'or':
      return { type: tree.type, of: tree.of.map((one) => resolve(one, session)) }
    case 'not':
      return { type: 'not', of: resolve(tree.of, session) }
    case 'sequence':
      return { type: 'expr', expr: { type: 'uids', uids: session.view.resolve(tree.set, tree.uids) } }
    case 'leaf':
      return tree.leaf
  }
}

/** The same for the store; `null` where only a test can tell. A superset of the answer as long as nothing is negated. */
function forStore(node: Resolved): { expr: SearchExpr; exact: boolean } | null {
  if (node.type === 'expr') return { expr: node.expr, exact: true }
  if (node.type === 'test') return null
  if (node.type === 'not') {
    const inner = forStore(node.of)
    return inner?.exact ? { expr: { type: 'not', of: inner.expr }, exact: true } : null
  }
  const parts = node.of.map(forStore)
  const known = parts.filter((part) => part !== null)
  if (node.type === 'or' && known.length < parts.length) return null
  if (known.length === 0) return null
  return {
    expr: { type: node.type, of: known.map(({ expr }) => expr) },
    exact: known.length === parts.length && known.every(({ exact }) => exact),
  }
}

/** The UIDs that a program allows at most, when sets alone can tell. */
function bounds(node: Resolved): UidSet {
  if (node.type === 'expr' && node.expr.type === 'uids') return node.expr.uids
  if (node.type === 'and') return node.of.map(bounds).reduce((a, b) => uidSetIntersect(a, b), allUids)
  return allUids
}

/** Can the view alone answer? */
function fromView(node: Resolved): boolean {
  if (node.type === 'and') return node.of.every(fromView)
  return node.type === 'expr' && (node.expr.type === 'uids' || node.expr.type === 'all')
}

function columns(node: Resolved, into = new Set<Column>()): Set<Column> {
  if (node.type === 'test') for (const column of node.needs) into.add(column)
  else if (node.type === 'not') columns(node.of, into)
  else if (node.type !== 'expr') for (const one of node.of) columns(one, into)
  return into
}

/** Does a row match an expression of the store? Those that need more than the row never come here. */
function matchesRow(row: MessageRow, expr: SearchExpr): boolean {
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

/** Cheap before dear, so that most messages are never opened. */
function cost(node: Resolved): number {
  if (node.type === 'expr') return 0
  if (node.type === 'test') return node.needs.includes('inline') ? 100 : 10
  if (node.type === 'not') return cost(node.of)
  return node.of.reduce((sum, one) => sum + cost(one), 0)
}

function ordered(node: Resolved): Resolved {
  if (node.type === 'not') return { type: 'not', of: ordered(node.of) }
  if (node.type !== 'and' && node.type !== 'or') return node
  return { type: node.type, of: node.of.map(ordered).sort((a, b) => cost(a) - cost(b)) }
}

async function matches(message: SearchedMessage, node: Resolved): Promise<boolean> {
  if (node.type === 'expr') return matchesRow(message.row, node.expr)
  if (node.type === 'test') return node.test(message)
  if (node.type === 'not') return !(await matches(message, node.of))
  const stop = node.type === 'or'
  for (const one of node.of) if ((await matches(message, one)) === stop) return stop
  return !stop
}

/** ms of testing after which other connections have their turn. */
const TURN = 10

/** Runs a program over the selected mailbox. `modseq`: also find the largest modification sequence. */
export async function evaluate(session: ImapSession, tree: Tree, modseq = false): Promise<Found> {
  const { view, account, link } = session
  const program = ordered(resolve(tree, session))
  let candidates = uidSetIntersect(bounds(program), [[1, view.lastUid || 1]])
  if (!modseq && fromView(program)) return { uids: view.pick(candidates), modseq: null }
  let decided = false
  const asked = account.search ? forStore(program) : null
  const helped = asked ? await account.search?.(view.id, asked.expr) : null
  if (asked && helped) {
    candidates = uidSetIntersect(candidates, helped.uids)
    decided = asked.exact && helped.rest === null
    if (decided && !modseq) return { uids: view.pick(candidates), modseq: null }
  }
  if (view.countIn(candidates) === 0) return { uids: new Uint32Array(0), modseq: modseq ? 0 : null }
  const uids: number[] = []
  let highest = 0
  let turn = link.now()
  for await (const rows of account.messages(view.id, {
    uids: candidates,
    want: decided ? [] : [...columns(program)],
  })) {
    for (const row of rows) {
      const sequence = view.sequenceOf(row.uid)
      if (sequence === 0) continue
      if (!decided) {
        const message: SearchedMessage = Object.assign(fetchedMessage(session, row), { sequence })
        if (!(await matches(message, program))) continue
      }
      uids.push(row.uid)
      if (row.modseq > highest) highest = row.modseq
      if (link.signal.aborted) break
    }
    if (link.now() - turn > TURN) {
      await session.server.wait(0)
      turn = link.now()
    }
  }
  return { uids: Uint32Array.from(uids), modseq: modseq ? highest : null }
}

/** UIDs as numbers of the view. */
export function sequencesOf(session: ImapSession, uids: Uint32Array): Uint32Array {
  return uids.map((uid) => session.view.sequenceOf(uid))
}
