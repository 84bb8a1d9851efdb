import { withLimits } from '@posthouse/wire'

/** Everything that can grow or last in a client, in one place. Octets, milliseconds or a count. */
export interface SmtpClientLimits {
  /** ms until the server greets (RFC 5321 §4.5.3.2.1). Default: 300,000. */
  readonly greeting: number
  /** ms for the reply to MAIL, and to commands that have no limit of their own (§4.5.3.2.2). Default: 300,000. */
  readonly command: number
  /** ms for the reply to RCPT (§4.5.3.2.3): lists may be expanded. Default: 300,000. */
  readonly recipient: number
  /** ms for the reply to DATA (§4.5.3.2.4). Default: 120,000. */
  readonly dataStart: number
  /** ms that a piece of the message may take to leave (§4.5.3.2.5). Default: 180,000. */
  readonly dataBlock: number
  /** ms for the reply to the complete message (§4.5.3.2.6): too short a wait delivers twice. Default: 600,000. */
  readonly dataEnd: number
  /** ms for the reply to QUIT. Default: 5,000. */
  readonly quit: number
  /** Octets of one line of a reply; RFC 5321 §4.5.3.1.5 has 512, EHLO says more. Default: 8,192. */
  readonly replyLine: number
  /** Lines of one reply. Default: 256. */
  readonly replyLines: number
  /** Octets that the server may have said while we were writing. Default: 1 MiB. */
  readonly unread: number
  /** Commands that wait for their replies at a time, with PIPELINING. Default: 100. */
  readonly pipeline: number
  /** Octets of a chunk (BDAT). Default: 1 MiB. */
  readonly chunk: number
  /** Chunks that wait for their replies at a time. Default: 4. */
  readonly chunksAhead: number
  /** A message of at most so many octets leaves with MAIL and RCPT, before they are answered (BDAT). Default: 65,536. */
  readonly eagerMessage: number
  /** Octets of a message without a known content that are looked at before MAIL. Default: 65,536. */
  readonly lookAhead: number
  /** Octets of a message that is kept in memory to be converted for a server that lacks an extension. Default: 64 MiB. */
  readonly conversion: number
}

/** See `SmtpClientLimits`. */
export const DEFAULT_CLIENT_LIMITS: SmtpClientLimits = Object.freeze({
  greeting: 300_000,
  command: 300_000,
  recipient: 300_000,
  dataStart: 120_000,
  dataBlock: 180_000,
  dataEnd: 600_000,
  quit: 5_000,
  replyLine: 8_192,
  replyLines: 256,
  unread: 1 << 20,
  pipeline: 100,
  chunk: 1 << 20,
  chunksAhead: 4,
  eagerMessage: 65_536,
  lookAhead: 65_536,
  conversion: 64 * 1024 * 1024,
})

/**
 * The defaults with what the caller wants otherwise.
 * @throws TypeError for a limit that there is not or that is no number; RangeError for one below 0, and when there would
 * be no room for a single command or octet: that would wait for ever.
 */
export function clientLimits(wanted: Partial<SmtpClientLimits> | undefined): SmtpClientLimits {
  return withLimits(DEFAULT_CLIENT_LIMITS, wanted, ['pipeline', 'chunk'])
}
