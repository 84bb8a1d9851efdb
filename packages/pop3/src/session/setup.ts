import type { MailStore } from '@posthouse/store-api'
import type { CredentialVerifier, Log, SaslMechanism } from '@posthouse/wire'
import type { Pop3Limits } from '../engine/limits.js'
import type { MaildropOptions } from './options.js'
import type { KeptUniqueIds, UniqueIdMaker } from './unique-id.js'

/** What every connection of a server shares. */
export interface ServerSetup extends Required<MaildropOptions> {
  readonly hostname: string
  readonly implementation: string
  readonly store: MailStore
  readonly verifier: CredentialVerifier
  readonly mechanisms: readonly SaslMechanism[]
  readonly allowInsecureAuth: boolean | 'loopback'
  readonly apop: boolean
  readonly expire: number | 'never' | null
  /** Seconds. */
  readonly loginDelay: number
  readonly markSeen: boolean
  readonly uniqueId: UniqueIdMaker
  /** The unique-ids are the application's, and may be made of emailIds. */
  readonly wantsEmailIds: boolean
  readonly keptUniqueIds: KeptUniqueIds | null
  readonly utf8Headers: 'surrogate' | 'as-stored'
  readonly limits: Pop3Limits
  readonly log: Log | null
  /** Account names whose maildrop is open, when it is opened by one session at a time. */
  readonly locked: Set<string> | null
  /** When each account logged in last; only with a login delay. */
  readonly logins: Map<string, number>
}
