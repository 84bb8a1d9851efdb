/** INPROGRESS (RFC 9585): long commands tell how far they are. They look whether this one is plugged in. */
import type { ImapExtension } from '../extension.js'

/** INPROGRESS (RFC 9585). */
export const inProgress: ImapExtension = { name: 'INPROGRESS', capabilities: ['INPROGRESS'] }
