/** SORT (RFC 5256), ESORT (RFC 5267 §3) and SORT=DISPLAY (RFC 5957). */
import { sort as sortCommand, uidSort } from '../commands/sort.js'
import type { Command, ImapExtension } from '../extension.js'
import { displayCriteria, sortCriteria } from '../sort/criteria.js'

/** SORT (RFC 5256). */
export const sort: ImapExtension = {
  name: 'SORT',
  capabilities: ['SORT'],
  commands: [sortCommand, uidSort] as readonly Command[],
  sortCriteria,
}

/** SORT with RETURN: the command looks whether this one is plugged in. */
export const esort: ImapExtension = { name: 'ESORT', capabilities: ['ESORT'], requires: ['SORT', 'ESEARCH'] }

/** SORT=DISPLAY (RFC 5957). */
export const sortDisplay: ImapExtension = {
  name: 'SORT=DISPLAY',
  capabilities: ['SORT=DISPLAY'],
  requires: ['SORT'],
  sortCriteria: displayCriteria,
}

/** RFC 5255 §4.2: i;unicode-casemap wherever text is compared. All of this package does; the word tells. */
export const i18nLevel1: ImapExtension = { name: 'I18NLEVEL=1', capabilities: ['I18NLEVEL=1'] }
