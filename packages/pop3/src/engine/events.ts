import type { Pop3Command } from '../syntax/command.js'

/** What the engine tells. All want a reply. */
export type Pop3Event =
  | { readonly type: 'command'; readonly command: Pop3Command }
  /** The client's next response in an authentication, not decoded yet. A view. */
  | { readonly type: 'auth-response'; readonly response: Uint8Array }
  /** The client gave the authentication up (`*`). */
  | { readonly type: 'auth-cancelled' }
  /** A line that is too long; it was skipped to its end. */
  | { readonly type: 'line-too-long' }
  /** A line that is not UTF-8 (RFC 6856 §2.2), or holds NUL. */
  | { readonly type: 'not-text' }
  /** Nothing sound can follow: a bare LF as a line end, a line without an end, octets behind STLS. Close. */
  | { readonly type: 'violation'; readonly message: string }

/** What the engine is told. */
export type Pop3Reply =
  /** `+OK` or `-ERR`. `code`: a response code of RFC 2449 §8 or RFC 3206, without brackets. */
  | { readonly type: 'status'; readonly ok: boolean; readonly text: string; readonly code?: string }
  /** `+ ` and a challenge, base64 already. */
  | { readonly type: 'challenge'; readonly data: string }
  /** `+OK`, then lines, then the final dot. The lines end with CRLF each, and none begins with a dot. */
  | { readonly type: 'lines'; readonly text: string; readonly lines: string }
  /** `+OK`: octets follow by `octets`, already stuffed, and the last of them by `end`. */
  | { readonly type: 'start'; readonly text: string }
  | { readonly type: 'octets'; readonly pieces: readonly Uint8Array[] }
  | { readonly type: 'end'; readonly octets: Uint8Array }
