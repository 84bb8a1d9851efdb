/** What `withUidMap` wants from a source, and where it keeps its numbers. */
import type {
  AppendOp,
  Batches,
  ByteRange,
  FlagsOp,
  MessageRow,
  ModSeq,
  Source,
  Staged,
  Uid,
  UidSet,
} from '../types.js'

/** A message as its source has it. `key` names it for ever; its octets never change. */
export interface UnnumberedMessage extends Omit<MessageRow, 'uid' | 'modseq' | 'emailId'> {
  readonly key: string
  readonly emailId?: string
}

/** A mailbox of a source without UIDs. */
export interface UnnumberedMailbox {
  /** Names the mailbox for ever; becomes its id. */
  readonly key: string
  readonly path: readonly string[]
  readonly role?: string
}

/** What happened in a mailbox of the source since a cursor. */
export interface UnnumberedChanges {
  /** Where the next question begins. Opaque. */
  readonly cursor: string
  /** New and changed messages, in the order in which new ones should get their UIDs. */
  readonly changed: readonly UnnumberedMessage[]
  /** Keys of messages that are gone. */
  readonly removed: readonly string[]
}

/** A change of the flags of one message: what is to be added and removed, never the whole. */
export interface FlagChange {
  readonly add: { readonly flags: number; readonly keywords: readonly string[] }
  readonly remove: { readonly flags: number; readonly keywords: readonly string[] }
}

/** Messages without UIDs, as `withUidMap` takes them: three methods are needed, the others are optional. */
export interface UnnumberedSource {
  /** One of them is `INBOX`. */
  mailboxes(): Promise<readonly UnnumberedMailbox[]>
  /** All messages of a mailbox, in the order in which they should get their UIDs. */
  messages(mailbox: string): Batches<UnnumberedMessage>
  read(blob: string, range?: ByteRange): Source
  /**
   * What changed since a cursor (`null`: only the cursor of now is wanted). With it a discovery costs what changed; without
   * it each one reads the whole mailbox. `null` as an answer: the cursor is too old, everything is to be read.
   */
  changes?(mailbox: string, cursor: string | null): Promise<UnnumberedChanges | null>
  /** Changes flags. What is gone is stepped over. */
  flag?(mailbox: string, key: string, change: FlagChange): Promise<void>
  /** Removes messages. What is gone already is stepped over. */
  remove?(mailbox: string, keys: readonly string[]): Promise<void>
  /** Takes a new message and says its key. Wanted with `stage`. */
  add?(mailbox: string, message: Omit<AppendOp, 'op' | 'to'>): Promise<string>
  /** Takes octets for `add`; see `Writer.stage`. */
  stage?(bytes: Source, hint?: { readonly size?: number }): Promise<Staged>
}

/** The part of a STORE that a source is told for one message. */
export type FlagWish = Pick<FlagsOp, 'mode' | 'flags' | 'keywords'>

/** A message that has its UID, as the sidecar keeps it. */
export interface UidMapEntry {
  readonly key: string
  readonly uid: Uid
  readonly modseq: ModSeq
  /** What can change in the message, as the source had it at `modseq`. */
  readonly mark: string
}

/** All that the sidecar keeps of a mailbox. */
export interface UidMapState {
  readonly uidValidity: number
  readonly uidNext: Uid
  readonly modseq: ModSeq
  readonly entries: readonly UidMapEntry[]
  /** What was removed, and when that was discovered; for what is long gone: at the latest. */
  readonly gone: readonly { readonly modseq: ModSeq; readonly uids: UidSet }[]
}

/** What one discovery changes. */
export interface UidMapChange {
  readonly uidValidity: number
  readonly uidNext: Uid
  readonly modseq: ModSeq
  /** New and changed entries, to be stored under their keys. */
  readonly put: readonly UidMapEntry[]
  readonly removed: readonly UidMapEntry[]
}

/** Where the numbers are kept: it has to be as durable as the mail. */
export interface UidSidecar {
  load(mailbox: string): Promise<UidMapState | null>
  /** Stores all of it in one step if the modseq kept is still `expected` (0: nothing is kept yet); else false. */
  save(mailbox: string, expected: ModSeq, change: UidMapChange): Promise<boolean>
}
