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
  /** Messages with \Recent. */
  | { readonly type: 'recent' }
  /** Message sequence numbers or UIDs, with `*` and `$` unresolved. */
  | { readonly type: 'sequence'; readonly set: SequenceSet; readonly uids: boolean }
  | { readonly type: 'leaf'; readonly leaf: Leaf }

/** Reads what follows the name of a key. `nested` reads another key, for keys that have one as their argument. */
export type ReadKey<Leaf> = (name: string, cursor: Cursor, nested: () => SearchTree<Leaf>) => SearchTree<Leaf>

/** What a program may hold. */
export interface SearchProgramLimits {
  /** Keys within each other. */
  readonly depth: number
  /** Keys, groups counted too. */
  readonly keys: number
}

/** Reads all keys up to the end of the command. */
export function parseSearchProgram<Leaf>(
  cursor: Cursor,
  read: ReadKey<Leaf>,
  limits: SearchProgramLimits = { depth: 100, keys: 1_000 },
): SearchTree<Leaf> {
  let left = limits.keys

  function key(depth: number): SearchTree<Leaf> {
    if (depth > limits.depth) cursor.fail('Too many keys within each other')
    if (--left < 0) cursor.fail('Too many search keys')
    cursor.item()
    const nested = (): SearchTree<Leaf> => key(depth + 1)
    if (cursor.atList()) {
      const of: SearchTree<Leaf>[] = []
      cursor.list(() => of.push(nested()))
      if (of.length === 0) cursor.fail('Search key expected')
      return of.length === 1 ? of[0] : { type: 'and', of }
    }
    if (atSequenceSet(cursor)) return { type: 'sequence', set: parseSequenceSet(cursor), uids: false }
    const name = cursor.word('Search key')
    switch (name) {
      case 'NOT':
        cursor.space()
        return { type: 'not', of: nested() }
      case 'OR': {
        cursor.space()
        const first = nested()
        cursor.space()
        return { type: 'or', of: [first, nested()] }
      }
      case 'UID':
        cursor.space()
        return { type: 'sequence', set: parseSequenceSet(cursor), uids: true }
      default:
        return read(name, cursor, nested)
    }
  }

  const of = [key(0)]
  while (cursor.more()) of.push(key(0))
  return of.length === 1 ? of[0] : { type: 'and', of }
}
