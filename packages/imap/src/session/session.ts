/** What commands and extensions see of a connection. `connection.ts` makes one. */
import type { Account, ModSeq } from '@posthouse/store-api'
import type {
  CredentialVerifier,
  Identity,
  Link,
  Log,
  LogEvent,
  MaybePromise,
  SaslContext,
  SaslMechanism,
} from '@posthouse/wire'
import type { ImapLimits } from '../engine/limits.js'
import type { SessionState } from '../engine/states.js'
import type { ResponseWriter } from '../syntax/writer.js'
import type { Namespaces } from './namespaces.js'
import type { Parts } from './parts.js'
import type { KeyCache } from './sort/key-cache.js'
import type { MailboxView } from './view/mailbox-view.js'
import type { RecentUids } from './view/recent.js'
import type { SharedUids } from './view/shared-uids.js'
import type { SynchronizeOptions } from './view/synchronize.js'

/** What all sessions of a server share. */
export interface ServerSetup {
  readonly hostname: string
  readonly limits: ImapLimits
  readonly verifier: CredentialVerifier
  readonly mechanisms: readonly SaslMechanism[]
  readonly allowInsecureAuth: boolean | 'loopback'
  /** BODY[...] may hold NUL. */
  readonly preservesNul: boolean
  readonly partsFor: (account: Account | null) => Parts
  /** Where the mailboxes of others are shown; `null`: the store has none to show. */
  readonly namespaces: Namespaces | null
  /** UIDs of the mailboxes that are open, shared by their views. */
  readonly uids: SharedUids
  /** Which messages no session was told of. */
  readonly recent: RecentUids
  readonly openAccount: (account: string, principal: string) => Promise<Account>
  readonly identification: readonly (readonly [string, string])[]
  readonly capabilityFilter: ((words: readonly string[], session: ImapSession) => readonly string[]) | null
  /** What messages are sorted and threaded by. */
  readonly keyCache: KeyCache
  readonly log: Log
}

/** One connection, for the commands that run on it. */
export interface ImapSession {
  readonly server: ServerSetup
  readonly link: Link
  readonly limits: ImapLimits
  readonly state: SessionState
  /** The tag of the command that runs. */
  readonly tag: string
  /** What is plugged in and possible over the account. */
  readonly parts: Parts
  /** Who logged in; `null` before. */
  readonly identity: Identity | null
  /** The account. @throws Refusal before login. */
  readonly account: Account
  /** The selected mailbox. @throws Refusal when there is none. */
  readonly view: MailboxView
  /** The selected mailbox, or `null`. */
  readonly selected: MailboxView | null
  /** Words that were enabled, upper case (RFC 5161), and what CONDSTORE's commands enable by themselves. */
  readonly enabled: Set<string>
  /** Untagged responses are written here. */
  readonly out: ResponseWriter
  /** What the client said of itself (RFC 2971), names in lower case. */
  readonly client: ReadonlyMap<string, string>
  /** Values of extensions for this connection, by the extension's name. */
  readonly values: Map<string, unknown>
  /** True when names and strings are UTF-8 (IMAP4rev2 or UTF8=ACCEPT enabled). */
  readonly utf8: boolean

  capabilities(): readonly string[]
  log(event: Omit<LogEvent, 'connection'>): void
  sasl(): SaslContext
  /** Counts a failed login; gives how many there were on this connection. */
  loginFailed(): number
  /** Opens an account and enters the authenticated state. */
  open(account: string, principal: string): Promise<void>
  /** Forgets the login (UNAUTHENTICATE). */
  leave(): Promise<void>
  /** Selects a mailbox, or none. */
  select(view: MailboxView | null): void
  /** Enables a word; false when it already was. */
  enable(word: string): MaybePromise<boolean>
  /**
   * Enables a word that the command makes use of (RFC 7162 §3.1), and tells `line` of it. Both are taken back when the
   * command ends in BAD.
   */
  imply(word: string, line: string | null): void
  identify(client: ReadonlyMap<string, string>): void
  /** Hands what is written to the connection. A promise when the client is slow: wait before writing more. */
  flush(): void | Promise<void>
  /** As `flush`, but only when much is written; then it is also a place to give way. */
  flushMuch(): void | Promise<void>
  /** A place to give way within long work, also within a response: a promise where others have to have their turn. */
  pause(): void | Promise<void>
  /**
   * Sends octets of a literal behind what is written: few are copied, many leave as they are. A promise when the client
   * is slow; when it settles, the memory may be used again.
   */
  pass(octets: Uint8Array): void | Promise<void>
  /** Tells what has changed in the selected mailbox. */
  synchronize(expunges: boolean, how?: SynchronizeOptions): Promise<void>
  /** Notes that the selected mailbox has changed, with what the store said of it. */
  touch(modseq?: ModSeq): void
  /** Calls back at hints of the store until the returned function is called. */
  watch(listener: (mailbox: string | undefined, modseq: ModSeq | undefined) => void): () => void
  /**
   * Says something without being asked: runs `task`, which writes to `out`, as soon as no command is in progress; the
   * next command waits for it. When the selected mailbox turns out to be gone, the connection ends with BYE.
   */
  push(task: () => Promise<void>): void
  /** LOGOUT: the connection ends behind the tagged response. */
  logout(): void
  /** Encrypts behind the tagged response. */
  startTls(): void
  /** Compresses behind the tagged response. */
  compress(): void
}
