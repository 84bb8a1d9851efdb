import { type AclEntry, identifiersOf, isVisible, rightsOf } from '@posthouse/store-api'
import type { Guest } from '../viewer.js'
import type { Connection } from './connection.js'

/** The lines of a mailbox's access list, without the owner. */
export function accessList(index: Connection, mailbox: number): AclEntry[] {
  const rows = index.all('SELECT identifier, rights FROM acl WHERE mailbox=? ORDER BY identifier', mailbox)
  return (rows as unknown as [string, string][]).map(([identifier, rights]) => ({ identifier, rights }))
}

/** The rights of a guest in a mailbox. */
export function guestRights(index: Connection, mailbox: number, guest: Guest): string {
  return rightsOf(accessList(index, mailbox), guest)
}

/** Names of the accounts in which a guest sees at least one mailbox. The cost is that of what is shared with it. */
export function accountsShownTo(index: Connection, guest: Guest): string[] {
  const names = new Set<string>()
  for (const identifier of identifiersOf(guest)) {
    const rows = index.all(
      `SELECT a.name, m.id FROM acl x CROSS JOIN mailbox m ON m.id=x.mailbox JOIN account a ON a.id=m.account
       WHERE x.identifier=? AND m.dropped_at IS NULL`,
      identifier,
    ) as unknown as [string, number][]
    for (const [name, mailbox] of rows) {
      if (!names.has(name) && isVisible(guestRights(index, mailbox, guest))) names.add(name)
    }
  }
  return [...names]
}
