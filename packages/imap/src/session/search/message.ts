/** A message as search keys see it. */
import type { FetchedMessage } from '../fetch/message.js'

export interface SearchedMessage extends FetchedMessage {
  /** Its number in the session's view. */
  readonly sequence: number
}
