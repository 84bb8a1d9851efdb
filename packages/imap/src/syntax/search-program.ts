/**
 * Search programs (RFC 9051 §6.4.4) as trees. A program is keys with AND between them; a group in parentheses is one
 * key, so `NOT (SEEN FLAGGED)` is what it says. What a key means is its own matter: `keys` reads it.
 */
import type { Cursor } from './cursor.js'
import { atSequenceSet, parseSequenceSet, type SequenceSet } from './sequence-set.js'

/** A node: structure here, everything else in a `Leaf`. */
export type SearchTree<Leaf> =
  | { readonly type: 'and' | 'or'; readonly of: readonly SearchTree<Leaf>[] }
  | { readonly type: 'not'; readonly of: SearchTree<Leaf> }
  /** Message sequence numbers or UIDs, with `*` and `$` unresolved. */
  | { readonly type: 'sequence'; readonly set: SequenceSet; readonly uids: boolean }
  | { readonly type: 'leaf'; readonly leaf: Leaf }

/** Reads what follows the name of a key. */
export type ReadKey<Leaf> = (name: string, cursor: Cursor) => SearchTree<Leaf>

/** NOT and OR within each other. */
const MAX_DEPTH = 100

/** Reads all keys up to the end of the command. */
export function parseSearchProgram<Leaf>(cursor: Cursor, read: ReadKey<Leaf>): SearchTree<Leaf> {
  const of = [parseSearchKey(cursor, read, 0)]
  while (cursor.more()) of.push(parseSearchKey(cursor, read, 0))
  return of.length === 1 ? of[0] : { type: 'and', of }
}

/** Reads one key. */
export function parseSearchKey<Leaf>(cursor: Cursor, read: ReadKey<Leaf>, depth: number): SearchTree<Leaf> {
  if (depth > MAX_DEPTH) cursor.fail('Too many keys within each other')
  cursor.item()
  if (cursor.atList()) {
    const of: SearchTree<Leaf>[] = []
    cursor.list(() => of.push(parseSearchKey(cursor, read, depth + 1)))
    if (of.length === 0) cursor.fail('Search key expected')
    return of.length === 1 ? of[0] : { type: 'and', of }
  }
  if (atSequenceSet(cursor)) return { type: 'sequence', set: parseSequenceSet(cursor), uids: false }
  const name = cursor.word('Search key')
  switch (name) {
    case 'NOT':
      cursor.space()
      return { type: 'not', of: parseSearchKey(cursor, read, depth + 1) }
    case 'OR': {
      cursor.space()
      const first = parseSearchKey(cursor, read, depth + 1)
      cursor.space()
      return { type: 'or', of: [first, parseSearchKey(cursor, read, depth + 1)] }
    }
    case 'UID':
      cursor.space()
      return { type: 'sequence', set: parseSequenceSet(cursor), uids: true }
    default:
      return read(name, cursor)
  }
}
