import type { SaslClientMechanism, SaslCredentials } from '@posthouse/wire'
import type { Dialect } from '../engine/states.js'
import type { TranscriptLine } from '../engine/transcript.js'
import type { Timer } from './conversation.js'
import type { OutgoingContentRule } from './engine/index.js'
import type { SmtpClientLimits } from './limits.js'

/** How a client speaks to its server. */
export interface SmtpClientOptions {
  /** The server's name as the user knows it: for OAUTHBEARER. */
  readonly host: string
  readonly port: number
  /** LMTP (RFC 2033) has one reply for each recipient. Default: `smtp`. */
  readonly protocol?: Dialect
  /** What the client calls itself in EHLO: a name, or an address in brackets. Default: its address, in brackets. */
  readonly hostname?: string
  /**
   * STARTTLS: `never`, `opportunistic` (when the server offers it), `required` (or give up). Nothing to do when the
   * connection is encrypted already. Default: `required`.
   */
  readonly tls?: 'never' | 'opportunistic' | 'required'
  /** What to log in with: `{ user, password }`, a token, a certificate. Default: no login. */
  readonly auth?: SaslCredentials | null
  /** In order of preference. Default: all but CRAM-MD5, the strongest first. */
  readonly mechanisms?: readonly SaslClientMechanism[]
  /** May a password or token cross a connection in clear text? `loopback`: on this machine. Default: `loopback`. */
  readonly allowInsecureAuth?: boolean | 'loopback'
  /** What happens to a bare CR, a bare LF or a NUL in messages: none is ever sent. Default: `normalize`. */
  readonly content?: OutgoingContentRule
  /**
   * A message that the server cannot take (no 8BITMIME, no BINARYMIME) is converted, which breaks signatures over it,
   * or refused with 5.6.3. Default: `convert`.
   */
  readonly downgrade?: 'convert' | 'refuse'
  /**
   * Extensions that are not to be used although the server announces them, in upper case: `['CHUNKING']` sends by DATA,
   * `['PIPELINING']` says one command at a time. Default: none.
   */
  readonly ignore?: readonly string[]
  /** Everything that can grow or last. */
  readonly limits?: Partial<SmtpClientLimits>
  /** Is told every line of the dialogue; secrets are masked, and of messages there is only the size. */
  readonly transcript?: (line: TranscriptLine) => void
  /** The clock. Default: that of the runtime. */
  readonly timer?: Timer
}
