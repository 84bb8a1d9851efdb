/** One mail transaction: from MAIL to the end of the message (RFC 5321 §3.3). */
import type { Mailbox } from '../syntax/address.js'
import { type Annotated, Notes } from './annotations.js'

/** What MAIL and its extensions said. */
export interface Transaction extends Annotated {
  /** Unique; the log, the Received field and the reply name it. */
  readonly id: string
  /** `null` for `<>`. A handler that `rewrites` may put another in its place. */
  reversePath: Mailbox | null
  /** The recipients that were accepted, in order. */
  readonly recipients: readonly Recipient[]
  /** BODY (RFC 6152, RFC 3030). Default: `7BIT`. */
  body: '7BIT' | '8BITMIME' | 'BINARYMIME'
  /** SIZE: octets that the client expects to send (RFC 1870), or `null`. */
  size: number | null
  /** SMTPUTF8 (RFC 6531). */
  smtputf8: boolean
  /**
   * Adds a recipient that the client has not named, at the end of `recipients`; at the `message` stage of a handler that
   * `rewrites`. The handlers behind it see no difference, and reply for it too. The client hears of it only where it does not
   * get the message: with the reply of the first recipient.
   */
  addRecipient(mailbox: Mailbox): Recipient
}

/** One recipient. While the `rcpt` stage runs it is a candidate and not in `transaction.recipients` yet. */
export interface Recipient extends Annotated {
  readonly mailbox: Mailbox
  /** `mailbox.address`. */
  readonly address: string
  /**
   * Where its mail goes: the mailbox itself, until aliases or subaddressing put others in its place. None: its mail is
   * accepted and goes nowhere.
   */
  targets: readonly Mailbox[]
  /** The accounts of the targets, when a handler looked them up. */
  accounts: readonly string[] | null
}

export class TransactionState extends Notes implements Transaction {
  reversePath: Mailbox | null
  readonly recipients: Recipient[] = []
  body: '7BIT' | '8BITMIME' | 'BINARYMIME' = '7BIT'
  size: number | null = null
  smtputf8 = false
  readonly #makeId: (now: number) => string
  readonly #clock: { now(): number }
  #id: string | null = null

  constructor(reversePath: Mailbox | null, makeId: (now: number) => string, clock: { now(): number }) {
    super()
    this.reversePath = reversePath
    this.#makeId = makeId
    this.#clock = clock
  }

  get id(): string {
    return (this.#id ??= this.#makeId(this.#clock.now()))
  }

  addRecipient(mailbox: Mailbox): Recipient {
    const recipient = new RecipientState(mailbox)
    this.recipients.push(recipient)
    return recipient
  }
}

export class RecipientState extends Notes implements Recipient {
  readonly mailbox: Mailbox
  targets: readonly Mailbox[]
  accounts: readonly string[] | null = null

  constructor(mailbox: Mailbox) {
    super()
    this.mailbox = mailbox
    this.targets = [mailbox]
  }

  get address(): string {
    return this.mailbox.address
  }
}
