/** What an IMAP engine says and hears. */

/** The text of a command so far: its lines, with the literals in place. */
export interface CommandText {
  readonly tag: string
  /** Upper case; `UID FETCH` is one name. */
  readonly name: string
  /** The command as it came. Valid as long as the event. */
  readonly bytes: Uint8Array
  /** Where the arguments begin: behind the name, at the space. */
  readonly at: number
}

/** Events of the engine, in the order of the wire. */
export type ImapEvent =
  /** A whole command. Answer with `completion`, or with `prompt` to hear a line first. */
  | ({ readonly type: 'command' } & CommandText)
  /**
   * A literal that is a message (APPEND, REPLACE) was announced. `bytes` end with the announcement. Answer with
   * `accept`, or refuse the whole command with `completion`.
   */
  | ({
      readonly type: 'literal-start'
      readonly size: number
      readonly sync: boolean
      readonly binary: boolean
    } & CommandText)
  /** Octets of that message: a view of the chunk that was received. Needs no answer. */
  | { readonly type: 'message-bytes'; readonly bytes: Uint8Array }
  /** The message is complete. Needs no answer; `literal-start` or `command-end` follow. */
  | { readonly type: 'literal-end' }
  /** The end of a command with messages: `bytes` is the text behind the last one. Answer with `completion`. */
  | ({ readonly type: 'command-end' } & CommandText)
  /** A line that was asked for by `prompt`, without its line end. `null`: it was too long. */
  | { readonly type: 'line'; readonly line: Uint8Array | null }
  /** What came is no command, or breaks a limit. Answer with `completion`; with `fatal`, close behind it. */
  | { readonly type: 'refused'; readonly tag: string | null; readonly text: string; readonly fatal: boolean }

/** What can be said to an engine. All octets are finished lines. */
export type ImapReply =
  /** Untagged responses: legal always. */
  | { readonly type: 'untagged'; readonly bytes: Uint8Array }
  /** Send the announced message. */
  | { readonly type: 'accept' }
  /** A command continuation request; one line of the client comes next as `line`. */
  | { readonly type: 'prompt'; readonly bytes: Uint8Array }
  /** The tagged response: the command in progress has ended. */
  | { readonly type: 'completion'; readonly bytes: Uint8Array }
