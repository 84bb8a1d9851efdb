import type { CommitResult, MailboxId, MetaEntry, ModSeq, OpResult, Uid, UidSet } from '../types.js'

/** What copies of a message share: octets and what was learnt from them. Never changes. */
export interface Content {
  readonly emailId: string
  readonly blob: string
  readonly size: number
  readonly prefix: Uint8Array | undefined
  summary: Uint8Array
  readonly header: Uint8Array | undefined
}

/** One message of one mailbox. Replaced as a whole when it changes. */
export interface StoredMessage {
  readonly uid: Uid
  readonly modseq: ModSeq
  readonly flags: number
  readonly keywords: readonly string[]
  readonly internalDate: number
  readonly saveDate: number
  readonly content: Content
}

export interface StoredMailbox {
  readonly id: MailboxId
  path: readonly string[]
  readonly uidValidity: number
  uidNext: Uid
  modseq: ModSeq
  role: string | undefined
  noSelect: boolean
  unseen: number
  deleted: number
  bytes: number
  /** By UID; insertion order is UID order, because UIDs only grow. */
  readonly messages: Map<Uid, StoredMessage>
  /** Expunged UIDs with the modification sequence of their expunge, oldest first. */
  readonly gone: { readonly modseq: ModSeq; readonly uids: UidSet }[]
  /** Keywords in the spelling first seen, by their lower case. */
  readonly keywords: Map<string, string>
}

export interface StoredAccount {
  readonly name: string
  modseq: ModSeq
  nextUidValidity: number
  nextId: number
  bytes: number
  messages: number
  readonly mailboxes: Map<MailboxId, StoredMailbox>
  /** Paths by their keys. */
  readonly subscriptions: Map<string, readonly string[]>
  /** First deliveries by dedup key. */
  readonly delivered: Map<string, OpResult>
  /** Results of commits by their retry key. */
  readonly commits: Map<string, CommitResult>
  /** By mailbox id (or ''), scope and key, joined by NUL. */
  readonly meta: Map<string, MetaEntry & { readonly mailbox: MailboxId | null }>
}

/** Octets, named by nothing but their key. */
export interface StoredBlob {
  readonly pieces: readonly Uint8Array[]
  readonly size: number
  /** Contents that name it. */
  references: number
  /** ms: not collected before, also without references. */
  keepUntil: number
}
