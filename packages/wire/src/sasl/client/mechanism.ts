/** SASL from the client's side: one small exchange for each mechanism, and who may use it where. */
import type { TlsInfo } from '../../link.js'
import type { MaybePromise } from '../mechanism.js'

/** What a client logs in with. Give what you have; the strongest mechanism that can use it is taken. */
export interface SaslCredentials {
  readonly user?: string
  readonly password?: string
  /** An OAuth 2.0 access token, or a function that gets a fresh one for each login. */
  readonly token?: string | (() => MaybePromise<string>)
  /** The TLS connection has a client certificate that is to be used (EXTERNAL). Default: false. */
  readonly certificate?: boolean
  /** Act as this user. Default: as oneself. */
  readonly authorizationId?: string
}

/** Where a client logs in. */
export interface SaslClientContext {
  /** Host and port as the user knows them (OAUTHBEARER tells them to the server). */
  readonly host: string
  readonly port: number
  readonly tls: TlsInfo | null
  /** True when a password or token may cross this connection. */
  readonly secure: boolean
  /** Mechanism names that the server offers, in upper case. */
  readonly offered: ReadonlySet<string>
}

/** One login in progress. */
export interface SaslClientExchange {
  /** The first response; `null` when the server speaks first. Call it once, before anything else. */
  start(): MaybePromise<Uint8Array | null>
  /**
   * Answers a challenge.
   * @throws SaslError when the challenge is none of this mechanism, or the server is not who it says: cancel the login.
   */
  respond(challenge: Uint8Array): MaybePromise<Uint8Array>
  /**
   * The server said that the login succeeded.
   * @throws SaslError `server-unverified` when the mechanism proves the server and this one has not: hang up.
   */
  finish(): void
  /** Why the server refused, when the mechanism had words for it (OAuth's error JSON). */
  readonly refusal: string | null
}

/** One mechanism, as a client speaks it. */
export interface SaslClientMechanism {
  /** As servers announce it: upper case. */
  readonly name: string
  /** True when the credentials have what it needs and the connection is good enough for it. */
  usable(credentials: SaslCredentials, context: SaslClientContext): boolean
  start(credentials: SaslCredentials, context: SaslClientContext): SaslClientExchange
}
