/** What LIST can select and return: RFC 5258, RFC 5819, RFC 6154. */

import { no, Refusal } from '../../syntax/status.js'
import { addAttribute } from '../commands/list.js'
import { parseStatusItems, writeStatus } from '../commands/status.js'
import type { CreateParameter, ImapExtension, ListEntry, StatusItem } from '../extension.js'
import { has } from '../mailboxes.js'

function markSubscribed(entry: ListEntry): void {
  if (entry.subscribed) addAttribute(entry, '\\Subscribed')
}

/** RFC 5258 */
export const listExtended: ImapExtension = {
  name: 'LIST-EXTENDED',
  capabilities: ['LIST-EXTENDED'],
  listSelections: [
    { name: 'SUBSCRIBED', matches: (entry) => entry.subscribed, decorate: markSubscribed },
    // There are no mailboxes on other servers here.
    { name: 'REMOTE', modifier: true, matches: () => true },
    { name: 'RECURSIVEMATCH', modifier: true, matches: () => true },
  ],
  listReturns: [
    { name: 'SUBSCRIBED', decorate: markSubscribed },
    // Every LIST tells of children.
    { name: 'CHILDREN' },
  ],
}

/** RFC 5819 */
export const listStatus: ImapExtension = {
  name: 'LIST-STATUS',
  capabilities: ['LIST-STATUS'],
  requires: ['LIST-EXTENDED'],
  listReturns: [
    {
      name: 'STATUS',
      parse(cursor, session) {
        cursor.space()
        return parseStatusItems(cursor, session)
      },
      decorate(entry) {
        // RFC 5819 §2: a mailbox that can be seen and not opened has no STATUS, and says why.
        if (entry.mailbox && !has(entry.mailbox, 'r')) addAttribute(entry, '\\Noselect')
      },
      after(_out, { mailbox }, items, session) {
        // RFC 5819 §2: no STATUS where STATUS would be refused.
        if (!mailbox || mailbox.noSelect || !has(mailbox, 'r')) return
        return writeStatus(session, mailbox, items as readonly StatusItem[])
      },
    },
  ],
}

/** The attributes of RFC 6154 §2 and RFC 8457, by the roles of mailboxes. */
export const ROLES: ReadonlyMap<string, string> = new Map([
  ['all', '\\All'],
  ['archive', '\\Archive'],
  ['drafts', '\\Drafts'],
  ['flagged', '\\Flagged'],
  ['important', '\\Important'],
  ['junk', '\\Junk'],
  ['sent', '\\Sent'],
  ['trash', '\\Trash'],
])

function attributeOf({ mailbox }: ListEntry): string | undefined {
  return mailbox?.role === undefined ? undefined : ROLES.get(mailbox.role)
}

/** RFC 6154: told with every LIST. */
export const specialUse: ImapExtension = {
  name: 'SPECIAL-USE',
  capabilities: ['SPECIAL-USE'],
  listSelections: [{ name: 'SPECIAL-USE', matches: (entry) => attributeOf(entry) !== undefined }],
  listReturns: [{ name: 'SPECIAL-USE' }],
  listAttributes(entry) {
    const attribute = attributeOf(entry)
    return attribute ? [attribute] : []
  },
}

const use: CreateParameter = {
  name: 'USE',
  parse(cursor) {
    let role: string | undefined
    cursor.space()
    cursor.list(() => {
      cursor.expect('\\')
      const name = cursor.atom('Special use').toLowerCase()
      // RFC 6154 §3: one this server has no mailbox for.
      if (role !== undefined || !ROLES.has(name)) throw new Refusal(no('Not possible as a special use', 'USEATTR'))
      role = name
    })
    return role === undefined ? {} : { role }
  },
}

/** CREATE-SPECIAL-USE (RFC 6154). */
export const createSpecialUse: ImapExtension = {
  name: 'CREATE-SPECIAL-USE',
  capabilities: ['CREATE-SPECIAL-USE'],
  requires: ['SPECIAL-USE'],
  available: (account) => account.commit !== undefined,
  createParameters: [use],
}
