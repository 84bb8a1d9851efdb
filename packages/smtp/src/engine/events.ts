/** What the SMTP engine tells (events), and what it is told (answers). */
import type { Command } from '../syntax/command.js'
import type { Reply } from '../syntax/reply.js'
import type { ContentDefects } from './content.js'

/** What the server engine has read. */
export type SmtpEvent =
  /** A command that is allowed here. Wants a reply. BDAT comes as `chunk-start`. */
  | { readonly type: 'command'; readonly command: Exclude<Command, { readonly verb: 'BDAT' }> }
  /**
   * A line that is no command, or one that is not allowed here. Wants a reply: `reply` is the right one.
   * `close`: nothing sound can follow; the connection is over with the reply.
   */
  | { readonly type: 'refused'; readonly name: string; readonly reply: Reply; readonly close: boolean }
  /** The client's next response in an authentication, not decoded yet. Wants a reply. A view. */
  | { readonly type: 'auth-response'; readonly response: Uint8Array }
  /** The client gave the authentication up (`*`). Wants a reply. */
  | { readonly type: 'auth-cancelled' }
  /** BDAT: a piece of a message begins (RFC 3030). No reply yet: its octets come at once. `first`: of a message. */
  | { readonly type: 'chunk-start'; readonly size: number; readonly last: boolean; readonly first: boolean }
  /**
   * Octets of the message, without dot-stuffing. A view; wants nothing. Empty when octets have come of which none is taken:
   * the message is too big, or the content policy leaves them out.
   */
  | { readonly type: 'message-octets'; readonly octets: Uint8Array }
  /** A chunk that is not the last one has come. Wants a reply. */
  | { readonly type: 'chunk-end'; readonly oversize: boolean }
  /** The message is complete. Wants a reply; in LMTP one for each recipient that was accepted. */
  | {
      readonly type: 'message-end'
      /** Octets that came out as `message-octets`. */
      readonly size: number
      /** It was bigger than the limit: only its front came out. */
      readonly oversize: boolean
      /** A rule of the content policy refuses it. */
      readonly refused: boolean
      readonly defects: ContentDefects
    }

/** One reply; several for the recipients of an LMTP message, in the order in which they were accepted. */
export type SmtpAnswer = Reply | readonly Reply[]
