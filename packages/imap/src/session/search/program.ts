/** A search program with its sets resolved, and what of it a view or a store can answer. */
import { allUids, type Column, type SearchExpr, type UidSet, uidSetIntersect } from '@posthouse/store-api'
import type { SearchTree } from '../../syntax/search-program.js'
import { type SequenceSet, STAR } from '../../syntax/sequence-set.js'
import type { SearchLeaf } from '../extension.js'
import type { MailboxView } from '../view/mailbox-view.js'

/** What a search asks, as it was understood when it was asked: message numbers have become UIDs. */
export type SearchProgram =
  | { readonly type: 'and' | 'or'; readonly of: readonly SearchProgram[] }
  | { readonly type: 'not'; readonly of: SearchProgram }
  | SearchLeaf

/** Resolves the sets of a program against a view, and puts cheap tests before dear ones. */
export function resolveProgram(tree: SearchTree<SearchLeaf>, view: MailboxView): SearchProgram {
  return ordered(resolve(tree, view))
}

function resolve(tree: SearchTree<SearchLeaf>, view: MailboxView): SearchProgram {
  switch (tree.type) {
    case 'and':
    case 'or':
      return { type: tree.type, of: tree.of.map((one) => resolve(one, view)) }
    case 'not':
      return { type: 'not', of: resolve(tree.of, view) }
    case 'sequence':
      return {
        type: 'expr',
        expr: { type: 'uids', uids: view.resolve(tree.uids ? tree.set : clip(tree.set, view), tree.uids) },
      }
    case 'recent':
      return { type: 'expr', expr: { type: 'uids', uids: view.recent } }
    case 'leaf':
      return tree.leaf
  }
}

/** RFC 7377 §2: numbers that no message has are no mistake in a search. */
function clip(set: SequenceSet, view: MailboxView): SequenceSet {
  const ranges: (readonly [number, number])[] = []
  for (const [a, b] of set.ranges) {
    const lo = Math.min(a, b)
    const hi = Math.max(a, b)
    if (hi === STAR) ranges.push([lo, hi])
    else if (lo <= view.count) ranges.push([lo, Math.min(hi, view.count)])
  }
  return { saved: set.saved, ranges }
}

/** Cheap before dear, so that most messages are never opened. */
function cost(node: SearchProgram): number {
  if (node.type === 'expr') return 0
  if (node.type === 'test') return node.needs.includes('inline') ? 100 : 10
  if (node.type === 'not') return cost(node.of)
  return node.of.reduce((sum, one) => sum + cost(one), 0)
}

function ordered(node: SearchProgram): SearchProgram {
  if (node.type === 'not') return { type: 'not', of: ordered(node.of) }
  if (node.type !== 'and' && node.type !== 'or') return node
  return { type: node.type, of: node.of.map(ordered).sort((a, b) => cost(a) - cost(b)) }
}

/** The same for the store; `null` where only a test can tell. Not exact: a superset of the answer. */
export function forStore(node: SearchProgram): { readonly expr: SearchExpr; readonly exact: boolean } | null {
  if (node.type === 'expr') return { expr: node.expr, exact: true }
  if (node.type === 'test') return node.hint ? { expr: node.hint, exact: false } : null
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
export function bounds(node: SearchProgram): UidSet {
  if (node.type === 'expr' && node.expr.type === 'uids') return node.expr.uids
  if (node.type === 'and') return node.of.map(bounds).reduce((a, b) => uidSetIntersect(a, b), allUids)
  return allUids
}

/** Can the view alone answer? */
export function fromView(node: SearchProgram): boolean {
  if (node.type === 'and') return node.of.every(fromView)
  return node.type === 'expr' && (node.expr.type === 'uids' || node.expr.type === 'all')
}

/** The columns that the program's tests look at. */
export function columns(node: SearchProgram, into: Set<Column>): Set<Column> {
  if (node.type === 'test') for (const column of node.needs) into.add(column)
  else if (node.type === 'not') columns(node.of, into)
  else if (node.type !== 'expr') for (const one of node.of) columns(one, into)
  return into
}
