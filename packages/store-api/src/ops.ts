/** What a commit is made of, and what it answers. */
import type { MailboxId, ModSeq, UidSet } from './values.js'

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

/**
 * What puts a message into a thread (RFC 8621 §3): messages of one account that have an id and the subject in common.
 * Whoever has parsed the message says it; without it the message has no thread.
 */
export interface ThreadKeys {
  /** Message-ID, In-Reply-To and References, without angle brackets. */
  readonly ids: readonly string[]
  /** The base subject (RFC 5256 §2.1) as it is compared. */
  readonly subject: string
}

/** Puts a staged message into a mailbox. */
export interface AppendOp {
  readonly op: 'append'
  readonly to: MailboxRef
  readonly staged: Staged
  readonly summary: Uint8Array
  readonly header?: Uint8Array
  readonly prefix?: Uint8Array
  readonly flags: number
  readonly keywords?: readonly string[]
  /** Milliseconds since the epoch; a store leaves out fractions, and refuses what no `Date` has (`invalid`). Default: now. */
  readonly internalDate?: number
  /** A key that makes a repeated delivery into this account harmless (kept for 7 days at least). */
  readonly dedup?: string
  readonly thread?: ThreadKeys
}
/** Copies or moves messages to another mailbox. */
export interface CopyOp {
  readonly op: 'copy' | 'move'
  readonly from: MailboxId
  readonly uids: UidSet
  readonly to: MailboxRef
}
/**
 * STORE. A principal that is not the owner changes only what its rights cover (`s` \Seen, `t` \Deleted, `w` all others;
 * RFC 4314 §4): the rest of the op is left out in silence, and `noperm` is the answer when nothing is left.
 */
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
/** Removes messages from a mailbox. */
export interface ExpungeOp {
  readonly op: 'expunge'
  readonly in: MailboxId
  /** Default: all. */
  readonly uids?: UidSet
  /** True: only messages that carry `\Deleted`. */
  readonly onlyDeleted: boolean
}
/** Makes a mailbox. */
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
/** Deletes a mailbox with its messages. */
export interface DropOp {
  readonly op: 'drop'
  readonly id: MailboxId
}
/** Subscriptions are by name and survive the mailbox (RFC 9051 §6.3.7). Each principal of an account has its own. */
export interface SubscribeOp {
  readonly op: 'subscribe'
  readonly path: readonly string[]
  readonly on: boolean
}
/**
 * Changes one line of a mailbox's access list: SETACL with the rights as given, with `+` or with `-`; a line without
 * rights is removed (DELETEACL). Needs the right `a`. The owner's rights cannot be changed (`invalid`). A new mailbox
 * starts with the list of its parent, if there is one.
 */
export interface AclOp {
  readonly op: 'acl'
  readonly in: MailboxRef
  readonly identifier: string
  readonly mode: 'set' | 'add' | 'remove'
  /** RFC 4314 letters in any order; others are `invalid`. */
  readonly rights: string
}
/** An annotation (METADATA); `null` removes it. `private`: seen by the principal that wrote it alone. */
export interface MetaOp {
  readonly op: 'meta'
  readonly mailbox?: MailboxId
  readonly key: string
  readonly value: Uint8Array | null
  readonly private?: boolean
}

/** One step of a commit. */
export type Op = AppendOp | CopyOp | FlagsOp | ExpungeOp | CreateOp | MailboxOp | DropOp | SubscribeOp | AclOp | MetaOp

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

/** What a commit has done. */
export interface CommitResult {
  /**
   * The modification sequence of everything this commit changed. Where one op changes two clocks (COPY and MOVE between
   * accounts, see `withShared`): for a copy that of the target, for a move that of the mailbox moved from.
   */
  readonly modseq: ModSeq
  /** One for each op, in order. */
  readonly results: readonly OpResult[]
}
