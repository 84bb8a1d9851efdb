/** Extensions that are one command or one word. */

import { move, uidMove } from '../commands/copy.js'
import { enable } from '../commands/enable.js'
import { uidExpunge } from '../commands/expunge.js'
import { id } from '../commands/id.js'
import { idle } from '../commands/idle.js'
import { namespace } from '../commands/namespace.js'
import { unselect } from '../commands/unselect.js'
import type { Command, ImapExtension } from '../extension.js'

/** RFC 4959: AUTHENTICATE with the response in the same line. The core reads it; the word tells. */
export const saslIr: ImapExtension = { name: 'SASL-IR', capabilities: ['SASL-IR'], beforeLogin: true }

/** RFC 7888: literals without waiting, of any size. */
export const literalPlus: ImapExtension = { name: 'LITERAL+', capabilities: ['LITERAL+'], beforeLogin: true }

/** RFC 2971 */
export const idExtension: ImapExtension = {
  name: 'ID',
  capabilities: ['ID'],
  beforeLogin: true,
  commands: [id as Command],
}

/** RFC 5161 */
export const enableExtension: ImapExtension = {
  name: 'ENABLE',
  capabilities: ['ENABLE'],
  beforeLogin: true,
  commands: [enable as Command],
}

/** RFC 2177. Told before the login, too: Python's imaplib never looks at the capabilities again. */
export const idleExtension: ImapExtension = {
  name: 'IDLE',
  capabilities: ['IDLE'],
  beforeLogin: true,
  commands: [idle as Command],
}

/** RFC 2342 */
export const namespaceExtension: ImapExtension = {
  name: 'NAMESPACE',
  capabilities: ['NAMESPACE'],
  commands: [namespace as Command],
}

/** RFC 3691 */
export const unselectExtension: ImapExtension = {
  name: 'UNSELECT',
  capabilities: ['UNSELECT'],
  commands: [unselect as Command],
}

/** RFC 4315: UID EXPUNGE, APPENDUID and COPYUID. */
export const uidPlus: ImapExtension = { name: 'UIDPLUS', capabilities: ['UIDPLUS'], commands: [uidExpunge as Command] }

/** RFC 6851 */
export const moveExtension: ImapExtension = {
  name: 'MOVE',
  capabilities: ['MOVE'],
  available: (account) => account.commit !== undefined,
  commands: [move, uidMove] as readonly Command[],
}

/** RFC 3348: LIST tells \HasChildren and \HasNoChildren. The core does; the word tells. */
export const children: ImapExtension = { name: 'CHILDREN', capabilities: ['CHILDREN'] }

/** RFC 3502: APPEND of several messages, all or none. The core reads them; the word tells. */
export const multiAppend: ImapExtension = { name: 'MULTIAPPEND', capabilities: ['MULTIAPPEND'] }
