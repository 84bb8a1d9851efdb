/** Everything that can grow in a POP3 connection. Octets, milliseconds or a count. */
export interface Pop3Limits {
  /** Octets of a command line with its CRLF (RFC 2449 §4 asks for 255; passwords and UTF-8 may be longer). Default: 1,024. */
  readonly commandLine: number
  /** Octets of AUTH and of the lines of its exchange (RFC 5034 §4). Default: 12,288. */
  readonly authLine: number
  /** Octets of a line that is too long which are skipped before the connection is closed. Default: 65,536. */
  readonly skippedLine: number
  /** Commands that are no commands before the connection is closed. Default: 20. */
  readonly errors: number
  /** Failed logins before the connection is closed. Default: 3. */
  readonly authFailures: number
  /** ms that the answer to a failed login waits, times the failures on this connection. Default: 1,000. */
  readonly authFailureDelay: number
  /** ms without an octet from the client (RFC 1939 §3 asks for 10 minutes). Default: 600,000. */
  readonly idle: number
  /** ms from the greeting to a login. Default: 120,000. */
  readonly login: number
}

/** The defaults of `Pop3Limits`. */
export const DEFAULT_LIMITS: Pop3Limits = Object.freeze({
  commandLine: 1_024,
  authLine: 12_288,
  skippedLine: 65_536,
  errors: 20,
  authFailures: 3,
  authFailureDelay: 1_000,
  idle: 600_000,
  login: 120_000,
})
