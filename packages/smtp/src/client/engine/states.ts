/**
 * The states of an SMTP or LMTP connection on the client's side: where the client is when all it has said succeeds.
 *
 * ```
 *            greeting          EHLO             MAIL          RCPT           DATA           354
 *   connect ──────────▶ initial ────▶ greeted ──────▶ mail ─────▶ rcpt ──────────▶ data-asked ──▶ data
 *                                     │  ▲ ▲ ▲                    │  └─▶ bdat                      │
 *                                AUTH ▼  │ │ └──────── RSET ──────┘        │ last octet             │ dot
 *                                     auth └───────────────────────────────┴────────────────────────┘
 * ```
 *
 * With PIPELINING (RFC 2920) a client is ahead of the replies: MAIL, RCPT and DATA or BDAT leave in one write, and
 * each reply that is a refusal takes its part of the transaction back.
 */
import type { SmtpClientRequest } from './events.js'

/** Where the client is in its dialogue. */
export type ClientState =
  /** The server has not greeted. */
  | 'connect'
  /** Greeted, but no EHLO. */
  | 'initial'
  /** Between transactions. */
  | 'greeted'
  | 'mail'
  | 'rcpt'
  /** DATA is said. */
  | 'data-asked'
  /** The server takes the octets of a message that ends with a dot. */
  | 'data'
  /** Octets of a message leave in chunks. */
  | 'bdat'
  /** An authentication is going on. */
  | 'auth'
  /** The handshake comes next. */
  | 'tls'
  /** QUIT is said, or the server closes the connection. */
  | 'closed'

const BETWEEN: readonly ClientState[] = ['greeted']
const COMMANDS: readonly ClientState[] = ['initial', 'greeted', 'mail', 'rcpt']

/** Where a request is allowed. */
const ALLOWED: Readonly<Record<SmtpClientRequest['type'], readonly ClientState[]>> = {
  hello: ['initial', 'greeted'],
  starttls: BETWEEN,
  auth: BETWEEN,
  'auth-response': ['auth'],
  mail: BETWEEN,
  rcpt: ['mail', 'rcpt'],
  data: ['rcpt'],
  bdat: ['rcpt'],
  octets: ['data', 'bdat'],
  end: ['data', 'bdat'],
  rset: ['greeted', 'mail', 'rcpt', 'bdat'],
  noop: COMMANDS,
  quit: [...COMMANDS, 'connect', 'bdat'],
  other: COMMANDS,
}

/** True when a request may be made in a state. */
export function allowed(state: ClientState, type: SmtpClientRequest['type']): boolean {
  return ALLOWED[type].includes(state)
}

/** RFC 2920 §3.1: nothing may be said behind these until they are answered. */
export function endsBatch(type: SmtpClientRequest['type']): boolean {
  return ['hello', 'starttls', 'auth', 'data', 'end', 'quit', 'noop', 'other'].includes(type)
}
