/** MULTISEARCH (RFC 7377) */
import { multiSearch as command } from '../commands/multi-search.js'
import type { Command, ImapExtension } from '../extension.js'

/** MULTISEARCH (RFC 7377). */
export const multiSearch: ImapExtension = {
  name: 'MULTISEARCH',
  capabilities: ['MULTISEARCH'],
  requires: ['ESEARCH'],
  commands: [command as Command],
}
