/**
 * The mailbox storage interface.
 *
 * Three methods make a mailbox readable (`Reader`), two more make it writable (`Writer`), and everything in
 * `Extras` is optional: the protocol packages look at which methods a store has, fall back where one is missing,
 * and advertise accordingly. The rules R1..R12 that an implementation keeps stand in `CONTRACT.md` and are
 * proven by the conformance kit (`@posthouse/store-api/conformance`).
 */

import type { CommitResult, Op, OpResult, Staged, ThreadKeys } from './ops.js'
import type { SearchExpr } from './search-expr.js'
import type {
  AclEntry,
  Batches,
  Column,
  MailboxId,
  MailboxInfo,
  MessageRow,
  MetaEntry,
  ModSeq,
  Principal,
  QuotaRoot,
  Source,
  UidSet,
} from './values.js'

export * from './ops.js'
export * from './search-expr.js'
export * from './values.js'

/** What a caller of `messages` wants. */
export interface MessageQuery {
  /** Only these UIDs; absent ones are ignored. Default: all. */
  readonly uids?: UidSet
  /** Only rows with a larger modification sequence (exclusive). */
  readonly since?: ModSeq
  readonly want?: readonly Column[]
  /**
   * The caller looks at `uid`, `modseq`, `flags`, `keywords` and `size` only (a flag sync): dates may be 0, ids and `blob`
   * empty, `prefix` missing. A store may read such rows several times faster. Nothing beside `want`.
   */
  readonly light?: boolean
}

/** Octets from `start` (included) to `end` (excluded, default: the end). Beyond the end is empty. */
export interface ByteRange {
  readonly start: number
  readonly end?: number
  /**
   * The consumer is done with a piece when it asks for the next one, so the store may give the same memory again; large
   * messages are read several times cheaper that way. Default: false.
   */
  readonly reuse?: boolean
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

/** Level 1: what a writable mailbox needs. */
export interface Writer {
  /**
   * Takes octets while they stream; when it resolves they are durable, not yet visible, and expire by themselves. A piece
   * is valid until the next one is asked for: its memory is used again, so copy what is kept.
   */
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
  /** Names that the principal has subscribed to, whether or not there is such a mailbox (LSUB, LIST (SUBSCRIBED)). */
  subscriptions(): Promise<readonly (readonly string[])[]>
  /** A mailbox's access list, the owner first. Needs the right `a` (RFC 4314 §3.3). */
  acl(mailbox: MailboxId): Promise<readonly AclEntry[]>
  /**
   * Rows of messages that were expunged or moved away not long ago, as they were when they went, by UID. For sessions
   * that have not been told yet (RFC 9051 §7.5.1): their client may still ask for such a message. All of the last 15
   * minutes, whose octets can be read (R7); older ones may be left out. Never one that is there. Flags of a principal's
   * own (`privateFlags`) may be lost.
   */
  expunged(mailbox: MailboxId, query: Pick<MessageQuery, 'uids' | 'want'>): Batches<MessageRow>
  /**
   * The octets of a message that is there already as staged ones, without a copy of them: for copies between accounts
   * of one store. @throws StoreError `nonexistent`
   */
  restage(blob: string): Promise<Staged>
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

/** A message and where it goes. */
export interface Delivery {
  readonly staged: Staged
  readonly summary: Uint8Array
  readonly header?: Uint8Array
  readonly thread?: ThreadKeys
  readonly to: readonly DeliveryTarget[]
}

/** A delivery that brings its octets along; nothing of it was staged. */
export interface OctetDelivery extends Omit<Delivery, 'staged'> {
  /** The message in pieces, which stay as they are until the delivery has its results. */
  readonly octets: readonly Uint8Array[]
}

/** Where accounts live. */
export interface MailStore {
  /**
   * An account as its owner sees it, or as another principal does.
   * @throws StoreError `nonexistent` when there is no such account, or nothing in it that the principal may see.
   */
  open(account: string, as?: Principal): Promise<Account>
  /** Other accounts with at least one mailbox that the principal may see: what `open(account, as)` shows it. */
  sharedWith?(as: Principal): Promise<readonly string[]>
  /** The account that receives mail for an address, or `null`. */
  resolve?(address: string): Promise<string | null>
  /** Octets for a delivery to several accounts; see `Writer.stage`. */
  stage?(bytes: Source, hint?: { readonly size?: number }): Promise<Staged>
  /** One staged message into many accounts; one result per recipient, in order. */
  deliver?(delivery: Delivery): Promise<readonly (OpResult | Error)[]>
  /**
   * `stage` and `deliver` in one step, for a message that is in memory: it has one way to the disk in place of two.
   * @throws StoreError what `stage` throws, before anybody has anything of it
   */
  deliverOctets?(delivery: OctetDelivery): Promise<readonly (OpResult | Error)[]>
  close?(): void | Promise<void>
}
