/**
 * The GS2 header (RFC 5801 §4), with which SCRAM and OAUTHBEARER messages begin: whether the channel is bound, and
 * the identity to act as.
 */
import { decodeSaslName } from './text.js'

export interface Gs2Header {
  /** `n`: the client knows no channel binding. `y`: it does, and thinks that the server does not. `p`: it is used. */
  readonly flag: 'n' | 'y' | 'p'
  /** The name behind `p=`. */
  readonly binding: string | null
  /** The authorization identity, or `null` to act as oneself. */
  readonly authorizationId: string | null
  /** Characters of the header with both commas. */
  readonly length: number
}

/** Reads the header at the start of a message. `null` when it is malformed. */
export function parseGs2Header(text: string): Gs2Header | null {
  const first = text.indexOf(',')
  const second = first === -1 ? -1 : text.indexOf(',', first + 1)
  if (second === -1) return null
  const flag = text[0]
  let binding: string | null = null
  if (flag === 'p') {
    if (text[1] !== '=' || first < 3) return null
    binding = text.slice(2, first)
  } else if ((flag !== 'n' && flag !== 'y') || first !== 1) return null
  let authorizationId: string | null = null
  if (second > first + 1) {
    if (!text.startsWith('a=', first + 1)) return null
    authorizationId = decodeSaslName(text.slice(first + 3, second))
    if (authorizationId === null) return null
  }
  return { flag, binding, authorizationId, length: second + 1 }
}
