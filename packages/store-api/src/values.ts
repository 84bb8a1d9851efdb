/** The values that a mail store deals in: numbers, mailboxes, messages, access lists, annotations. */

/** Opaque name of a mailbox; it survives a rename (MAILBOXID, RFC 8474 §4). */
export type MailboxId = string
/** A unique identifier of a message in a mailbox: 1 to 2^32-1 (RFC 9051 §2.3.1.1). */
export type Uid = number
/** A modification sequence: 1 to 2^53-1; 0 means "before everything" (RFC 7162 §3.1). */
export type ModSeq = number
/** UIDs as ranges, both ends included: sorted, disjoint and coalesced. May name UIDs that do not exist (R12). */
export type UidSet = readonly (readonly [lo: Uid, hi: Uid])[]
/**
 * Octets in pieces. Whoever takes one (`stage`) expects that the memory of a piece is used again after the next one is
 * asked for; what `read` gives stays as it is, unless it was asked for with `reuse`.
 */
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
  /**
   * Larger than all UIDs that were given, and not larger than the next one (R6). Behind the last there is no next one: then
   * this is 2^32, which is no UID. A protocol that has to say a number says 2^32-1 (`UIDNEXT`, RFC 9051 §9, nz-number).
   */
  readonly uidNext: number
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
  /** RFC 4314 letters that the opened principal has, in the order `lrswipkxtea`; absent means all (the owner). */
  readonly rights?: string
  /** Flag bits that the opened principal keeps for itself, usually `Flag.Seen`; absent for the owner. */
  readonly privateFlags?: number
  /** The owning account when it is another one that shares this mailbox. */
  readonly owner?: string
}

/**
 * Who opens an account. The owner is the principal named like the account and may do everything; anybody else sees the
 * mailboxes in whose access list it has `l` or `r`, and no other.
 */
export interface Principal {
  readonly principal: string
  /** Groups that it is in, as access lists name them: `group:staff`, `$staff`, whatever the application writes. */
  readonly groups?: readonly string[]
}

/** One line of a mailbox's access list (RFC 4314 §2). */
export interface AclEntry {
  /** A principal, a group, or `anyone`; with `-` in front its rights are taken away from what others give. */
  readonly identifier: string
  /** Letters of RFC 4314 §2.1, in the order `lrswipkxtea`. Never empty. */
  readonly rights: string
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
  /**
   * The same for copies of the same octets, different otherwise (RFC 8474 §5.1). `''` when the store does not know: IMAP
   * then tells one that is made of mailbox and UID.
   */
  readonly emailId: string
  /** The same for messages of one conversation and for copies; absent when the store does not know. Never changes. */
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

/**
 * Columns that `messages` fills only when asked; all others are always filled. Octets may be views of memory that the rows
 * of a page share: who keeps some of them for long copies them.
 */
export type Column = 'summary' | 'header' | 'inline'

/** A quota (RFC 9208): what is used of it, and how much there may be. */
export interface QuotaRoot {
  readonly root: string
  readonly used: { readonly bytes: number; readonly messages: number }
  readonly limit: { readonly bytes?: number; readonly messages?: number }
}

/** An annotation (RFC 5464). */
export interface MetaEntry {
  readonly key: string
  readonly value: Uint8Array
  readonly private?: boolean
}
