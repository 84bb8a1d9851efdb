import { StoreError } from '@posthouse/store-api'
import type { SqliteLimits } from '../limits.js'
import type { Connection } from '../sql/connection.js'
import type { SqlValue } from '../sql/driver.js'
import type { KnownBlob } from './blobs.js'
import type { WriteRequest } from './requests.js'

/**
 * What a group of requests knows while it holds the write lock. Accounts and mailboxes are read once for the whole
 * group, changed in memory, and written once at its end; a request that fails is undone alone, its rows by a
 * savepoint, what is in memory by copies taken before the first change.
 *
 * Savepoints cost: SQLite keeps a copy of every page that changes in one. Requests hardly ever fail once they have written,
 * so a group begins without them; when one does, the group is undone and done again with them.
 */

export interface AccountState {
  readonly id: number
  readonly name: string
  modseq: number
  nextValidity: number
  bytes: number
  messages: number
  bytesLimit: number | null
  messagesLimit: number | null
}

export interface MailboxState {
  readonly id: number
  readonly account: number
  readonly uidValidity: number
  path: string
  uidNext: number
  modseq: number
  total: number
  unseen: number
  deleted: number
  bytes: number
  role: string | null
  noSelect: boolean
  dropped: boolean
}

/** A change that others may be waiting for. */
export interface ChangeNote {
  readonly account: string
  readonly mailbox?: string
  readonly modseq: number
}

/** What a group of requests works with. */
export interface BatchSetup {
  readonly index: Connection
  readonly blobs: Connection
  /** The folder of tails. */
  readonly tails: string
  /** Is there a full-text index? It has to hear what is collected. */
  readonly hasSearch: () => boolean
  readonly limits: SqliteLimits
  /** ms since the epoch. */
  readonly now: number
  /** The octets that a delivery has brought along. */
  readonly broughtBy: (request: WriteRequest) => KnownBlob | undefined
  /** Each request has a savepoint of its own. Without it one that fails after it has written throws `SavepointsWanted`. */
  readonly savepoints: boolean
}

/** A request has failed halfway, and can only be undone with the whole group. */
export class SavepointsWanted extends Error {}

/** The state of one group. */
export interface Batch extends BatchSetup {
  readonly notes: ChangeNote[]
  /** @throws StoreError `nonexistent` */
  accountByName(name: string): AccountState
  /** @throws StoreError `nonexistent`: it was removed */
  accountById(id: number): AccountState
  /** The account and its mailboxes were removed: nothing of them is written back. */
  forget(account: AccountState): void
  mailbox(id: number): MailboxState | undefined
  /** Keywords of a mailbox: spelling by lower case. */
  keywords(mailbox: number): Map<string, string>
  /** Adds a keyword, for good or until the request fails. */
  addKeyword(mailbox: number, fold: string, name: string): void
  /** Takes one away in the same manner. */
  removeKeyword(mailbox: number, fold: string): void
  /** Says that the object is about to change. */
  changing(state: AccountState | MailboxState): void
  adopt(mailbox: MailboxState): void
  nextContent(): number
  /**
   * A row of `blobs.db`. All of a group are read in one snapshot, taken after the write lock of the index: opening one for
   * each costs more than the row.
   */
  blob(id: number): readonly [size: number, lease: number | null, done: number] | undefined
  /** Ends that snapshot: somebody is going to write to `blobs.db`. */
  releaseBlobs(): void
  /** Mailboxes by path that this group has looked up; forgotten when any of them changes its name. */
  readonly paths: Map<string, MailboxState | undefined>
  /** Runs one request so that its failure leaves no trace. */
  attempt<T>(work: () => T): T
  /** Writes what changed. */
  flush(): void
}

/** Begins a group. The caller holds the write lock of the index and commits after `flush`. */
export function createBatch(setup: BatchSetup): Batch {
  const { index, blobs } = setup
  const accounts = new Map<string, AccountState>()
  const mailboxes = new Map<number, MailboxState>()
  const keywords = new Map<number, Map<string, string>>()
  const dirty = new Set<AccountState | MailboxState>()
  const notes: ChangeNote[] = []
  let undo: (() => void)[] = []
  let saved = new Set<AccountState | MailboxState>()
  let contentNext = 0
  let contentFirst = 0
  const paths = new Map<string, MailboxState | undefined>()
  let reading = false

  function releaseBlobs(): void {
    if (reading) blobs.execute('COMMIT')
    reading = false
  }

  function accountByName(name: string): AccountState {
    const known = accounts.get(name)
    if (known) return known
    const row = index.get(
      'SELECT id, modseq, next_validity, bytes, messages, bytes_limit, messages_limit FROM account WHERE name=?',
      name,
    ) as [number, number, number, number, number, number | null, number | null] | undefined
    if (!row) throw new StoreError('nonexistent', 'there is no such account')
    const [id, modseq, nextValidity, bytes, messages, bytesLimit, messagesLimit] = row
    const state = { id, name, modseq, nextValidity, bytes, messages, bytesLimit, messagesLimit }
    accounts.set(name, state)
    return state
  }

  function accountById(id: number): AccountState {
    for (const state of accounts.values()) if (state.id === id) return state
    const name = index.get('SELECT name FROM account WHERE id=? AND removed_at IS NULL', id)?.[0] as string | undefined
    if (name === undefined) throw new StoreError('nonexistent', 'the account was removed')
    return accountByName(name)
  }

  function mailbox(id: number): MailboxState | undefined {
    const known = mailboxes.get(id)
    if (known) return known
    const row = index.get(
      `SELECT account, uidvalidity, path, uidnext, modseq, total, unseen, deleted, bytes, role, noselect, dropped_at
       FROM mailbox WHERE id=?`,
      id,
    )
    if (!row) return undefined
    const n = row as readonly number[]
    const state: MailboxState = {
      id,
      account: n[0],
      uidValidity: n[1],
      path: row[2] as string,
      uidNext: n[3],
      modseq: n[4],
      total: n[5],
      unseen: n[6],
      deleted: n[7],
      bytes: n[8],
      role: row[9] as string | null,
      noSelect: row[10] !== 0,
      dropped: row[11] !== null,
    }
    mailboxes.set(id, state)
    return state
  }

  function keywordsOf(id: number): Map<string, string> {
    let known = keywords.get(id)
    if (!known) {
      known = new Map(index.all('SELECT fold, name FROM keyword WHERE mailbox=?', id) as unknown as [string, string][])
      keywords.set(id, known)
    }
    return known
  }

  return {
    ...setup,
    notes,
    accountByName,
    accountById,
    forget(account) {
      accounts.delete(account.name)
      dirty.delete(account)
      for (const [id, state] of mailboxes) {
        if (state.account !== account.id) continue
        mailboxes.delete(id)
        dirty.delete(state)
      }
    },
    mailbox,
    keywords: keywordsOf,
    addKeyword(id, fold, name) {
      const known = keywordsOf(id)
      index.execute('INSERT INTO keyword(mailbox, fold, name) VALUES(?,?,?)', id, fold, name)
      known.set(fold, name)
      undo.push(() => known.delete(fold))
    },
    removeKeyword(id, fold) {
      const known = keywordsOf(id)
      const name = known.get(fold)
      if (name === undefined) return
      index.execute('DELETE FROM keyword WHERE mailbox=? AND fold=?', id, fold)
      known.delete(fold)
      undo.push(() => known.set(fold, name))
    },
    changing(state) {
      dirty.add(state)
      if (saved.has(state)) return
      saved.add(state)
      const before = { ...state }
      undo.push(() => Object.assign(state, before))
    },
    adopt(state) {
      mailboxes.set(state.id, state)
      dirty.add(state)
      undo.push(() => {
        mailboxes.delete(state.id)
        dirty.delete(state)
      })
    },
    paths,
    releaseBlobs,
    blob(id) {
      if (!reading) blobs.execute('BEGIN')
      reading = true
      const row = blobs.get('SELECT size, lease, done FROM blob WHERE id=?', id)
      return row as readonly [number, number | null, number] | undefined
    },
    nextContent() {
      if (contentNext === 0) {
        contentFirst = index.get("SELECT value FROM counter WHERE name='content'")?.[0] as number
        contentNext = contentFirst
      }
      return contentNext++
    },
    attempt(work) {
      undo = []
      saved = new Set()
      const noted = notes.length
      const { savepoints } = setup
      if (savepoints) index.execute('SAVEPOINT request')
      const written = index.writes()
      try {
        const result = work()
        if (savepoints) index.execute('RELEASE request')
        return result
      } catch (error) {
        if (savepoints) {
          index.execute('ROLLBACK TO request')
          index.execute('RELEASE request')
        } else if (index.writes() > written) throw new SavepointsWanted('a request failed halfway', { cause: error })
        for (const step of undo.reverse()) step()
        paths.clear()
        notes.length = noted
        throw error
      }
    },
    flush() {
      for (const state of dirty) {
        if ('uidNext' in state) flushMailbox(index, state)
        else flushAccount(index, state)
      }
      if (contentNext > contentFirst) index.execute("UPDATE counter SET value=? WHERE name='content'", contentNext)
    },
  }
}

function flushAccount(index: Connection, state: AccountState): void {
  const values: SqlValue[] = [state.modseq, state.nextValidity, state.bytes, state.messages, state.id]
  index.execute('UPDATE account SET modseq=?, next_validity=?, bytes=?, messages=? WHERE id=?', ...values)
}

function flushMailbox(index: Connection, state: MailboxState): void {
  index.execute(
    'UPDATE mailbox SET uidnext=?, modseq=?, total=?, unseen=?, deleted=?, bytes=? WHERE id=?',
    state.uidNext,
    state.modseq,
    state.total,
    state.unseen,
    state.deleted,
    state.bytes,
    state.id,
  )
}
