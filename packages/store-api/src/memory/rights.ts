/** Who may do what (RFC 4314 §2.1). The owner may do everything; what a principal cannot see does not exist for it. */
import { StoreError } from '../errors.js'
import { Flag, type FlagsOp } from '../types.js'
import type { AccountState, Grant } from './account.js'

/** What the principal was given, or `undefined` for the owner. @throws StoreError `nonexistent` for strangers */
export function grantOf(state: AccountState, principal: string): Grant | undefined {
  if (principal === state.name) return undefined
  const grant = state.grants.get(principal)
  if (!grant) throw new StoreError('nonexistent', 'no such account')
  return grant
}

/** @throws StoreError `noperm` when one of the letters is missing, `nonexistent` when the mailbox cannot even be seen */
export function requireRights(state: AccountState, principal: string, letters: string): void {
  const grant = grantOf(state, principal)
  if (!grant) return
  if (!grant.rights.includes('l') && !grant.rights.includes('r')) throw new StoreError('nonexistent', 'no such mailbox')
  for (const letter of letters) {
    if (!grant.rights.includes(letter)) throw new StoreError('noperm', `the right "${letter}" is missing`)
  }
}

/** `s` for \Seen, `t` for \Deleted, `w` for all others (RFC 4314 §4). */
export function rightsForFlags({ flags, keywords = [], mode }: FlagsOp): string {
  if (mode === 'set') return 'swt'
  const others = (flags & ~(Flag.Seen | Flag.Deleted)) !== 0 || keywords.length > 0
  return (flags & Flag.Seen ? 's' : '') + (flags & Flag.Deleted ? 't' : '') + (others ? 'w' : '')
}
