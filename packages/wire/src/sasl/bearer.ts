/** What XOAUTH2 and OAUTHBEARER share: fields between U+0001, a token, and a refusal that the client confirms. */
import { fromUtf8 } from '../bytes.js'
import { outcome } from './authorize.js'
import type { CredentialVerifier, Identity, SaslContext, SaslExchange, SaslStep } from './mechanism.js'
import { strictUtf8 } from './text.js'

/** What the refusal tells a client about getting a better token (RFC 7628 §3.2.2). */
export interface BearerOptions {
  /** The scope that a token needs. */
  readonly scope?: string
  /** Where the authorization server's metadata is (OAUTHBEARER only). */
  readonly openidConfiguration?: string
}

/** What the first response says. An empty token asks for the refusal and what it tells. */
export interface BearerRequest {
  readonly user: string | null
  readonly token: string
}

const MALFORMED: SaslStep = { type: 'failure', reason: 'malformed' }

/** The token of `Bearer <token>`; the scheme's case does not matter (RFC 7628 §3.1). `null`: another scheme. */
export function bearerToken(auth: string): string | null {
  if (auth === '') return ''
  if (auth.slice(0, 7).toLowerCase() !== 'bearer ') return null
  const token = auth.slice(7).trim()
  for (let i = 0; i < token.length; i++) {
    const code = token.charCodeAt(i)
    if (code < 33 || code > 126) return null
  }
  return token
}

/** `key=value` fields, each with U+0001 behind it, and one more at the end. `null` when they are not. */
export function bearerFields(text: string): ReadonlyMap<string, string> | null {
  if (!text.endsWith('\x01')) return null
  const fields = new Map<string, string>()
  for (const field of text.slice(0, -1).split('\x01')) {
    if (field === '') continue
    const equals = field.indexOf('=')
    if (equals < 1 || fields.has(field.slice(0, equals))) return null
    fields.set(field.slice(0, equals), field.slice(equals + 1))
  }
  return fields
}

/** One login with a token. */
export function bearerExchange(
  verifier: CredentialVerifier,
  context: SaslContext,
  read: (text: string) => BearerRequest | null,
  refusal: () => object,
): SaslExchange {
  let asked = false
  let refused: { readonly user: string | null } | null = null
  return {
    async respond(response) {
      // Whatever the client says to the refusal, it is over (RFC 7628 §3.2.3: U+0001; XOAUTH2: nothing).
      if (refused) return outcome(null, refused.user)
      if (response === null) {
        if (asked) return MALFORMED
        asked = true
        return { type: 'challenge', data: new Uint8Array(0) }
      }
      const text = strictUtf8(response)
      const request = text === null ? null : read(text)
      if (request === null) return MALFORMED
      let identity: Identity | null = null
      if (request.token !== '') identity = (await verifier.bearer?.(request, context)) ?? null
      if (identity) return { type: 'success', identity }
      refused = { user: request.user }
      return { type: 'challenge', data: fromUtf8(JSON.stringify(refusal())) }
    },
  }
}
