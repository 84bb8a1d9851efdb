/** Who sees an account: its owner, or a principal with the rights that access lists give it (RFC 4314 §2.1). */
import { StoreError } from '../errors.js'
import { isVisible, rightsOf } from '../rights.js'
import type { MailboxId, Principal } from '../types.js'
import { type AccountState, mailboxOf } from './account.js'
import type { Mailbox } from './mailbox.js'

/** One principal's way to see an account. */
export interface Viewer {
  readonly as: Principal
  /** The name under which it has flags, subscriptions and annotations of its own; `null` for the owner. */
  readonly guest: string | null
  /** Flag bits that it keeps for itself. */
  readonly privateFlags: number
}

export function viewerOf(state: AccountState, as: Principal, privateFlags: number): Viewer {
  const isOwner = as.principal === state.name
  return { as, guest: isOwner ? null : as.principal, privateFlags: isOwner ? 0 : privateFlags }
}

/** The viewer's rights in a mailbox; `undefined`: all, it is the owner. */
export function rightsIn(viewer: Viewer, mailbox: Mailbox): string | undefined {
  return viewer.guest === null ? undefined : rightsOf(aclOf(mailbox), viewer.as)
}

export function* aclOf({ acl }: Mailbox): Generator<{ identifier: string; rights: string }, void, undefined> {
  for (const [identifier, rights] of acl) yield { identifier, rights }
}

/** Is there anything in the account that the principal may see? */
export function seesAnything(state: AccountState, as: Principal): boolean {
  for (const mailbox of state.mailboxes.values()) if (isVisible(rightsOf(aclOf(mailbox), as))) return true
  return false
}

/** A mailbox that may be read. @throws StoreError `nonexistent`, `noperm` */
export function readable(state: AccountState, viewer: Viewer, id: MailboxId): Mailbox {
  const mailbox = mailboxOf(state, id)
  const rights = rightsIn(viewer, mailbox)
  if (!isVisible(rights)) throw new StoreError('nonexistent', 'no such mailbox')
  if (rights !== undefined && !rights.includes('r')) throw new StoreError('noperm', 'the right "r" is missing')
  return mailbox
}
