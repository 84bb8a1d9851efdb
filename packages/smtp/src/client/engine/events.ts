/** What the engine of a client is told (requests), and what it tells (events). */
import type { Mailbox } from '../../syntax/address.js'
import type { Parameters } from '../../syntax/parameters.js'
import type { ServerReply } from './reply-input.js'

/** What a client says. */
export type SmtpClientRequest =
  | { readonly type: 'hello'; readonly verb: 'EHLO' | 'HELO' | 'LHLO'; readonly name: string }
  | { readonly type: 'starttls' }
  /** `response` is base64 already; `null`: none is sent with the command. */
  | { readonly type: 'auth'; readonly mechanism: string; readonly response: string | null }
  /** Answers a challenge: base64, or `*` to give the authentication up. */
  | { readonly type: 'auth-response'; readonly response: string }
  | { readonly type: 'mail'; readonly reversePath: Mailbox | null; readonly parameters: Parameters }
  | { readonly type: 'rcpt'; readonly forwardPath: Mailbox; readonly parameters: Parameters }
  /** Asks to send the message by DATA; octets follow when the reply is 354. */
  | { readonly type: 'data' }
  /** The message follows at once, by BDAT (RFC 3030). `binary`: MAIL had BODY=BINARYMIME. */
  | { readonly type: 'bdat'; readonly binary: boolean }
  /** Octets of the message, as they are: dots are added here. They must not change until the reply to the message. */
  | { readonly type: 'octets'; readonly octets: Uint8Array }
  /** The message is complete. */
  | { readonly type: 'end' }
  | { readonly type: 'rset' }
  | { readonly type: 'noop' }
  | { readonly type: 'quit' }
  /** A command of an extension. */
  | { readonly type: 'other'; readonly name: string; readonly argument: string }

/** What a reply is for; `message`: the whole message, behind its last octet. Other names are those of extensions. */
export type Replied =
  | 'greeting'
  | 'EHLO'
  | 'HELO'
  | 'LHLO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'BDAT'
  | 'message'
  | 'RSET'
  | 'NOOP'
  | 'QUIT'
  | (string & {})

/** What the client engine has read. */
export type SmtpClientEvent =
  | {
      readonly type: 'reply'
      readonly command: Replied
      readonly reply: ServerReply
      /**
       * The place of the recipient among those of the transaction that the reply is about: for RCPT, and for the
       * replies to a message in LMTP and with PRDR. `null`: all of them, or none.
       */
      readonly recipient: number | null
      /** False when more replies to the same command follow. */
      readonly done: boolean
    }
  /** The server wants a response in an authentication. `data` is base64. */
  | { readonly type: 'challenge'; readonly data: string }
  /** The server gives up without being asked: 421, or a refusal in the middle of a message. */
  | { readonly type: 'closing'; readonly reply: ServerReply }
  /** Not SMTP, or not what was asked. Nothing sound can follow: hang up. */
  | { readonly type: 'violation'; readonly message: string }
