/**
 * Why a login by SASL cannot go on.
 * - `no-mechanism`: the peers have no mechanism in common that policy and credentials allow
 * - `credentials`: a user name or password cannot be sent as it is
 * - `challenge`: the server said something that the mechanism has no place for
 * - `server-unverified`: the server did not prove that it knows the user; nothing it says is to be believed
 * - `rejected`: the server refused, and said why in the mechanism's own words
 * - `options`: a function was called with options that do not work
 */
export type SaslErrorCode = 'no-mechanism' | 'credentials' | 'challenge' | 'server-unverified' | 'rejected' | 'options'

/** See `SaslErrorCode`. The message never holds a secret. */
export class SaslError extends Error {
  override readonly name = 'SaslError'
  readonly code: SaslErrorCode
  constructor(code: SaslErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
