/** What an adapter over an existing table would otherwise write itself. */
import type { Batches, ByteRange, MessageQuery, MessageRow, ModSeq, Source, Uid } from './types.js'
import { allUids } from './uid-set.js'

/** One page that an adapter fetches: `uid BETWEEN from AND to AND modseq > since ORDER BY uid LIMIT limit`. */
export interface PageQuery {
  readonly from: Uid
  readonly to: Uid
  readonly since: ModSeq
  readonly limit: number
}

/**
 * `messages` for a source that can fetch by key: pages of 500 rows, none of them fetched before it is asked for, and
 * nothing held open between two (R9).
 */
export async function* pages(
  query: MessageQuery,
  fetch: (page: PageQuery) => readonly MessageRow[] | Promise<readonly MessageRow[]>,
  limit = 500,
): AsyncGenerator<readonly MessageRow[], void, undefined> {
  for (const [lo, hi] of query.uids ?? allUids) {
    for (let from = lo; from <= hi; ) {
      const rows = await fetch({ from, to: hi, since: query.since ?? 0, limit })
      if (rows.length > 0) yield rows
      if (rows.length < limit) break
      from = rows[rows.length - 1]!.uid + 1
    }
  }
}

/** All rows of some batches in one array. For small answers and tests. */
export async function collectRows<T>(batches: Batches<T>): Promise<T[]> {
  const rows: T[] = []
  for await (const batch of batches) for (const row of batch) rows.push(row)
  return rows
}

/** `read` for octets that are in memory. */
export function sliceOf(bytes: Uint8Array, range?: ByteRange): Source {
  return [bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length)]
}

/** All octets of a source in one array. Only for what is known to be small. */
export async function collectBytes(source: Source): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of source) {
    pieces.push(new Uint8Array(piece))
    size += piece.length
  }
  if (pieces.length === 1) return pieces[0]!
  const out = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}
