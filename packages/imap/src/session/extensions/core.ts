/** What every IMAP server has (RFC 3501): always there, made like every other extension. */

import { capability, logout, noop } from '../commands/any-state.js'
import { append } from '../commands/append.js'
import { authenticate } from '../commands/authenticate.js'
import { copy, uidCopy } from '../commands/copy.js'
import { expunge } from '../commands/expunge.js'
import { fetch, uidFetch } from '../commands/fetch.js'
import { list, lsub } from '../commands/list.js'
import { login } from '../commands/login.js'
import { create, deleteMailbox, rename, subscribe, unsubscribe } from '../commands/mailbox.js'
import { search, uidSearch } from '../commands/search.js'
import { check, close, examine, select } from '../commands/select.js'
import { startTls } from '../commands/starttls.js'
import { coreStatusItems, status } from '../commands/status.js'
import { store, uidStore } from '../commands/store.js'
import type { Command, ImapExtension } from '../extension.js'
import { coreFetchItems } from '../fetch/items.js'
import { coreSearchKeys } from '../search/keys.js'

/** The base protocol. */
export const core: ImapExtension = {
  name: 'IMAP4rev1',
  commands: [
    capability,
    noop,
    logout,
    startTls,
    login,
    authenticate,
    select,
    examine,
    close,
    check,
    list,
    lsub,
    create,
    deleteMailbox,
    rename,
    subscribe,
    unsubscribe,
    status,
    append,
    fetch,
    uidFetch,
    store,
    uidStore,
    copy,
    uidCopy,
    expunge,
    search,
    uidSearch,
  ] as readonly Command[],
  fetchItems: coreFetchItems,
  searchKeys: coreSearchKeys,
  statusItems: coreStatusItems,
}
