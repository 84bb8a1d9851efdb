/** A message as search keys see it. */
import type { MailboxInfo, MessageRow } from '@posthouse/store-api'
import { type FetchedMessage, RowMessage } from '../fetch/message.js'
import type { ImapSession } from '../session.js'
import type { Work } from './work.js'

/** A message as keys of SEARCH and SORT look at it. */
export interface SearchedMessage extends FetchedMessage {
  /** Its number in the view that is searched. */
  readonly sequence: number
  /** Where it is. */
  readonly mailbox: Pick<MailboxInfo, 'id' | 'uidValidity'>
  /** To be called, and awaited where it gives a promise, between the pieces of a long look: others have their turn. */
  pause(): void | Promise<void>
}

/** A message of a search: what is read of it counts. */
export class SearchMessage extends RowMessage implements SearchedMessage {
  readonly #work: Work
  #opened = false

  constructor(
    session: ImapSession,
    row: MessageRow,
    readonly sequence: number,
    readonly mailbox: SearchedMessage['mailbox'],
    work: Work,
  ) {
    super(session, row)
    this.#work = work
  }

  override pieces(start: number, end: number, reuse?: boolean): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
    this.#work.open(end - start, !this.#opened)
    this.#opened = true
    return super.pieces(start, end, reuse)
  }

  pause(): void | Promise<void> {
    return this.#work.pause()
  }
}
