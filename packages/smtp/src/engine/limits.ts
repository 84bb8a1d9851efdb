/** Everything that can grow in an SMTP or LMTP connection, in one place. Octets, milliseconds or a count. */
export interface SmtpLimits {
  /** Octets of a command line with its CRLF, AUTH excepted. RFC 5321 asks for 512 and more with extensions. Default: 2,048. */
  readonly commandLine: number
  /** Octets of AUTH and of the lines of its exchange (RFC 4954 §4 asks for 12,288). Default: 12,288. */
  readonly authLine: number
  /** Octets of a line that is too long which are skipped before the connection is closed. Default: 1 MiB. */
  readonly skippedLine: number
  /**
   * Octets of a message; announced by SIZE (RFC 1870). Where a handler needs `octets` (`onMessage` does) and they are kept in
   * memory, `messageInMemory` is the limit, and what is announced, when it is less. Default: 512 MiB.
   */
  readonly messageSize: number
  /** Octets of a refused message that are read and thrown away before the connection is closed. Default: 1 GiB. */
  readonly discardedMessage: number
  /** Octets of a message that are kept in memory for handlers that want all of it. Default: 64 MiB. */
  readonly messageInMemory: number
  /** Recipients of one message (RFC 5321 §4.5.3.1.8 asks for 100). Default: 1,000. */
  readonly recipients: number
  /** Recipients refused with 5yz before the connection is closed: it guesses addresses. Default: 100. */
  readonly refusedRecipients: number
  /**
   * Recipients refused with 4yz since the last message before the connection is closed. Those over `recipients` are among
   * them, and a client may send its whole list to hear which they are (RFC 5321 §4.5.3.1.10). Default: 10,000.
   */
  readonly deferredRecipients: number
  /** Messages over one connection; 0 = any number. Default: 0. */
  readonly transactions: number
  /** Commands that are no commands, or come at the wrong time, before the connection is closed. Default: 20. */
  readonly errors: number
  /** Failed logins before the connection is closed. Default: 3. */
  readonly authFailures: number
  /** ms that the answer to a failed login waits, times the failures on this connection. Default: 1,000. */
  readonly authFailureDelay: number
  /**
   * Commands since the last message, RCPT left out: whoever says NOOP in a circle, or MAIL and RSET, is sent
   * away. Default: 200.
   */
  readonly idleCommands: number
  /**
   * ms that the server waits for an octet of the client (RFC 5321 §4.5.3.2.7 asks for 5 minutes), and that a line of a command
   * may take from its first octet to its end; handlers may take longer than that. Default: 300,000.
   */
  readonly idle: number
  /**
   * ms that handlers may take for one command, or for one piece of a message; 0 = any time. Then nobody hears their answer any
   * more: the client is told `421 4.3.0`, the log who was waited for (`handler.failed`), and the session's `signal` aborts. A
   * message that such a handler takes all the same is in the log, too; its client sends it again. Clients wait 10 minutes at
   * most (RFC 5321 §4.5.3.2.6). Default: 900,000.
   */
  readonly handlers: number
  /** ms from the greeting to the end of the first EHLO or HELO; 0 = any time. Default: 300,000. */
  readonly greeting: number
  /** ms one message may take from DATA or BDAT to its end; 0 = any time. Default: 3,600,000. */
  readonly message: number
}

/** The defaults of `SmtpLimits`. */
export const DEFAULT_LIMITS: SmtpLimits = Object.freeze({
  commandLine: 2_048,
  authLine: 12_288,
  skippedLine: 1 << 20,
  messageSize: 512 * 1024 * 1024,
  discardedMessage: 1024 * 1024 * 1024,
  messageInMemory: 64 * 1024 * 1024,
  recipients: 1_000,
  refusedRecipients: 100,
  deferredRecipients: 10_000,
  transactions: 0,
  errors: 20,
  authFailures: 3,
  authFailureDelay: 1_000,
  idleCommands: 200,
  idle: 300_000,
  handlers: 900_000,
  greeting: 300_000,
  message: 3_600_000,
})
