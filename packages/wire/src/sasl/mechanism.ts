import type { Endpoint, TlsInfo } from '../link.js'
import type { ScramKeys } from './scram/secret.js'

/** Who was authenticated. */
export interface Identity {
  /** The account whose mail is served (the authorization identity). */
  readonly account: string
  /** Who acts, when it is not the account's owner (shared access, delegation). Default: the account. */
  readonly principal?: string
}

/** Where an authentication happens. */
export interface SaslContext {
  readonly service: 'smtp' | 'lmtp' | 'imap' | 'pop3'
  readonly tls: TlsInfo | null
  /** True when a password may cross this connection: it is encrypted, or policy says so (loopback). */
  readonly secure: boolean
  readonly remote: Endpoint
  readonly signal?: AbortSignal
}

/** A value, or the promise of one. */
export type MaybePromise<T> = T | Promise<T>

/** The SCRAM secrets of one user for one hash (RFC 5802 §3); no password among them. `deriveScramSecret` makes them. */
export interface ScramSecret extends ScramKeys {
  readonly identity: Identity
}

/**
 * What the application knows about its users. Each method is optional; a mechanism is offered only when the method
 * it needs is there. `null` means no; a thrown error is a temporary failure. Answer in the same time for unknown users.
 */
export interface CredentialVerifier {
  /** PLAIN, LOGIN, USER/PASS. `authorizationId` is `null` when the user acts as themself. */
  password?(
    attempt: { readonly user: string; readonly password: string; readonly authorizationId: string | null },
    context: SaslContext,
  ): MaybePromise<Identity | null>
  /**
   * SCRAM-SHA-1 and SCRAM-SHA-256, with and without channel binding. The name is prepared by SASLprep. Nobody has
   * logged in yet when this is asked.
   */
  scram?(user: string, hash: 'SHA-1' | 'SHA-256', context: SaslContext): MaybePromise<ScramSecret | null>
  /** OAUTHBEARER and XOAUTH2. */
  bearer?(
    attempt: { readonly user: string | null; readonly token: string },
    context: SaslContext,
  ): MaybePromise<Identity | null>
  /** EXTERNAL: the client's certificate is in `context.tls`. */
  certificate?(authorizationId: string | null, context: SaslContext): MaybePromise<Identity | null>
  /** The clear-text password, for CRAM-MD5 and APOP only. */
  sharedSecret?(user: string, context: SaslContext): MaybePromise<{ secret: string; identity: Identity } | null>
  /**
   * May somebody who has logged in by SCRAM act as another (`authorizationId`)? The identity to go on with, or `null`.
   * Without this method nobody may. `password`, `bearer` and `certificate` decide that themselves.
   */
  authorize?(identity: Identity, authorizationId: string, context: SaslContext): MaybePromise<Identity | null>
}

/** The short form that most applications need: a function from user and password to an account name. */
export type PasswordCheck = (
  user: string,
  password: string,
  context: SaslContext,
) => MaybePromise<string | Identity | null | undefined | false>

/** Makes a verifier of a password function. Acting as another user (`authorizationId`) is refused. */
export function verifyPasswords(check: PasswordCheck): CredentialVerifier {
  return {
    async password({ user, password, authorizationId }, context) {
      if (authorizationId !== null && authorizationId !== user) return null
      const result = await check(user, password, context)
      if (!result) return null
      return typeof result === 'string' ? { account: result } : result
    },
  }
}

/** What a mechanism answers to one response of the client. */
export type SaslStep =
  /** Say this (not base64 yet) and wait for the next response. */
  | { readonly type: 'challenge'; readonly data: Uint8Array }
  /** `data`: additional data of the server to be confirmed by an empty response where the profile has no room for it. */
  | { readonly type: 'success'; readonly identity: Identity; readonly data?: Uint8Array }
  | {
      readonly type: 'failure'
      /** `credentials`: wrong user or password. `malformed`: not the mechanism's syntax. `temporary`: cannot tell now. */
      readonly reason: 'credentials' | 'malformed' | 'temporary'
      /** The user name that was claimed, for logs and rate limits. */
      readonly user?: string
    }

/** One authentication in progress. */
export interface SaslExchange {
  /**
   * The client's next response, decoded from base64; `null` at the start when there was no initial response.
   * A rejected promise is a temporary failure.
   */
  respond(response: Uint8Array | null): MaybePromise<SaslStep>
}

/** One SASL mechanism (RFC 4422 §3), shared by all protocols. */
export interface SaslMechanism {
  /** As advertised: upper case. */
  readonly name: string
  /**
   * True when the server speaks first, so that a client has no initial response to send: the protocols then refuse one
   * (RFC 9051 §6.2.2, RFC 4954 §4). Default: false.
   */
  readonly serverFirst?: boolean
  /** True when it can be offered here: the verifier has what it needs, and a password may cross the connection. */
  available(verifier: CredentialVerifier, context: SaslContext): boolean
  start(verifier: CredentialVerifier, context: SaslContext): SaslExchange
}
