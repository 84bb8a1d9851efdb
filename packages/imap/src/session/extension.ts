/**
 * The shape of everything that the server can do. A command is a value; an extension is a list of commands, FETCH
 * items, SEARCH keys, STATUS items and so on, with the capability words that tell of them. What the package brings is
 * made exactly like this, too: see `extensions/`.
 */
import type { Account, Column, CommitResult, MailboxInfo, MessageRow, ModSeq, Op, UidSet } from '@posthouse/store-api'
import type { Link, MaybePromise } from '@posthouse/wire'
import type { SessionState } from '../engine/states.js'
import type { Cursor } from '../syntax/cursor.js'
import type { SequenceSet } from '../syntax/sequence-set.js'
import type { Status } from '../syntax/status.js'
import type { ResponseWriter } from '../syntax/writer.js'
import type { FetchedMessage } from './fetch/message.js'
import type { SearchKey, SearchReturn, SortCriterion, ThreadAlgorithm } from './search-extension.js'
import type { ImapSession } from './session.js'

/** The server asks for one line of the client before a command can end (AUTHENTICATE, IDLE). */
export interface Prompt {
  /** What stands behind `+ `. */
  readonly prompt: string
  /** The client's next line, without its end; `null` when it was too long. Answers with the end, or asks again. */
  line(line: Uint8Array | null): MaybePromise<Status | Prompt>
  /** The connection ended instead. */
  cancel?(): void
}

/** One command. `Args` is what `parse` makes of its arguments. */
export interface Command<Args = unknown> {
  /** Upper case; commands with UID are commands of their own: `UID FETCH`. */
  readonly name: string
  /** Where it is allowed (RFC 9051 §3). */
  readonly states: readonly SessionState[]
  /**
   * What may be told about changes before the tagged response: `none`; `no-expunge` where message numbers must not
   * move (FETCH, STORE, SEARCH: RFC 9051 §7.5.1). Default: `all`.
   */
  readonly updates?: 'all' | 'no-expunge' | 'none'
  /** True: looks at the store for changes even when no hint came (NOOP, CHECK), or has made changes itself. */
  readonly checkpoint?: boolean
  /**
   * Reads the arguments. The cursor stands behind the name; a command with arguments begins with `cursor.space()`.
   * What is left unread is answered with BAD.
   * @throws SyntaxFault, by the cursor's methods.
   */
  parse(cursor: Cursor, session: ImapSession): Args
  /**
   * Does it. Untagged responses are written to `session.out`.
   * @throws Refusal or StoreError: answered in one place.
   */
  run(session: ImapSession, args: Args): MaybePromise<Status | Prompt>
  /** For commands whose literals are messages: arguments before the first one. They have `upload` instead of `run`. */
  readonly leading?: number
  /** Begins to take messages. */
  upload?(session: ImapSession, tag: string): Upload
}

/** A command that takes messages while they stream (APPEND, REPLACE). */
export interface Upload {
  /** The text up to a message; the cursor stands behind the command's name, or behind the message before. */
  literal(cursor: Cursor, announced: { readonly size: number; readonly binary: boolean }): MaybePromise<void>
  /** Octets of the message; the view is valid until the promise settles. */
  write(bytes: Uint8Array): MaybePromise<void>
  /** The message is complete. */
  literalEnd(): MaybePromise<void>
  /** The end of the command. */
  finish(cursor: Cursor): MaybePromise<Status>
  /** It will not come to an end. */
  abort(): void
}

/** Something FETCH can give. */
export interface FetchItem<Args = unknown> {
  /** Upper case, up to a bracket: `BODY.PEEK`. */
  readonly name: string
  /** Reads what stands behind the name. Default: nothing. */
  parse?(cursor: Cursor, session: ImapSession): Args
  /** Columns that `write` looks at. */
  needs?(args: Args): readonly Column[]
  /** True: fetching it sets `\Seen`. */
  seen?(args: Args): boolean
  /** True: `write` looks at nothing that a light row does not have (see `MessageQuery`). Default: false. */
  readonly light?: boolean
  /** Asked before the message's response begins, since one that has begun may have left. @throws Refusal */
  check?(message: FetchedMessage, args: Args): MaybePromise<void>
  /** Writes name and value: `UID 5`. */
  write(out: ResponseWriter, message: FetchedMessage, args: Args, session: ImapSession): void | Promise<void>
}

/** Hears of changes in the selected mailbox at the moment at which they are told. */
export interface ViewChanges {
  /** Messages are about to leave the view; they have their numbers still. */
  expunging?(session: ImapSession, uids: UidSet): void
  /** New messages and changed flags have been told. */
  changed?(session: ImapSession, uids: UidSet): MaybePromise<void>
  /** True: the client wants to hear only of what its own commands expunge. */
  muted?(session: ImapSession): boolean
}

/** One item of STATUS. */
export interface StatusItem {
  readonly name: string
  /** The value as text; `null` leaves the item out. */
  value(mailbox: MailboxInfo, session: ImapSession): MaybePromise<string | number | null>
}

/** What SELECT knows when its parameters act. */
export interface SelectContext {
  readonly mailbox: MailboxInfo
  readonly readOnly: boolean
}

/** A parameter of SELECT and EXAMINE (RFC 4466 §2.1). */
export interface SelectParameter<Args = unknown> {
  readonly name: string
  parse?(cursor: Cursor, session: ImapSession): Args
  /** Called when the mailbox is open and its own responses are written. */
  apply(session: ImapSession, select: SelectContext, args: Args): MaybePromise<void>
}

/** What a FETCH is about to read. */
export interface FetchAsked {
  /** As the client wrote it. */
  readonly set: SequenceSet
  /** What of it is in the session's view. */
  readonly uids: UidSet
  /** Of CHANGEDSINCE; 0 without. */
  readonly since: ModSeq
}

/** What a modifier of FETCH does to it (RFC 4466 §2.4). */
export interface FetchEffect {
  /** Only messages changed after this. */
  readonly since?: ModSeq
  /** Items to add. */
  readonly add?: readonly string[]
  /** A bound on how many messages one command acts on refuses it (RFC 9738 §3.1): a part is not what was asked. */
  readonly whole?: boolean
  /** Runs before the first message is read; gives the UIDs to fetch, the same or fewer. */
  before?(session: ImapSession, asked: FetchAsked): MaybePromise<UidSet>
}

/** A modifier of FETCH: a word in the parentheses behind the items (RFC 4466 §2.4), such as CHANGEDSINCE. */
export interface FetchModifier {
  readonly name: string
  parse(cursor: Cursor, session: ImapSession, byUid: boolean): FetchEffect
}

/** A modifier of STORE (RFC 4466 §2.5). */
export interface StoreModifier {
  readonly name: string
  parse(cursor: Cursor, session: ImapSession): { readonly unchangedSince?: ModSeq }
}

/** One mailbox of a LIST in progress. */
export interface ListEntry {
  readonly path: readonly string[]
  /** The name is in the principal's list of subscriptions, whether or not there is such a mailbox. */
  readonly subscribed: boolean
  /** Absent: a name without a mailbox (a parent, or a subscription). */
  readonly mailbox?: MailboxInfo
  readonly attributes: string[]
}

/** A word in `LIST (...)` (RFC 5258 §3). */
export interface ListSelection {
  readonly name: string
  /** RECURSIVEMATCH and REMOTE change the others and select nothing by themselves. */
  readonly modifier?: boolean
  matches(entry: ListEntry, session: ImapSession): boolean
  /** Called for what is listed. */
  decorate?(entry: ListEntry, session: ImapSession): void
}

/** A word in `RETURN (...)` of LIST. */
export interface ListReturn<Args = unknown> {
  readonly name: string
  parse?(cursor: Cursor, session: ImapSession): Args
  /** Adds attributes. */
  decorate?(entry: ListEntry, args: Args, session: ImapSession): void
  /** Writes responses behind the LIST line of an entry. */
  after?(out: ResponseWriter, entry: ListEntry, args: Args, session: ImapSession): MaybePromise<void>
}

/** A parameter of CREATE (RFC 4466 §2.2). */
export interface CreateParameter {
  readonly name: string
  parse(cursor: Cursor): { readonly role?: string }
}

/** A word of ENABLE. */
export interface Enabling {
  readonly word: string
  /** How ENABLED spells it. Default: `word`. */
  readonly told?: string
  /** Called before any word of the command is enabled. @throws Refusal where it cannot be */
  check?(session: ImapSession): void
  /** Called once, when it is enabled. Default: nothing but to remember it. */
  apply?(session: ImapSession): MaybePromise<void>
}

/** What capability words may depend on. */
export interface CapabilityContext {
  readonly state: SessionState
  readonly link: Link
  /** `null` before login. */
  readonly account: Account | null
  readonly enabled: ReadonlySet<string>
  readonly session: ImapSession
}

/** Commands whose sets of messages can be bounded. UID commands count as the others; `FETCH PARTIAL` is UID FETCH with it. */
export type BoundedCommand = 'FETCH' | 'FETCH PARTIAL' | 'STORE' | 'SEARCH' | 'COPY' | 'MOVE' | 'UID EXPUNGE'

/** What a command may act on at once. */
export interface Bounded {
  readonly uids: UidSet
  /** The response code that tells of a bound that was reached; `null`: all of them. */
  readonly code: string | null
}

/** One unit that an application plugs in, or leaves out. */
export interface ImapExtension {
  /** For people and for leaving it out; by custom its first capability word. */
  readonly name: string
  /** Words of CAPABILITY. Words in a list are told after login; a function is asked at any time. */
  readonly capabilities?: readonly string[] | ((context: CapabilityContext) => readonly string[])
  /** Also tell a list of words before login. Default: false. */
  readonly beforeLogin?: boolean
  /** Names of extensions that must be plugged in, too; without them this one is not there either. */
  readonly requires?: readonly string[]
  /** Can it work over this account? Asked once at login; without it neither its words nor its commands are there. */
  available?(account: Account): boolean
  readonly commands?: readonly Command[]
  /** Asked before any command is parsed: refuses it by throwing. @throws Refusal */
  guard?(command: Command, session: ImapSession): void
  readonly fetchItems?: readonly FetchItem[]
  readonly fetchModifiers?: readonly FetchModifier[]
  readonly storeModifiers?: readonly StoreModifier[]
  readonly searchKeys?: readonly SearchKey[]
  readonly searchReturns?: readonly SearchReturn[]
  readonly sortCriteria?: readonly SortCriterion[]
  readonly threadAlgorithms?: readonly ThreadAlgorithm[]
  readonly viewChanges?: ViewChanges
  /** Hears of mailboxes that a command of the session has made, renamed or deleted, and of subscriptions. */
  mailboxesChanged?(session: ImapSession, ops: readonly Op[], done: CommitResult): void
  readonly statusItems?: readonly StatusItem[]
  readonly selectParameters?: readonly SelectParameter[]
  readonly createParameters?: readonly CreateParameter[]
  readonly listSelections?: readonly ListSelection[]
  readonly listReturns?: readonly ListReturn[]
  /** Attributes for every LIST response (special use). */
  listAttributes?(entry: ListEntry, session: ImapSession): readonly string[]
  readonly enables?: readonly Enabling[]
  /** Takes messages out of what a command acts on. @throws Refusal where the command does all or nothing */
  boundSet?(session: ImapSession, command: BoundedCommand, uids: UidSet): MaybePromise<Bounded>
  /** How many messages one APPEND may bring (RFC 3502). Default: the limit `literals`. */
  readonly appends?: number
  /** Response codes for the OK lines of SELECT, written with their text: `[HIGHESTMODSEQ 5] Highest`. */
  selectLines?(session: ImapSession, select: SelectContext): readonly string[]
  /** FETCH items told with every change of flags, when they are wanted (MODSEQ). */
  readonly updateItems?: readonly { readonly item: string; wanted(session: ImapSession): boolean }[]
}

export type * from './search-extension.js'
export type { MessageRow }
