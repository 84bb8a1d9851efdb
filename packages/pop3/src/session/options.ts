/** Which messages a session shows. */
export interface MaildropOptions {
  /** Leaves out messages that were seen. Default: false. */
  readonly hideSeen?: boolean
  /** Gives number 1 to the newest message in place of the oldest. Default: false. */
  readonly newestFirst?: boolean
  /** Shows so many of the newest messages at most. Default: no limit. */
  readonly maxMessages?: number
}
