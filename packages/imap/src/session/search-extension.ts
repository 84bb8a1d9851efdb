/** What extensions add to SEARCH, SORT and THREAD. */
import type { Column, SearchExpr } from '@posthouse/store-api'
import type { MaybePromise } from '@posthouse/wire'
import type { Cursor } from '../syntax/cursor.js'
import type { SearchTree } from '../syntax/search-program.js'
import type { ResponseWriter } from '../syntax/writer.js'
import type { SearchedMessage } from './search/message.js'
import type { SearchProgram } from './search/program.js'
import type { ImapSession } from './session.js'
import type { SortEntry } from './sort/order.js'
import type { MailboxView } from './view/mailbox-view.js'

/** What a search key tests: by the store's own vocabulary, or by a function. */
export type SearchLeaf =
  | { readonly type: 'expr'; readonly expr: SearchExpr }
  | {
      readonly type: 'test'
      /** Columns that the test looks at. */
      readonly needs: readonly Column[]
      /** Says to the store the same as `test`, or less: what it finds is tested. */
      readonly hint?: SearchExpr
      test(message: SearchedMessage): MaybePromise<boolean>
    }

/** One key of SEARCH. NOT, OR, UID, sets and parentheses are read before keys are asked. */
export interface SearchKey {
  readonly name: string
  /** Reads what stands behind the name. */
  parse(cursor: Cursor, context: SearchKeyContext): SearchTree<SearchLeaf>
}

/** What a search key is read with. */
export interface SearchKeyContext {
  readonly session: ImapSession
  /** Text of an astring in the search's charset, folded by i;unicode-casemap. */
  text(cursor: Cursor): string
  /** Reads another key: for keys that have one as their argument. */
  key(cursor: Cursor): SearchTree<SearchLeaf>
  /** Notes that the answer must tell the highest modification sequence (RFC 7162 §3.1.5). */
  useModseq(): void
  /** Values of extensions for this search, by the extension's name; results have it, too. */
  readonly values: Map<string, unknown>
}

/** What a search has found. */
export interface SearchResult {
  /** Ascending UIDs (SORT: in its order). */
  readonly uids: Uint32Array
  /** True when UIDs are told and not message numbers. */
  readonly byUid: boolean
  /** The modification sequence of each of `uids`; `null` unless the search asked for it. */
  readonly modseqs: Float64Array | null
  /** Names of all RETURN options of the search. */
  readonly returns: ReadonlySet<string>
  /** The mailbox that was searched. */
  readonly view: MailboxView
  /** What was asked, as it was understood when it was asked. */
  readonly program: SearchProgram
  /** The order that was asked for; `null`: by UID. */
  readonly order: readonly SortOrder[] | null
  /** SORT: gives the found messages with their keys, in their order. */
  readonly entries: (() => readonly SortEntry[]) | null
  /** What keys have noted: see `SearchKeyContext`. */
  readonly values: ReadonlyMap<string, unknown>
}

/** A word in `RETURN (...)` of SEARCH (RFC 9051 §6.4.4, RFC 4466 §2.6). */
export interface SearchReturn<Args = unknown> {
  readonly name: string
  /** True: `write` writes nothing, and where no other option does, there is no ESEARCH response. */
  readonly silent?: boolean
  /** True: it does not say what is told; where only such options are, all is told, as without options. */
  readonly hint?: boolean
  parse?(cursor: Cursor, session: ImapSession): Args
  /** Refuses what this search cannot return. @throws Refusal */
  check?(values: ReadonlyMap<string, unknown>): void
  /** Writes ` NAME value` into the ESEARCH response, or nothing. */
  write?(out: ResponseWriter, result: SearchResult, args: Args, session: ImapSession): void
  /** Runs behind the ESEARCH response. */
  after?(result: SearchResult, args: Args, session: ImapSession): void
}

/** What messages can be sorted by (RFC 5256 §3, SORT). */
export interface SortCriterion {
  readonly name: string
  /** Columns that `key` looks at. */
  readonly needs: readonly Column[]
  /** True: the key depends on the message alone, so it is kept for the next time. */
  readonly lasting?: boolean
  /** Compares by `<`; of one kind for all messages. `values` are what the search's keys have noted. */
  key(message: SearchedMessage, values: ReadonlyMap<string, unknown>): MaybePromise<number | string>
  /** Refuses what cannot be sorted. @throws Refusal */
  check?(values: ReadonlyMap<string, unknown>): void
}

/** One criterion of a SORT. */
export interface SortOrder {
  readonly criterion: SortCriterion
  /** Descending. */
  readonly reverse: boolean
}

/** A way to make threads of messages (RFC 5256 §3, THREAD). */
export interface ThreadAlgorithm {
  /** Upper case: `REFERENCES`. */
  readonly name: string
  /** Makes threads. `messages` come in mailbox order. To be awaited where it gives a promise: `pause`. */
  thread(messages: readonly ThreadedMessage[], pause: () => void | Promise<void>): Promise<readonly ThreadNode[]>
}

/** What threads are made of. */
export interface ThreadedMessage {
  /** Its UID. */
  readonly number: number
  /** ms since the epoch; INTERNALDATE where the message does not say (RFC 5256 §2.2). */
  readonly sentDate: number
  /** Base subject (RFC 5256 §2.1), folded by i;unicode-casemap. */
  readonly subject: string
  /** The subject has marks of a reply or a forward. */
  readonly isReply: boolean
  /** Normalised; `null` without one. */
  readonly messageId: string | null
  /** Normalised, the oldest first. */
  readonly references: readonly string[]
}

/** A message with what answers it, in the order in which it is told. */
export interface ThreadNode {
  /** A message's `number`; `null`: one that is not there (only at the top of a thread). */
  readonly number: number | null
  readonly children: readonly ThreadNode[]
}
