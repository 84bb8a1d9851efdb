/** `/private/specialuse` (RFC 6154 §4): the special use that LIST tells of, as an annotation that can be set. */
import type { MailboxInfo, Op } from '@posthouse/store-api'
import { fromUtf8, latin1 } from '@posthouse/wire'
import { no, Refusal } from '../../syntax/status.js'
import { forbidden, mailboxes } from '../mailboxes.js'
import type { ImapSession } from '../session.js'
import { ROLES } from './list.js'

export const SPECIAL_USE_ENTRY = '/private/specialuse'

/** Is the entry of a mailbox tied to special uses, rather than kept as it came? */
export function isSpecialUse({ parts }: ImapSession, entry: string): boolean {
  return entry === SPECIAL_USE_ENTRY && parts.names.has('SPECIAL-USE')
}

/** `\Drafts` */
export function specialUseOf({ role }: MailboxInfo): Uint8Array | null {
  const attribute = role === undefined ? undefined : ROLES.get(role)
  return attribute === undefined ? null : fromUtf8(attribute)
}

/**
 * Gives a mailbox a use, which another one may lose, or takes it away.
 * @throws Refusal for what CREATE would refuse, and for mailboxes of others
 */
export async function specialUseOps(
  session: ImapSession,
  mailbox: MailboxInfo,
  value: Uint8Array | null,
): Promise<readonly Op[]> {
  if (mailbox.owner !== undefined) throw forbidden(mailbox)
  if (value === null) return [{ op: 'mailbox', id: mailbox.id, role: null }]
  const wanted = latin1(value).toLowerCase()
  const role = [...ROLES.keys()].find((one) => `\\${one}` === wanted)
  if (role === undefined) throw new Refusal(no('Not possible as a special use', 'USEATTR'))
  const holder = (await mailboxes(session)).find((one) => one.role === role && !one.owner && one.id !== mailbox.id)
  const ops: Op[] = holder ? [{ op: 'mailbox', id: holder.id, role: null }] : []
  return [...ops, { op: 'mailbox', id: mailbox.id, role }]
}
