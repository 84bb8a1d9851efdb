import type { AclEntry, Column, MetaEntry, ModSeq, SearchExpr, Uid, UidSet } from '@posthouse/store-api'
import type { PathText } from '../paths.js'
import type { Guest } from '../viewer.js'
import type { PackedRows } from './pack.js'

/** A question about the messages of a mailbox, by the owner (`null`) or by a guest. */
interface InMailbox {
  readonly account: number
  readonly mailbox: number
  readonly guest: Guest | null
}

/** What the reader is asked for. Requests are plain data: they may cross a thread. */
export type ReadRequest =
  /** The number of an account that the guest, if any, may see something of. */
  | { readonly type: 'open'; readonly account: string; readonly guest: Guest | null }
  | { readonly type: 'shared'; readonly guest: Guest }
  | { readonly type: 'resolve'; readonly address: string }
  | { readonly type: 'mailboxes'; readonly account: number; readonly guest: Guest | null }
  | { readonly type: 'subscriptions'; readonly account: number; readonly principal: string }
  | (InMailbox & { readonly type: 'acl' })
  | {
      readonly type: 'rows'
      readonly account: number
      readonly mailbox: number
      readonly guest: Guest | null
      readonly uids: UidSet
      /** Only what has changed after it; 0: all. */
      readonly since: ModSeq
      readonly limit: number
      readonly want: readonly Column[]
      /** UIDs, modification sequences, flags, keywords and sizes only. */
      readonly light: boolean
      /** Of messages that are gone. */
      readonly expunged: boolean
    }
  | (InMailbox & { readonly type: 'uids' })
  | (InMailbox & { readonly type: 'vanished'; readonly since: ModSeq })
  | {
      readonly type: 'octets'
      readonly blob: number
      readonly start: number
      readonly end: number
      readonly chunks: number
    }
  | (InMailbox & { readonly type: 'search'; readonly expr: SearchExpr })
  /** Contents that the full-text index does not have yet, ascending. */
  | { readonly type: 'unindexed'; readonly limit: number }
  | { readonly type: 'quota'; readonly account: number }
  | {
      readonly type: 'meta'
      readonly account: number
      readonly mailbox: number | null
      readonly guest: Guest | null
      readonly principal: string
      readonly prefix: string
    }
  /** Has anybody written since the last question? Then (or `always`) the modification sequence of each account. */
  | { readonly type: 'poll'; readonly accounts: readonly number[]; readonly always: boolean }
  | { readonly type: 'verify' }
  | { readonly type: 'backup'; readonly part: 'index' | 'blobs'; readonly file: string }

/** A mailbox's row in `MailboxInfo`'s order, without what is derived. */
export type MailboxRow = readonly [
  id: number,
  path: string,
  uidValidity: number,
  uidNext: Uid,
  modseq: ModSeq,
  total: number,
  unseen: number,
  deleted: number,
  bytes: number,
  role: string | null,
  noSelect: number,
  subscribed: number,
]

/** What a request is answered with. */
export interface ReadAnswers {
  readonly open: number | null
  readonly shared: readonly string[]
  readonly subscriptions: readonly PathText[]
  readonly acl: readonly AclEntry[]
  readonly resolve: string | null
  readonly mailboxes: {
    readonly rows: readonly MailboxRow[]
    readonly keywords: readonly (readonly [mailbox: number, name: string])[]
    /** The rights of the guest in each of them; absent for the owner. */
    readonly rights?: readonly string[]
  }
  readonly rows: PackedRows
  readonly uids: Uint32Array
  readonly vanished: UidSet | null
  /**
   * Pieces of the range, a bounded number of octets, without those of the tail; `size` is the whole blob's, `tail` how many
   * of them are in its tail. `null`: no such blob.
   */
  readonly octets: { readonly pieces: readonly Uint8Array[]; readonly size: number; readonly tail: number } | null
  readonly search: { readonly uids: UidSet; readonly rest: SearchExpr | null } | null
  readonly unindexed: readonly (readonly [content: number, blob: number, size: number])[]
  readonly quota: readonly [bytes: number, messages: number, bytesLimit: number | null, messagesLimit: number | null]
  readonly meta: readonly MetaEntry[]
  readonly poll: readonly number[] | null
  readonly verify: VerifyReport
  /** Blobs whose tails are to be copied too. */
  readonly backup: readonly number[]
}

/** What `verify` found. */
export interface VerifyReport {
  readonly accounts: number
  readonly mailboxes: number
  readonly messages: number
  /** Blobs that no message names (staged, or waiting for the collector). */
  readonly unusedBlobs: number
  /** One sentence for each thing that is wrong; empty when the store is sound. */
  readonly problems: readonly string[]
}
