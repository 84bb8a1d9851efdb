/** What the checks of one message may take. */
export interface MailAuthLimits {
  /** Octets of a header; a message with more is refused. Default: 1 MiB. */
  readonly header: number
  /** Lines of a header; a message with more is refused. Default: 5,000. */
  readonly headerLines: number
  /** Signatures that are looked at: those on top. Default: 10. */
  readonly signatures: number
  /**
   * DNS queries for each of SPF, DKIM, DMARC and ARC. Default: 60; SPF may take 10 with more behind each, DMARC 9 for
   * the From domain and some for each signature of a related one.
   */
  readonly dnsQueries: number
  /** ms that the checks may take behind the end of the message. Default: 30,000. */
  readonly time: number
}

/** The defaults of `MailAuthLimits`. */
export const DEFAULT_LIMITS: MailAuthLimits = Object.freeze({
  header: 1 << 20,
  headerLines: 5000,
  signatures: 10,
  dnsQueries: 60,
  time: 30_000,
})
