/** What an IMAP server of this package can do when nothing is left out. */
import type { ImapExtension } from '../extension.js'
import { acl, listMyRights } from './acl.js'
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
import { contextSearch, contextSort } from './context.js'
import { esearch, searchRes } from './esearch.js'
import { searchFuzzy } from './fuzzy.js'
import { inProgress } from './in-progress.js'
import { appendLimit, objectIds, preview, saveDate, statusSize, within } from './items.js'
import { createSpecialUse, listExtended, listStatus, specialUse } from './list.js'
import { listMetadata, metadata } from './metadata.js'
import { multiSearch } from './multi-search.js'
import { notify } from './notify.js'
import { partial, partialSave } from './partial.js'
import { qresync } from './qresync.js'
import { quota } from './quota.js'
import { replace } from './replace.js'
import { esort, i18nLevel1, sort, sortDisplay } from './sort.js'
import { threadOrderedSubject, threadReferences, threadRefs } from './thread.js'
import { uidBatches } from './uid-batches.js'
import { uidOnly } from './uid-only.js'
import { imap4rev2, utf8Accept } from './unicode.js'

export { acl, listMyRights } from './acl.js'
export * from './basic.js'
export { binary } from './binary.js'
export { condstore } from './condstore.js'
export { compress, literalMinus, unauthenticate } from './connection.js'
export { contextSearch, contextSort } from './context.js'
export { core } from './core.js'
export { esearch, searchRes } from './esearch.js'
export { searchFuzzy } from './fuzzy.js'
export { inProgress } from './in-progress.js'
export { appendLimit, objectIds, preview, saveDate, statusSize, within } from './items.js'
export { createSpecialUse, listExtended, listStatus, specialUse } from './list.js'
export { messageLimit, saveLimit } from './message-limit.js'
export { listMetadata, metadata, metadataServer } from './metadata.js'
export { multiSearch } from './multi-search.js'
export { notify } from './notify.js'
export { partial, partialSave } from './partial.js'
export { qresync } from './qresync.js'
export { type QuotaLimits, quota, quotaSet } from './quota.js'
export { replace } from './replace.js'
export { esort, i18nLevel1, sort, sortDisplay } from './sort.js'
export { threadExtension, threadOrderedSubject, threadReferences, threadRefs } from './thread.js'
export { uidBatches } from './uid-batches.js'
export { uidOnly } from './uid-only.js'
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
  sort,
  esort,
  sortDisplay,
  threadOrderedSubject,
  threadReferences,
  threadRefs,
  i18nLevel1,
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
  acl,
  listMyRights,
  quota,
  metadata,
  listMetadata,
  partial,
  partialSave,
  contextSearch,
  contextSort,
  multiSearch,
  searchFuzzy,
  inProgress,
  notify,
  uidOnly,
  uidBatches,
  unauthenticate,
]
