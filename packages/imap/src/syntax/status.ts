/** Status responses (RFC 9051 §7.1): how a command ended. Made by named constructors only. */
import type { StoreCode } from '@posthouse/store-api'

/** The end of a command. */
export interface Status {
  readonly status: 'OK' | 'NO' | 'BAD'
  /** What stands in the brackets, without them. */
  readonly code: string | null
  /** For a person. */
  readonly text: string
}

/** The command did what was asked. */
export const ok = (text: string, code: string | null = null): Status => ({ status: 'OK', code, text })
/** The command was understood and not done. */
export const no = (text: string, code: string | null = null): Status => ({ status: 'NO', code, text })
/** The command broke the protocol's rules. */
export const bad = (text: string, code: string | null = null): Status => ({ status: 'BAD', code, text })

/** A command ends at once with this status: thrown by `run`, answered in one place. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reply: Status

  constructor(reply: Status) {
    super(reply.text)
    this.reply = reply
  }
}

/** RFC 5530 response codes for what a store refuses. One answer for missing and forbidden mailboxes. */
const STORE_REPLIES: { readonly [code in StoreCode]: Status } = {
  nonexistent: no('No such mailbox or message', 'NONEXISTENT'),
  exists: no('It exists already', 'ALREADYEXISTS'),
  overquota: no('The account is full', 'OVERQUOTA'),
  noperm: no('Not allowed', 'NOPERM'),
  toolarge: no('Too large', 'TOOBIG'),
  limit: no('A limit is reached', 'LIMIT'),
  expired: no('It took too long; try again', 'UNAVAILABLE'),
  readonly: no('The mailbox can only be read', 'NOPERM'),
  busy: no('In use; try again', 'INUSE'),
  unavailable: no('Not available now; try again later', 'UNAVAILABLE'),
  invalid: no('Not possible', 'CANNOT'),
}

/** How a store's refusal is told. */
export function storeRefusal(code: StoreCode): Status {
  return STORE_REPLIES[code] ?? STORE_REPLIES.unavailable
}
