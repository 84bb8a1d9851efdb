/** What a milter may take: times in ms, sizes in octets. */
export interface MilterLimits {
  /** ms until a connection stands and is negotiated. Default: 30,000. */
  readonly connect: number
  /** ms that a milter may be silent at any step but the end of a message. Default: 30,000. */
  readonly command: number
  /** ms that it may be silent at the end of a message; its progress packets start the time anew. Default: 300,000. */
  readonly endOfMessage: number
  /** ms that the answer to one command may take in all, however often it says something. Default: 600,000. */
  readonly message: number
  /** ms after which a connection that waits for its next session is closed instead of used. Default: 60,000. */
  readonly idle: number
  /** Connections that wait for their next session; 0 opens one for each. Default: 8. */
  readonly idleConnections: number
  /** Octets of a packet from the milter. Default: 1 MiB. */
  readonly packet: number
  /** Octets of a message's header; a message with more is refused. Default: 1 MiB. */
  readonly header: number
  /** Octets of one header field that the milter is shown: what libmilter takes. Default: 65,000. */
  readonly field: number
  /** Changes of one message. Default: 2,000. */
  readonly modifications: number
  /** Octets of fields that are added to one message. Default: 1 MiB. */
  readonly addedHeader: number
  /** Octets of a body in place of the old one, its lines ended with CRLF. Default: 64 MiB. */
  readonly newBody: number
}

/** The defaults of `MilterLimits`. */
export const DEFAULT_LIMITS: MilterLimits = Object.freeze({
  connect: 30_000,
  command: 30_000,
  endOfMessage: 300_000,
  message: 600_000,
  idle: 60_000,
  idleConnections: 8,
  packet: 1 << 20,
  header: 1 << 20,
  field: 65_000,
  modifications: 2_000,
  addedHeader: 1 << 20,
  newBody: 64 * 1024 * 1024,
})
