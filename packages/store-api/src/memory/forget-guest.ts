import { linesOf } from '../rights.js'
import type { AccountState } from './account.js'

/**
 * What the owner of a removed account had in the account of somebody else: rights, flags, annotations, subscriptions. The
 * name is free at once, so it must not lead there any more.
 */
export function forgetGuest({ mailboxes, meta, subscriptions }: AccountState, name: string): void {
  // Not a name of one account (RFC 4314 §3).
  if (name === 'anyone') return
  for (const { acl, personal } of mailboxes.values()) {
    for (const identifier of linesOf(name)) acl.delete(identifier)
    personal.delete(name)
  }
  for (const values of [meta, subscriptions])
    for (const [key, { principal }] of values) if (principal === name) values.delete(key)
}
