/**
 * The states of an SMTP or LMTP connection on the server's side (RFC 5321 §4.1.4), and what may be said in each.
 *
 * ```
 *              220            EHLO            MAIL          RCPT          DATA          .
 *   connect ─────────▶ initial ────▶ greeted ─────▶ mail ─────▶ rcpt ─────────▶ data ─────▶ greeted
 *                                     │  ▲  ▲                    │  ▲            BDAT         ▲
 *                                AUTH ▼  │  └── RSET, EHLO       ▼  │ (not LAST)             │
 *                                     auth                       chunk ──────────── LAST ─────┘
 * ```
 *
 * Moves happen when the reply is sent, not when the command comes: a refused RCPT does not lead to `rcpt`.
 */
import type { Command } from '../syntax/command.js'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'

/** Where the server is in its dialogue. */
export type State =
  /** Nothing has been said; the server's greeting comes first. */
  | 'connect'
  /** Greeted, but no EHLO yet. */
  | 'initial'
  /** Between transactions. */
  | 'greeted'
  /** There is a sender. */
  | 'mail'
  /** There is at least one recipient. */
  | 'rcpt'
  /** BDAT: part of a message has come, and more must. */
  | 'chunking'
  /** A chunk was refused: RSET or a new greeting must follow (RFC 3030 §2). */
  | 'chunking-failed'
  /** An authentication is going on: lines are responses. */
  | 'auth'
  /** Octets are a message that ends with CRLF "." CRLF. */
  | 'data'
  /** Octets are a chunk of a known size. */
  | 'chunk'
  /** TLS comes next; no octet may be read before it. */
  | 'tls'
  /** The last word is said. */
  | 'closed'

/** SMTP, which answers once for a message, or LMTP, which answers for each recipient (RFC 2033). */
export type Dialect = 'smtp' | 'lmtp'

/** Why a command is not allowed now, or `null` when it is. */
export function refusal(state: State, dialect: Dialect, verb: Command['verb']): Reply | null {
  switch (verb) {
    case 'LHLO':
      return dialect === 'lmtp' ? null : replies.unknownCommand()
    case 'EHLO':
    case 'HELO':
      // RFC 2033 §4.1: an LMTP server refuses both, so that no SMTP client takes it for a server of its own kind.
      return dialect === 'smtp' ? null : replies.unknownCommand()
    case 'MAIL':
      if (state === 'initial') return replies.needGreeting(dialect === 'lmtp' ? 'LHLO' : 'EHLO')
      return state === 'greeted' ? null : replies.badSequence('A transaction is in progress; say RSET first')
    case 'RCPT':
      if (state === 'chunking') return replies.badSequence('The message has begun')
      return state === 'mail' || state === 'rcpt' ? null : replies.badSequence('Say MAIL first')
    case 'DATA':
      if (state === 'mail') return replies.noValidRecipients()
      // RFC 3030 §2: DATA and BDAT are not mixed.
      if (state === 'chunking') return replies.badSequence('The message goes on with BDAT')
      return state === 'rcpt' ? null : replies.badSequence('Say MAIL and RCPT first')
    case 'BDAT':
      if (state === 'mail') return replies.noValidRecipients()
      if (state === 'chunking-failed') return replies.badSequence('The message was refused; say RSET')
      return state === 'rcpt' || state === 'chunking' ? null : replies.badSequence('Say MAIL and RCPT first')
    case 'AUTH':
      if (state === 'initial') return replies.needGreeting(dialect === 'lmtp' ? 'LHLO' : 'EHLO')
      // RFC 4954 §4: not during a mail transaction.
      return state === 'greeted' ? null : replies.badSequence('Not during a mail transaction')
    case 'STARTTLS':
      if (state === 'initial') return replies.needGreeting(dialect === 'lmtp' ? 'LHLO' : 'EHLO')
      return state === 'greeted' ? null : replies.badSequence('Not during a mail transaction')
    default:
      return null
  }
}
