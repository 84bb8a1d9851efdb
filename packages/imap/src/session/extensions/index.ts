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
import { binary } from './binary.js'
import { condstore } from './condstore.js'
import { compress, unauthenticate } from './connection.js'
import { esearch, searchRes } from './esearch.js'
import { appendLimit, objectIds, preview, saveDate, statusSize, within } from './items.js'
import { createSpecialUse, listExtended, listStatus, specialUse } from './list.js'
import { listMetadata, metadata } from './metadata.js'
import { partial, partialSave } from './partial.js'
import { qresync } from './qresync.js'
import { quota } from './quota.js'
import { replace } from './replace.js'
import { imap4rev2, utf8Accept } from './unicode.js'

export * from './basic.js'
export { binary } from './binary.js'
export { condstore } from './condstore.js'
export { compress, literalMinus, unauthenticate } from './connection.js'
export { core } from './core.js'
export { esearch, searchRes } from './esearch.js'
export { appendLimit, objectIds, preview, saveDate, statusSize, within } from './items.js'
export { createSpecialUse, listExtended, listStatus, specialUse } from './list.js'
export { listMetadata, metadata } from './metadata.js'
export { partial, partialSave } from './partial.js'
export { qresync } from './qresync.js'
export { quota } from './quota.js'
export { replace } from './replace.js'
export { imap4rev2, utf8Accept } from './unicode.js'

/** All extensions of the package, in the order in which CAPABILITY tells them. */
export const standardExtensions: readonly ImapExtension[] = [
  imap4rev2,
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
  condstore,
  qresync,
  esearch,
  searchRes,
  within,
  listExtended,
  listStatus,
  specialUse,
  createSpecialUse,
  statusSize,
  binary,
  multiAppend,
  replace,
  appendLimit,
  compress,
  utf8Accept,
  saveDate,
  preview,
  objectIds,
  quota,
  metadata,
  listMetadata,
  partial,
  partialSave,
  unauthenticate,
]
