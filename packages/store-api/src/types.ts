/**
 * The mailbox storage interface.
 *
 * Three methods make a mailbox readable (`Reader`), two more make it writable (`Writer`), and everything in
 * `Extras` is optional: the protocol packages look at which methods a store has, fall back where one is missing,
 * and advertise accordingly. The rules R1..R12 that an implementation keeps stand in `CONTRACT.md` and are
 * proven by the conformance kit (`@posthouse/store-api/conformance`).
 */

/** Opaque name of a mailbox; it survives a rename (MAILBOXID, RFC 8474 §4). */
export type MailboxId = string
/** A unique identifier of a message in a mailbox: 1 to 2^32-1 (RFC 9051 §2.3.1.1). */
export type Uid = number
/** A modification sequence: 1 to 2^53-1; 0 means "before everything" (RFC 7162 §3.1). */
export type ModSeq = number
/** UIDs as ranges, both ends included: sorted, disjoint and coalesced. May name UIDs that do not exist (R12). */
export type UidSet = readonly (readonly [lo: Uid, hi: Uid])[]
/** Octets in pieces. A piece may be reused by its producer after the consumer asks for the next one. */
export type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>
/** Rows in arrays: one array per page, ascending (R9). */
export type Batches<T> = AsyncIterable<readonly T[]> | Iterable<readonly T[]>

/** The system flags as bits of `MessageRow.flags` (RFC 9051 §2.3.2). `\Recent` does not exist in a store. */
export const Flag = { Seen: 1, Answered: 2, Flagged: 4, Deleted: 8, Draft: 16 } as const

/** One mailbox with its counters. */
export interface MailboxInfo {
  readonly id: MailboxId
  /** Decoded Unicode (NFC) segments; no delimiter, no UTF-7. The first segment `INBOX` is always upper case. */
  readonly path: readonly string[]
  /** 1 to 2^32-1; grows strictly when a name is made anew (R8). */
  readonly uidValidity: number
  /** Smaller than or equal to the next UID that will be given (R6). */
  readonly uidNext: Uid
  /** The highest modification sequence of any change in the mailbox, expunges included (R5). */
  readonly modseq: ModSeq
  /** Number of messages. */
  readonly messages: number
  /** Number of messages without `\Seen`, for the principal that opened the account. */
  readonly unseen: number
  /** Number of messages with `\Deleted`. */
  readonly deleted?: number
  /** Sum of the sizes of the messages, in octets. */
  readonly bytes?: number
  /** Special use without the backslash, in lower case: `sent`, `trash`, `drafts`, `junk`, `archive`, `flagged`, `all`. */
  readonly role?: string
  /** True for a node of the hierarchy that holds no messages (`\Noselect`). */
  readonly noSelect?: boolean
  readonly subscribed?: boolean
  /** Keywords in use in this mailbox, each in the spelling first seen. */
  readonly keywords?: readonly string[]
  /** RFC 4314 letters that the opened principal has; absent means all. */
  readonly rights?: string
  /** Flag bits that are kept per principal, usually `Flag.Seen` (shared mailboxes). */
  readonly privateFlags?: number
  /** The owning account when it is another one that shares this mailbox. */
  readonly owner?: string
}

/** One message of a mailbox. */
export interface MessageRow {
  readonly uid: Uid
  readonly modseq: ModSeq
  /** Bits of `Flag`. */
  readonly flags: number
  readonly keywords?: readonly string[]
  /** Octets as served: the length of `prefix` plus the length of the blob. */
  readonly size: number
  /** Milliseconds since the epoch; may lie before 1970. */
  readonly internalDate: number
  /** Milliseconds since the epoch when the message came into this mailbox (RFC 8514). */
  readonly saveDate?: number
  /** The same for copies of the same octets, different otherwise (RFC 8474 §5.1); `''` when the store does not know. */
  readonly emailId: string
  readonly threadId?: string
  /** The name for `Reader.read`; the message is `prefix` followed by the blob. */
  readonly blob: string
  readonly prefix?: Uint8Array
  /** Made and read by the SDK only (`@posthouse/mime`); versioned, rebuildable from the octets. Describes the blob without `prefix`. */
  readonly summary?: Uint8Array
  /** The header block of the blob, with the empty line that ends it, without `prefix`. */
  readonly header?: Uint8Array
  /** The whole blob, without `prefix`, when the store keeps it in the row. */
  readonly inline?: Uint8Array
}

/** Columns that `messages` fills only when asked; all others are always filled. */
export type Column = 'summary' | 'header' | 'inline'

/** What a caller of `messages` wants. */
export interface MessageQuery {
  /** Only these UIDs; absent ones are ignored. Default: all. */
  readonly uids?: UidSet
  /** Only rows with a larger modification sequence (exclusive). */
  readonly since?: ModSeq
  readonly want?: readonly Column[]
}

/** Octets from `start` (included) to `end` (excluded, default: the end). Beyond the end is empty. */
export interface ByteRange {
  readonly start: number
  readonly end?: number
}

/** Level 0: what a readable mailbox needs. */
export interface Reader {
  /** All mailboxes with their counters: LIST, STATUS, SELECT and quota live on it. `INBOX` is always there. */
  mailboxes(): Promise<readonly MailboxInfo[]>
  /** Rows by UID, ascending. No lock or snapshot is held while the consumer sleeps (R9). */
  messages(mailbox: MailboxId, query: MessageQuery): Batches<MessageRow>
  /** The blob's octets; readable for at least 15 minutes after its last row is gone (R7). */
  read(blob: string, range?: ByteRange): Source
}

/** Octets that are durable but not yet a message. */
export interface Staged {
  readonly blob: string
  /** Octets. */
  readonly size: number
  /** Milliseconds since the epoch after which a commit answers `expired`. */
  readonly expires: number
}

/** A mailbox, or the one made by an earlier `create` of the same commit (index into `ops`). */
export type MailboxRef = MailboxId | { readonly made: number }

export interface AppendOp {
  readonly op: 'append'
  readonly to: MailboxRef
  readonly staged: Staged
  readonly summary: Uint8Array
  readonly header?: Uint8Array
  readonly prefix?: Uint8Array
  readonly flags: number
  readonly keywords?: readonly string[]
  /** Milliseconds since the epoch. Default: now. */
  readonly internalDate?: number
  /** A key that makes a repeated delivery into this account harmless (kept for 7 days at least). */
  readonly dedup?: string
}
export interface CopyOp {
  readonly op: 'copy' | 'move'
  readonly from: MailboxId
  readonly uids: UidSet
  readonly to: MailboxRef
}
export interface FlagsOp {
  readonly op: 'flags'
  readonly in: MailboxId
  readonly uids: UidSet
  readonly mode: 'add' | 'remove' | 'set'
  readonly flags: number
  readonly keywords?: readonly string[]
  /** Messages with a larger modification sequence are left alone and named in `modified` (RFC 7162 §3.1.3). */
  readonly unchangedSince?: ModSeq
}
export interface ExpungeOp {
  readonly op: 'expunge'
  readonly in: MailboxId
  /** Default: all. */
  readonly uids?: UidSet
  /** True: only messages that carry `\Deleted`. */
  readonly onlyDeleted: boolean
}
export interface CreateOp {
  readonly op: 'create'
  readonly path: readonly string[]
  readonly role?: string
}
/** Rename, re-role or (un)hide a mailbox. Only that mailbox: a subtree is as many ops as it has mailboxes. */
export interface MailboxOp {
  readonly op: 'mailbox'
  readonly id: MailboxId
  readonly path?: readonly string[]
  readonly role?: string | null
  readonly noSelect?: boolean
}
export interface DropOp {
  readonly op: 'drop'
  readonly id: MailboxId
}
/** Subscriptions are by name and survive the mailbox (RFC 9051 §6.3.7). */
export interface SubscribeOp {
  readonly op: 'subscribe'
  readonly path: readonly string[]
  readonly on: boolean
}
/** An annotation (METADATA, ACL); `null` removes it. */
export interface MetaOp {
  readonly op: 'meta'
  readonly mailbox?: MailboxId
  readonly key: string
  readonly value: Uint8Array | null
  readonly private?: boolean
}

/** One step of a commit. */
export type Op = AppendOp | CopyOp | FlagsOp | ExpungeOp | CreateOp | MailboxOp | DropOp | SubscribeOp | MetaOp

/** What one op did; fields that do not apply are absent. */
export interface OpResult {
  /** The mailbox made or written to. */
  readonly mailbox?: MailboxId
  readonly uidValidity?: number
  /** Source UIDs of a copy or move, in pairs with `uids` (COPYUID). */
  readonly from?: UidSet
  /** UIDs given (append, copy, move), changed (flags; no-ops are not named) or removed (expunge). */
  readonly uids?: UidSet
  /** UIDs refused by `unchangedSince`. */
  readonly modified?: UidSet
  /** The dedup key was seen before; `uids` is then the first delivery's. */
  readonly duplicate?: boolean
}

export interface CommitResult {
  /** The modification sequence of everything this commit changed. */
  readonly modseq: ModSeq
  /** One for each op, in order. */
  readonly results: readonly OpResult[]
}

/** Level 1: what a writable mailbox needs. */
export interface Writer {
  /** Takes octets while they stream; when it resolves they are durable, not yet visible, and expire by themselves. */
  stage(bytes: Source, hint?: { readonly size?: number }): Promise<Staged>
  /**
   * All or nothing, durable when it resolves (R4). A repeated `key` answers with the first call's result.
   * @throws StoreError
   */
  commit(ops: readonly Op[], key?: string): Promise<CommitResult>
}

/** A hint that something changed: lossy, merged, never early. The reader then pulls by modification sequence (R11). */
export interface ChangeHint {
  /** Absent: any mailbox may have changed. */
  readonly mailbox?: MailboxId
  readonly modseq?: ModSeq
}

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

export interface QuotaRoot {
  readonly root: string
  readonly used: { readonly bytes: number; readonly messages: number }
  readonly limit: { readonly bytes?: number; readonly messages?: number }
}

export interface MetaEntry {
  readonly key: string
  readonly value: Uint8Array
  readonly private?: boolean
}

/** Level 2: each is optional and has a fallback in the SDK. */
export interface Extras {
  /** UIDs expunged after `since`, complete, or `null` when that history is gone (R10). */
  vanished(mailbox: MailboxId, since: ModSeq): Promise<UidSet | null>
  /** Hints until the signal aborts. Subscribing happens before the first pull (R11). */
  watch(signal: AbortSignal): AsyncIterable<ChangeHint>
  /** All UIDs, ascending: SELECT of a huge mailbox without its rows. */
  uids(mailbox: MailboxId): Promise<Uint32Array>
  /** A superset of the answer and what is left to test (`null` = nothing); `null` = cannot help. */
  search(mailbox: MailboxId | null, expr: SearchExpr): Promise<{ uids: UidSet; rest: SearchExpr | null } | null>
  /** Write summaries back after their format changed. */
  summaries(rows: readonly { readonly emailId: string; readonly summary: Uint8Array }[]): Promise<void>
  quota(): Promise<readonly QuotaRoot[]>
  /** Annotations whose key starts with `prefix`; `null` = those of the account. */
  meta(mailbox: MailboxId | null, prefix: string): Promise<readonly MetaEntry[]>
}

/** One account as seen by one principal. */
export interface Account extends Reader, Partial<Writer>, Partial<Extras> {
  close?(): void | Promise<void>
}

/** One recipient of a delivery. */
export interface DeliveryTarget {
  readonly account: string
  /** Octets put before the staged ones for this recipient: Return-Path, Delivered-To, Received. */
  readonly prefix?: Uint8Array
  /** Default: INBOX. A missing mailbox is made. */
  readonly path?: readonly string[]
  readonly flags?: number
  readonly keywords?: readonly string[]
  /** Makes a repeated delivery harmless. */
  readonly dedup: string
}

export interface Delivery {
  readonly staged: Staged
  readonly summary: Uint8Array
  readonly header?: Uint8Array
  readonly to: readonly DeliveryTarget[]
}

/** Where accounts live. */
export interface MailStore {
  /** @throws StoreError `nonexistent` when there is no such account. */
  open(account: string, as?: { readonly principal: string }): Promise<Account>
  /** The account that receives mail for an address, or `null`. */
  resolve?(address: string): Promise<string | null>
  /** Octets for a delivery to several accounts; see `Writer.stage`. */
  stage?(bytes: Source, hint?: { readonly size?: number }): Promise<Staged>
  /** One staged message into many accounts; one result per recipient, in order. */
  deliver?(delivery: Delivery): Promise<readonly (OpResult | Error)[]>
  close?(): void | Promise<void>
}
