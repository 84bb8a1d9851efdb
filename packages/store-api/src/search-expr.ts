import type { ModSeq, UidSet } from './values.js'

/** A search as a tree. Text comparisons are case-insensitive substrings unless the store says otherwise in `rest`. */
export type SearchExpr =
  | { readonly type: 'and' | 'or'; readonly of: readonly SearchExpr[] }
  | { readonly type: 'not'; readonly of: SearchExpr }
  | { readonly type: 'all' }
  | { readonly type: 'uids'; readonly uids: UidSet }
  | { readonly type: 'flag'; readonly flag: number }
  | { readonly type: 'keyword'; readonly keyword: string }
  /** Octets, both ends exclusive. */
  | { readonly type: 'size'; readonly larger?: number; readonly smaller?: number }
  /** Milliseconds since the epoch: `from` included, `before` excluded. */
  | {
      readonly type: 'date'
      readonly which: 'internal' | 'sent' | 'saved'
      readonly from?: number
      readonly before?: number
    }
  /** Rows whose modification sequence is at least this. */
  | { readonly type: 'modseq'; readonly atLeast: ModSeq }
  | { readonly type: 'emailId' | 'threadId'; readonly id: string }
  | { readonly type: 'header'; readonly name: string; readonly contains: string }
  | {
      readonly type: 'text'
      readonly in: 'body' | 'all' | 'from' | 'to' | 'cc' | 'bcc' | 'subject'
      readonly contains: string
      readonly fuzzy?: boolean
    }
