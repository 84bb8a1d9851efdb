/** Puts a server together. */
import { type Account, type MailStore, withShared } from '@posthouse/store-api'
import {
  type CredentialVerifier,
  checkOneOf,
  checkOptions,
  type Link,
  type Log,
  type MaybePromise,
  type OptionTable,
  type PasswordCheck,
  type Protocol,
  type SaslMechanism,
  standardMechanisms,
  verifyPasswords,
  withLimits,
} from '@posthouse/wire'
import type { ImapEvent, ImapReply } from '../engine/events.js'
import { DEFAULT_LIMITS, type ImapLimits } from '../engine/limits.js'
import { createConnection } from './connection/index.js'
import type { ImapExtension } from './extension.js'
import { core, standardExtensions } from './extensions/index.js'
import { type NamespaceOptions, namespacesOf, prefixOf } from './namespaces.js'
import { partsMaker } from './parts.js'
import type { ImapSession, ServerSetup } from './session.js'
import { KeyCache } from './sort/key-cache.js'
import { RecentUids } from './view/recent.js'
import { SharedUids } from './view/shared-uids.js'

/** What an IMAP server is made of. */
export interface ImapServerOptions {
  /** The server's own name, in the greeting. Default: `localhost`. */
  readonly hostname?: string
  /**
   * Where the mail is. A store with `sharedWith` also shows what others share: the server puts it into `namespaces`
   * (do not wrap the store in `withShared` yourself).
   */
  readonly store: MailStore
  /** What the mailboxes of others are called. `false`: they are not shown. Default: `Other Users/owner/...`. */
  readonly namespaces?: NamespaceOptions | false
  /** Groups of somebody who has logged in, as access lists name them. Default: none. */
  readonly groups?: (principal: string) => MaybePromise<readonly string[]>
  /**
   * How users log in: a function of user and password, or a verifier. It may throw a `Refusal` with an answer of its own,
   * where more can be said than that the login has failed (RFC 5530): `EXPIRED`, `CONTACTADMIN`, `AUTHORIZATIONFAILED`;
   * `ALERT` for a text that clients show. Any other error means that it cannot tell now (`UNAVAILABLE`).
   */
  readonly authenticate: PasswordCheck | CredentialVerifier
  /** May passwords cross a connection in clear text? `loopback`: when both ends are on this machine. Default: `loopback`. */
  readonly allowInsecureAuth?: boolean | 'loopback'
  /** In order of preference. Default: `standardMechanisms()`, of which those are offered that `authenticate` can check. */
  readonly mechanisms?: readonly SaslMechanism[]
  /**
   * What the server can do beside the base protocol. Default: `standardExtensions`. To leave one out, filter that list
   * by name; to add your own, put it behind.
   */
  readonly extensions?: readonly ImapExtension[]
  readonly limits?: Partial<ImapLimits>
  /**
   * How a NUL in a message is sent in BODY[...]: `replace` by the octet 128, because a literal must not hold one (RFC 9051
   * §4.3), or `preserve`, for a store that keeps them and clients that read literals by their length. BINARY always has
   * them. Default: `replace`.
   */
  readonly nul?: 'replace' | 'preserve'
  /** What ID tells (RFC 2971). Default: the name Posthouse. */
  readonly identification?: Readonly<Record<string, string>>
  /** The last word on CAPABILITY: hides words from clients that cannot cope with them. */
  readonly capabilities?: (words: readonly string[], session: ImapSession) => readonly string[]
  /**
   * Takes log events, and those of listeners that have no log. Default: the listener's log; where neither has one, errors go to
   * `console.error`.
   */
  readonly log?: Log
}

/** A server that `listen` of `@posthouse/imap/node` serves. */
export type ImapServer = Protocol<ImapEvent, ImapReply>

const OPTIONS: OptionTable<ImapServerOptions> = {
  hostname: 0,
  store: 1,
  namespaces: 0,
  groups: 0,
  authenticate: 1,
  allowInsecureAuth: 0,
  mechanisms: 0,
  extensions: 0,
  limits: 0,
  nul: 0,
  identification: 0,
  capabilities: 0,
  log: 0,
}

/**
 * Makes an IMAP4rev1 and IMAP4rev2 server (RFC 3501, RFC 9051) over a store.
 * @throws TypeError for options or limits that there are not, that are missing, or of another kind; RangeError for a limit
 * below 0.
 */
export function createImapServer(options: ImapServerOptions): ImapServer {
  checkOptions('createImapServer', options, OPTIONS)
  checkOneOf('nul', options.nul, ['replace', 'preserve'])
  const { authenticate, groups } = options
  const namespaces = options.namespaces === false ? null : namespacesOf(options.store, options.namespaces)
  const store = namespaces ? withShared(options.store, { prefixOf: prefixOf(namespaces) }) : options.store
  const extensions = options.extensions ?? standardExtensions
  const limits = withLimits(DEFAULT_LIMITS, options.limits)
  const setup: Omit<ServerSetup, 'log'> = {
    hostname: options.hostname ?? 'localhost',
    // RFC 7888 §5: LITERAL- does without waiting for small literals only.
    limits: promisesAnyLiteral(extensions)
      ? limits
      : { ...limits, nonSyncLiteral: Math.min(limits.nonSyncLiteral, 4096) },
    verifier: typeof authenticate === 'function' ? verifyPasswords(authenticate) : authenticate,
    mechanisms: options.mechanisms ?? standardMechanisms(),
    allowInsecureAuth: options.allowInsecureAuth ?? 'loopback',
    preservesNul: options.nul === 'preserve',
    partsFor: partsMaker([core, ...extensions]),
    async openAccount(account: string, principal: string): Promise<Account> {
      return store.open(account, groups ? { principal, groups: await groups(principal) } : { principal })
    },
    namespaces,
    uids: new SharedUids(),
    recent: new RecentUids(limits.recentMailboxes),
    identification: Object.entries(options.identification ?? { name: 'Posthouse' }),
    capabilityFilter: options.capabilities ?? null,
    keyCache: new KeyCache(limits.cachedKeys),
  }
  return {
    name: 'imap',
    ...(options.log && { log: options.log }),
    connect: (link: Link) => createConnection({ ...setup, log: options.log ?? link.log }, link),
  }
}

/** False when LITERAL- is told and LITERAL+ is not. */
function promisesAnyLiteral(extensions: readonly ImapExtension[]): boolean {
  const names = new Set(extensions.map(({ name }) => name))
  return names.has('LITERAL+') || !names.has('LITERAL-')
}
