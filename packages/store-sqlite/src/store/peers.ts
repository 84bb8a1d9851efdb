/**
 * What the store does not know by itself, because it never reads a message: text for the index and the keys of
 * conversations come from the packages that do. They are optional peers, loaded when they are asked for.
 */
import { type Op, type SearchExpr, StoreError, type ThreadKeys } from '@posthouse/store-api'
import type { FoldedText } from '../read/search.js'
import type { FullTextOptions } from './indexer.js'

/** The part of `@posthouse/imap` that is used. */
interface ImapText {
  readonly searchTextOf: FullTextOptions['textOf']
}

/** The part of `@posthouse/mime/summary` that is used. */
interface MimeSummary {
  openSummary(
    summary: Uint8Array,
  ): { readonly messageId: string | null; readonly references: readonly string[]; readonly baseSubject: string } | null
}

async function load<T>(name: string, option: string): Promise<T> {
  try {
    // Not a literal: bundlers and type checkers are to leave an optional package alone.
    return (await import(/* @vite-ignore */ name)) as T
  } catch (cause) {
    throw new StoreError('invalid', `${option} needs ${name}; install it, or leave the option out`, { cause })
  }
}

/** How text is found for `fts: true`: as SEARCH of the IMAP server compares it. @throws StoreError `invalid` */
export async function imapText(): Promise<FullTextOptions> {
  const { searchTextOf } = await load<ImapText>('@posthouse/imap', 'fts: true')
  // What it gives is fully decomposed (RFC 5051).
  return { textOf: searchTextOf, fold: (wanted) => wanted.normalize('NFKD') }
}

/** The expression with its texts in the form of the index beside them; what is left of it stays as it was given. */
export function withFolds(expr: SearchExpr, fold: (wanted: string) => string): SearchExpr {
  if (expr.type === 'and' || expr.type === 'or') return { ...expr, of: expr.of.map((one) => withFolds(one, fold)) }
  if (expr.type === 'not') return { ...expr, of: withFolds(expr.of, fold) }
  if (expr.type !== 'text') return expr
  const folded: FoldedText = { ...expr, folded: fold(expr.contains) }
  return folded
}

/** Finds the keys of a conversation in a summary. */
export type FindThread = (summary: Uint8Array) => ThreadKeys | undefined

/** For `threadIds: true`. @throws StoreError `invalid` */
export async function summaryThreads(): Promise<FindThread> {
  const { openSummary } = await load<MimeSummary>('@posthouse/mime/summary', 'threadIds: true')
  return (bytes) => {
    const summary = openSummary(bytes)
    if (!summary) return undefined
    const ids = summary.messageId === null ? summary.references : [...summary.references, summary.messageId]
    if (ids.length === 0) return undefined
    return { ids: ids.map(bare), subject: summary.baseSubject.toLowerCase() }
  }
}

/** An id without angle brackets. */
function bare(id: string): string {
  const text = id.trim()
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text
}

/** Appends that do not say their thread get it from their summary. */
export function withThread<T extends Op>(op: T, find: FindThread): T {
  if (op.op !== 'append' || op.thread) return op
  const thread = find(op.summary)
  return thread ? { ...op, thread } : op
}
