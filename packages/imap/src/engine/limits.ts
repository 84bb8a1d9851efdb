/** Everything that a client can make grow, with its bound. Sizes in octets, times in ms. */
export interface ImapLimits {
  /** A command's text before login, without literals. Default: 8,192. */
  readonly loginLine: number
  /** A command's text after login, without literals. Default: 65,536. */
  readonly line: number
  /** Literals of one command before login. Default: 4. */
  readonly loginLiterals: number
  /** Literals of one command after login. Default: 100. */
  readonly literals: number
  /** One literal before login. Default: 8,192. */
  readonly loginLiteral: number
  /** One literal after login that is not a message. Default: 262,144. */
  readonly literal: number
  /** All literals of one command together, messages not counted. Default: 1,048,576. */
  readonly literalTotal: number
  /** A non-synchronising literal that is no message; `literal` when LITERAL+ is offered (RFC 7888 §4). Default: 262,144. */
  readonly nonSyncLiteral: number
  /** A message to APPEND. Default: 67,108,864. */
  readonly message: number
  /** Octets of a refused line or literal that are read and thrown away; behind it the connection ends. Default: 134,217,728. */
  readonly skipped: number
  /** The same before login. Default: 65,536. */
  readonly loginSkipped: number
  /** A line of an authentication exchange. Default: 16,384. */
  readonly responseLine: number
  /** Parentheses within each other before login (ID has one). Default: 1. */
  readonly loginDepth: number
  /** Parentheses within each other after login. Default: 50. */
  readonly depth: number
  /** Members of all lists and sets of one command after login. Default: 10,000. */
  readonly items: number
  /** The same before login. Default: 100. */
  readonly loginItems: number
  /** Commands that are answered BAD before the connection ends. Default: 50. */
  readonly badCommands: number
  /** The same before login. Default: 5. */
  readonly loginBadCommands: number
  /** Failed logins before the connection is closed. Default: 3. */
  readonly authFailures: number
  /** ms that the answer to a failed login waits, times the failures on this connection. Default: 1,000. */
  readonly authFailureDelay: number
  /** ms from the connection to the login. Default: 180,000. */
  readonly loginTime: number
  /** ms after login from the first octet of a command to its last. Default: 300,000. */
  readonly commandTime: number
  /** Octets per second that a message to APPEND comes in at least, beside `commandTime`. Default: 4,096. */
  readonly uploadRate: number
  /** ms without a word from the client after login (RFC 9051 §5.4: at least 30 minutes). Default: 1,860,000. */
  readonly idle: number
  /** ms between looks at the mailbox in IDLE when the store cannot watch. Default: 5,000. */
  readonly poll: number
  /** Search keys of one program, groups counted too. Default: 1,000. */
  readonly searchKeys: number
  /** Search keys within each other (NOT, OR, FUZZY, parentheses). Default: 100. */
  readonly searchDepth: number
  /** Characters of one text to search for. Default: 4,096. */
  readonly searchText: number
  /** Messages whose octets one command opens to search in them. Default: 1,000,000. */
  readonly searchOpened: number
  /** Octets of messages that one command reads to search in them. Default: 4,294,967,296. */
  readonly searchOctets: number
  /** Mailboxes that one ESEARCH looks into. Default: 1,000. */
  readonly searchMailboxes: number
  /** Criteria of one SORT. Default: 20. */
  readonly sortCriteria: number
  /**
   * Keys that messages are sorted and threaded by, kept in memory for the next SORT or THREAD of any session: about 100
   * octets each. Default: 300,000.
   */
  readonly cachedKeys: number
  /** Mailboxes of which the server remembers what is \Recent (RFC 3501), about 100 octets each. Default: 100,000. */
  readonly recentMailboxes: number
  /** Searches of a session that are kept up to date (RFC 5267 §4.3.1). Default: 10. */
  readonly updatingSearches: number
  /** Mailboxes that NOTIFY watches at most. Default: 10,000. */
  readonly notifyMailboxes: number
  /** ms between two reports of progress on a long command (RFC 9585). Default: 10,000. */
  readonly progress: number
  /** Output in memory before it is handed to the connection. Default: 65,536. */
  readonly outputBatch: number
}

/** The defaults of `ImapLimits`. */
export const DEFAULT_LIMITS: ImapLimits = Object.freeze({
  loginLine: 8_192,
  line: 65_536,
  loginLiterals: 4,
  literals: 100,
  loginLiteral: 8_192,
  literal: 262_144,
  literalTotal: 1_048_576,
  nonSyncLiteral: 262_144,
  message: 67_108_864,
  skipped: 134_217_728,
  loginSkipped: 65_536,
  responseLine: 16_384,
  loginDepth: 1,
  depth: 50,
  items: 10_000,
  loginItems: 100,
  badCommands: 50,
  loginBadCommands: 5,
  authFailures: 3,
  authFailureDelay: 1_000,
  loginTime: 180_000,
  commandTime: 300_000,
  uploadRate: 4_096,
  idle: 1_860_000,
  poll: 5_000,
  searchKeys: 1_000,
  searchDepth: 100,
  searchText: 4_096,
  searchOpened: 1_000_000,
  searchOctets: 4_294_967_296,
  searchMailboxes: 1_000,
  sortCriteria: 20,
  cachedKeys: 300_000,
  recentMailboxes: 100_000,
  updatingSearches: 10,
  notifyMailboxes: 10_000,
  progress: 10_000,
  outputBatch: 65_536,
})
