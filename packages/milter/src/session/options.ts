import type { ReceivedMessage, Reply, SmtpSession } from '@posthouse/smtp'
import type { MaybePromise } from '@posthouse/wire'
import type { MilterAction } from '../syntax/index.js'
import type { WhenDown } from './answers.js'
import type { MilterLimits } from './limits.js'
import type { ConnectMilter } from './link.js'
import type { MacroSource } from './macros.js'

/** Decides what becomes of a message that a milter wants held. Nothing: the next handlers get it. */
export type Quarantine = (
  message: ReceivedMessage,
  reason: string,
  session: SmtpSession,
) => MaybePromise<Reply | undefined | void>

/** What `milter` takes. */
export interface MilterHandlerOptions {
  /** Opens a connection: `milterAt('inet:11332@127.0.0.1')` of `@posthouse/milter/node`, or your own. */
  readonly connect: ConnectMilter
  /** For the log. Default: `milter`. */
  readonly name?: string
  /** What becomes of a message when the milter cannot be used. Default: `tempfail`. */
  readonly whenDown?: WhenDown
  /** The changes that it may ask for; others are not made. Default: all of them. */
  readonly actions?: readonly MilterAction[]
  /**
   * A message that it wants held: `reject` refuses it; `note` hands it on with the note `quarantined`, for example for
   * `deliverTo` to put it into another mailbox; a function does anything else. Default: `reject`.
   */
  readonly quarantine?: 'reject' | 'note' | Quarantine
  /** Values for macros that the server has no value for, or in place of its own. */
  readonly macro?: MacroSource
  /** Sessions that the milter need not see, such as those of users who have logged in. Asked at MAIL. Default: none. */
  readonly exempt?: (session: SmtpSession) => boolean
  readonly limits?: Partial<MilterLimits>
}
