/** What an IMAP server of this package can do when nothing is left out. */
import type { ImapExtension } from '../extension.js'
import {
  children,
  enableExtension,
  idExtension,
  idleExtension,
  literalPlus,
  moveExtension,
  multiAppend,
  namespaceExtension,
  saslIr,
  uidPlus,
  unselectExtension,
} from './basic.js'

export * from './basic.js'
export { core } from './core.js'

/** All extensions of the package, in the order in which CAPABILITY tells them. */
export const standardExtensions: readonly ImapExtension[] = [
  saslIr,
  literalPlus,
  idExtension,
  enableExtension,
  idleExtension,
  namespaceExtension,
  children,
  unselectExtension,
  uidPlus,
  moveExtension,
  multiAppend,
]
